package embedded

import (
	"context"
	"database/sql"
	"math"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

// selection evaluates a filter for one call: SQL evaluates facts, memory evaluates tags, sets of rows join them.
type selection struct {
	ctx   context.Context //nolint:containedctx // lives for one call of a Reader method
	db    *sql.DB
	store *Store
}

// condition splits a filter for a query that streams: a filter of facts becomes a condition on "images i", evaluated
// only as far as the stream is read; any other one becomes a set of rows.
func (s *Store) condition(ctx context.Context, db *sql.DB, f sightline.Filter) (where string, args []any, selected *rowSet, err error) {
	if vectordb.AsksTags(f) {
		selected, err = s.rows(ctx, db, f)
		return "1", nil, selected, err
	}
	if err := vectordb.CheckFilter(f); err != nil {
		return "", nil, nil, err
	}
	where, args, err = compile(f)
	return where, args, nil, err
}

// rows gives the rows of the images under the filter; nil means all.
func (s *Store) rows(ctx context.Context, db *sql.DB, f sightline.Filter) (*rowSet, error) {
	if f == nil {
		return nil, nil
	}
	if err := vectordb.CheckFilter(f); err != nil {
		return nil, err
	}
	return selection{ctx: ctx, db: db, store: s}.rows(f)
}

func (s selection) rows(f sightline.Filter) (*rowSet, error) {
	if !vectordb.AsksTags(f) {
		return s.byFacts(f)
	}
	switch f := f.(type) {
	case sightline.And:
		return s.and(f)
	case sightline.Or: // a OR b is NOT (NOT a AND NOT b)
		negated := make(sightline.And, len(f))
		for i, part := range f {
			negated[i] = sightline.Not{Of: part}
		}
		return s.not(negated)
	case sightline.Not:
		return s.not(f.Of)
	default:
		return s.byTag(f.(sightline.TagOver)) // the only leaf that asks tags
	}
}

func (s selection) not(f sightline.Filter) (*rowSet, error) {
	rows, err := s.rows(f)
	if err == nil {
		rows.complement()
	}
	return rows, err
}

// and asks for all facts at once.
func (s selection) and(parts sightline.And) (*rowSet, error) {
	var facts sightline.And
	set := allRows()
	for _, part := range parts {
		if !vectordb.AsksTags(part) {
			facts = append(facts, part)
			continue
		}
		rows, err := s.rows(part)
		if err != nil {
			return nil, err
		}
		set.intersect(rows)
	}
	if len(facts) > 0 {
		rows, err := s.byFacts(facts)
		if err != nil {
			return nil, err
		}
		set.intersect(rows)
	}
	return set, nil
}

func (s selection) byFacts(f sightline.Filter) (*rowSet, error) {
	where, args, err := compile(f)
	if err != nil {
		return nil, err
	}
	set := noRows()
	err = each(s.ctx, s.db, `SELECT i.row FROM images i WHERE `+where, args, func(rows *sql.Rows) (bool, error) {
		var row int64
		err := rows.Scan(&row)
		set.add(row)
		return true, err
	})
	return set, err
}

// byTag compares stored probabilities; a label that is not stored counts as 0.
func (s selection) byTag(f sightline.TagOver) (*rowSet, error) {
	switch {
	case math.IsNaN(f.P):
		return noRows(), nil
	case f.P < 0:
		return allRows(), nil
	}
	memory := &s.store.memory
	if err := s.store.refresh(s.ctx, s.db); err != nil {
		return nil, err
	}
	label, known, err := s.store.labels.id(s.ctx, s.db, f.Name)
	if err != nil || !known {
		return noRows(), err
	}
	return memory.tagOver(label, f.P), nil
}
