package qdrant

import (
	"context"
	"crypto/rand"
	"strconv"
	"strings"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

// SetModel says what the stored data is made with.
func (s *Store) SetModel(ctx context.Context, m vectordb.Model) error {
	if err := checkModel(m); err != nil {
		return err
	}
	unused := ""
	err := s.change(ctx, "set the model", func(c *change) error {
		if c.v.model == m {
			return nil
		}
		if c.v.model.Feature != m.Feature {
			if c.v.images > 0 {
				return s.otherModel(c.v.model, m)
			}
			unused, c.after.serving = c.v.serving, newGeneration()
		}
		c.after.model = m
		c.wrote = true
		if unused == "" {
			return nil
		}
		return s.retire(ctx, vectordb.Generation{ID: unused, Model: c.v.model}) // until it is dropped
	})
	if err != nil || unused == "" {
		return err
	}
	return s.Drop(ctx, unused)
}

func checkModel(m vectordb.Model) error {
	if m.Feature == "" {
		return sightline.Errorf(sightline.CodeInvalid, "model %q has no feature fingerprint", m.Name)
	}
	return nil
}

// newGeneration names a generation; it is part of the names of its collections.
func newGeneration() string {
	return strconv.FormatInt(now(), 36) + strings.ToLower(rand.Text()[:4])
}
