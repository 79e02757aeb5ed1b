package embedded

import (
	"context"
	"database/sql"
	"errors"
	"path"
	"strings"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

// change is one commit: everything a call of a Writer method does, in one transaction.
type change struct {
	ctx        context.Context //nolint:containedctx // lives for one call of a Writer method
	tx         *sql.Tx
	statements map[string]*sql.Stmt
	number     int64             // of this commit
	generation generation        // that features are written to: the serving one, unless a builder says otherwise
	labels     map[string]uint32 // ids of the labels that this commit has met
	renamed    map[int64]bool    // images whose file names or camera have changed
	robbed     map[int64]bool    // images that have lost a file
}

// generation is one of them, as far as a change has to know it.
type generation struct {
	id    int64
	dim   int
	model vectordb.Model
}

// change runs work in a transaction and commits it.
func (s *Store) change(ctx context.Context, doing string, work func(*change) error) error {
	leave, err := s.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	if s.writer == nil {
		return sightline.Errorf(sightline.CodeInternal, "the index in %s is opened for reading: cannot %s", s.dir, doing)
	}
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return s.explain(interrupted(ctx, err), doing)
	}
	defer func() { _ = tx.Rollback() }() // does nothing after a commit
	c := &change{
		ctx: ctx, tx: tx, statements: map[string]*sql.Stmt{}, labels: map[string]uint32{},
		renamed: map[int64]bool{}, robbed: map[int64]bool{},
	}
	for _, part := range []func(*change) error{(*change).begin, work, (*change).finish} {
		if err := part(c); err != nil {
			return s.explain(interrupted(ctx, err), doing)
		}
	}
	return s.explain(interrupted(ctx, tx.Commit()), doing)
}

// exec runs a statement, prepared once for the commit.
func (c *change) exec(query string, args ...any) error {
	statement, err := c.prepare(query) //nolint:sqlclosecheck // the end of the transaction closes it
	if err != nil {
		return err
	}
	_, err = statement.ExecContext(c.ctx, args...)
	return err
}

// integer runs a query that gives at most one integer; ok is false when it gives none.
func (c *change) integer(query string, args ...any) (n int64, ok bool, err error) {
	statement, err := c.prepare(query) //nolint:sqlclosecheck // the end of the transaction closes it
	if err != nil {
		return 0, false, err
	}
	err = statement.QueryRowContext(c.ctx, args...).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	return n, err == nil, err
}

func (c *change) prepare(query string) (*sql.Stmt, error) {
	if statement := c.statements[query]; statement != nil {
		return statement, nil
	}
	statement, err := c.tx.PrepareContext(c.ctx, query)
	if err == nil {
		c.statements[query] = statement
	}
	return statement, err
}

func (c *change) begin() error {
	if err := c.exec(`UPDATE clock SET commits = commits + 1`); err != nil {
		return err
	}
	if err := c.exec(`INSERT INTO history (number, stamp) SELECT commits, random() FROM clock`); err != nil {
		return err
	}
	var g generation
	err := c.tx.QueryRowContext(c.ctx, `SELECT g.id, g.dim, g.name, g.feature, g.scoring, c.commits
		FROM generations g, clock c WHERE g.state = 'serving'`).
		Scan(&g.id, &g.dim, &g.model.Name, &g.model.Feature, &g.model.Scoring, &c.number)
	c.generation = g
	return err
}

// finish removes images without a file and brings the words of the others up to date.
func (c *change) finish() error {
	for image := range c.robbed {
		_, found, err := c.integer(`SELECT 1 FROM files WHERE image = ? LIMIT 1`, image)
		if err != nil {
			return err
		}
		if found {
			c.renamed[image] = true
			continue
		}
		delete(c.renamed, image)
		if err := c.remove(image); err != nil {
			return err
		}
	}
	for image := range c.renamed {
		if err := c.writeWords(image); err != nil {
			return err
		}
	}
	return nil
}

func (c *change) remove(image int64) error {
	return errors.Join(
		c.exec(`DELETE FROM image_words WHERE rowid = ?`, image),
		c.exec(`DELETE FROM images WHERE row = ?`, image),
		c.exec(`INSERT INTO removed (changed, image) VALUES (?, ?)`, c.number, image),
	)
}

func (c *change) writeWords(image int64) error {
	statement, err := c.prepare(`SELECT i.camera, f.path FROM images i JOIN files f ON f.image = i.row WHERE i.row = ?`) //nolint:sqlclosecheck // the end of the transaction closes it
	if err != nil {
		return err
	}
	rows, err := statement.QueryContext(c.ctx, image)
	if err != nil {
		return err
	}
	defer rows.Close()
	var words []string
	for first := true; rows.Next(); first = false {
		var camera, place string
		if err := rows.Scan(&camera, &place); err != nil {
			return err
		}
		if first {
			words = append(words, vectordb.Words(camera)...)
		}
		words = append(words, vectordb.Words(path.Base(place))...)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return errors.Join(
		c.exec(`DELETE FROM image_words WHERE rowid = ?`, image),
		c.exec(`INSERT INTO image_words (rowid, words) VALUES (?, ?)`, image, strings.Join(words, " ")),
	)
}
