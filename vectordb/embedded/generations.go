package embedded

import (
	"context"
	"database/sql"
	"strconv"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

// sampled is how many rows of a generation its size is guessed from: adding up all of them would read the whole file.
const sampled = 100

// Generations lists the generations. Their bytes are estimated from some of their images.
func (s *Store) Generations(ctx context.Context) (list []vectordb.Generation, err error) {
	err = s.read(ctx, "list the generations", func(db *sql.DB) error {
		query := `SELECT g.id, g.state, g.name, g.feature, g.scoring,
			(SELECT count(*) FROM features f WHERE f.generation = g.id),
			(SELECT coalesce(avg(bytes), 0) FROM (SELECT length(f.global) + length(f.tags) + length(p.data) AS bytes
				FROM features f JOIN patches p ON p.feature = f.id WHERE f.generation = g.id LIMIT ?))
			FROM generations g ORDER BY g.state = 'serving' DESC, g.state = 'building' DESC, g.id DESC`
		return each(ctx, db, query, []any{sampled}, func(rows *sql.Rows) (bool, error) {
			var g vectordb.Generation
			var mean float64
			err := rows.Scan(&g.ID, &g.State, &g.Model.Name, &g.Model.Feature, &g.Model.Scoring, &g.Images, &mean)
			g.Bytes = int64(mean * float64(g.Images))
			list = append(list, g)
			return true, err
		})
	})
	return list, err
}

// Switch lets another generation serve.
func (s *Store) Switch(ctx context.Context, id string, partial bool) error {
	return s.change(ctx, "switch the generation", func(c *change) error {
		g, state, err := c.generationByID(id)
		if err != nil || state == vectordb.Serving {
			return err
		}
		lacking, _, err := c.integer(`SELECT count(*) FROM features old WHERE old.generation = ? AND NOT EXISTS
			(SELECT 1 FROM features new WHERE new.image = old.image AND new.generation = ?)`, c.generation.id, g.id)
		if err != nil {
			return err
		}
		if lacking > 0 && !partial {
			return sightline.Errorf(sightline.CodeIndexMismatch, "generation %s (model %q) lacks %d of the images that can be searched now",
				id, g.model.Name, lacking)
		}
		return c.serve(g.id)
	})
}

// serve changes what serves. The user's tags have to be scored again there.
func (c *change) serve(id int64) error {
	for _, step := range []struct {
		query string
		args  []any
	}{
		{`UPDATE generations SET state = 'retired' WHERE state = 'serving'`, nil},
		{`UPDATE generations SET state = 'serving' WHERE id = ?`, []any{id}},
		{`UPDATE user_tags SET scored = '', complete = 0`, nil},
	} {
		if err := c.exec(step.query, step.args...); err != nil {
			return err
		}
	}
	return nil
}

// Drop deletes a generation. Its pages are used again by what is stored later; the file itself does not shrink.
func (s *Store) Drop(ctx context.Context, id string) error {
	return s.change(ctx, "drop the generation", func(c *change) error {
		g, state, err := c.generationByID(id)
		switch {
		case sightline.CodeOf(err) == sightline.CodeNotFound:
			return nil
		case err != nil:
			return err
		case state == vectordb.Serving:
			return sightline.Errorf(sightline.CodeInvalid, "generation %s serves and cannot be dropped", id).
				WithHint("let another one serve first")
		}
		return c.exec(`DELETE FROM generations WHERE id = ?`, g.id)
	})
}

// generationByID reads a generation; CodeNotFound when there is none.
func (c *change) generationByID(id string) (g generation, state vectordb.GenerationState, err error) {
	number, err := strconv.ParseInt(id, 10, 64)
	if err == nil {
		g.id = number
		err = c.tx.QueryRowContext(c.ctx, `SELECT state, dim, name, feature, scoring FROM generations WHERE id = ?`, number).
			Scan(&state, &g.dim, &g.model.Name, &g.model.Feature, &g.model.Scoring)
	}
	return g, state, noGeneration(id, err)
}
