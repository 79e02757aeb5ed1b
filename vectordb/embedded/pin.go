package embedded

import (
	"context"
	"database/sql"
	"errors"
	"strconv"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

// Pin binds this handle to a model.
func (s *Store) Pin(m vectordb.Model) { s.pinned.Store(&m) }

const (
	serving = `SELECT id FROM generations WHERE state = 'serving'`
	// ofModel prefers what serves, then what has retired last; a store without a model is of any.
	ofModel = `SELECT id FROM generations WHERE state <> 'building' AND feature = ? AND scoring = ?
		OR state = 'serving' AND feature = '' ORDER BY state = 'serving' DESC, id DESC LIMIT 1`
)

// answering gives the generation that answers on this handle.
func (s *Store) answering(ctx context.Context, db *sql.DB) (id int64, err error) {
	pin := s.pinned.Load()
	if pin == nil {
		err = db.QueryRowContext(ctx, serving).Scan(&id)
		return id, err
	}
	err = db.QueryRowContext(ctx, ofModel, pin.Feature, pin.Scoring).Scan(&id)
	if !errors.Is(err, sql.ErrNoRows) {
		return id, err
	}
	var name string
	if err := db.QueryRowContext(ctx, `SELECT name FROM generations WHERE state = 'serving'`).Scan(&name); err != nil {
		return 0, err
	}
	return 0, s.otherModel(name, pin)
}

// refresh brings memory up to the latest commit.
func (s *Store) refresh(ctx context.Context, db *sql.DB) error {
	generation, err := s.answering(ctx, db)
	if err != nil {
		return err
	}
	return s.memory.refresh(ctx, db, generation)
}

func (s *Store) otherModel(stored string, pin *vectordb.Model) error {
	return sightline.Errorf(sightline.CodeIndexMismatch, "the index in %s is made with model %q now, this program works with %q", s.dir, stored, pin.Name).
		WithHint("restart it with the bundle of that model")
}

// changeFeatures is change for what only the pinned model may write.
func (s *Store) changeFeatures(ctx context.Context, doing string, work func(*change) error) error {
	return s.change(ctx, doing, func(c *change) error {
		m, pin := c.generation.model, s.pinned.Load()
		if pin != nil && m.Feature != "" && (m.Feature != pin.Feature || m.Scoring != pin.Scoring) {
			return s.otherModel(m.Name, pin)
		}
		return work(c)
	})
}

// noGeneration turns the absence of a generation into an error that says so.
func noGeneration(id string, err error) error {
	if errors.Is(err, sql.ErrNoRows) || errors.Is(err, strconv.ErrSyntax) || errors.Is(err, strconv.ErrRange) {
		return sightline.Errorf(sightline.CodeNotFound, "there is no generation %q", id)
	}
	return err
}
