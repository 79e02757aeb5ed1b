package qdrant

import (
	"context"
	"errors"
	"strings"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/migrations"
)

// Layout is the stored layout of an index, for looking at it and changing it by itself. Opening a Store for writing brings
// it up to date where that can be taken back.
type Layout struct {
	s      *Store
	copies []string // the snapshots that were made
}

// OpenLayout opens the layout of an index that is there, for ReadWrite as its writer.
func OpenLayout(ctx context.Context, o Options) (*Layout, error) {
	s, err := newStore(ctx, o)
	if err != nil {
		return nil, err
	}
	s.older = true
	l := &Layout{s: s}
	if err := l.open(ctx, o.Mode); err != nil {
		return nil, errors.Join(s.server.explain(err, "open the layout"), l.Close()) //nolint:contextcheck // closes also when the context is over
	}
	return l, nil
}

func (l *Layout) open(ctx context.Context, mode Mode) (err error) {
	status, err := l.Status(ctx)
	if err != nil {
		return err
	}
	if status.Version == 0 {
		return sightline.Errorf(sightline.CodeNotFound, "there is no index in %s", l.s.target).WithParam("store").
			WithHint("run sightline index PATH, or name another place with --store")
	}
	if mode == ReadWrite {
		l.s.server.patience = writerPatience
		l.s.lease, err = takeLease(ctx, l.s)
	}
	return err
}

// Status tells where the layout stands.
func (l *Layout) Status(ctx context.Context) (migrations.Status, error) {
	return l.s.layout().Read(ctx, l.s.recorded())
}

// Newest is the newest version that this program knows.
func (l *Layout) Newest() int { return len(l.s.steps) }

// Up applies the steps up to a version. It names the snapshots that were made before a step that cannot be taken back, ""
// where none were needed.
func (l *Layout) Up(ctx context.Context, to int) (backup string, err error) {
	l.copies = nil
	if err = l.s.finish(ctx); err == nil {
		err = l.plan().UpTo(ctx, l.s.recorded(), to)
	}
	return l.backup(), l.s.server.explain(err, "change the layout")
}

// Down takes the steps above a version back, after snapshots.
func (l *Layout) Down(ctx context.Context, to int) (backup string, err error) {
	l.copies = nil
	if err = l.s.noneBegun(ctx); err == nil {
		err = l.plan().Down(ctx, l.s.recorded(), to)
	}
	return l.backup(), l.s.server.explain(err, "take the layout back")
}

// plan is the layout's, with snapshots of all collections as the backup.
func (l *Layout) plan() migrations.PlanFor[*Store] {
	plan := l.s.layout()
	plan.Backup = func(ctx context.Context, _ int) (err error) {
		l.copies, err = l.s.snapshots(ctx)
		return err
	}
	return plan
}

func (l *Layout) backup() string {
	if len(l.copies) == 0 {
		return ""
	}
	return "snapshots on the server: " + strings.Join(l.copies, ", ")
}

// Close gives the writer's lease back.
func (l *Layout) Close() error { return l.s.Close() }
