package embedded

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/migrations"
)

// Layout is the stored layout of an index folder, for looking at it and changing it by itself. Opening the Store brings
// it up to date where that can be taken back.
type Layout struct {
	s      *Store
	backup string // the copy that was made, "" for none
}

// OpenLayout opens the layout of the index in the folder, for ReadWrite as its writer.
func OpenLayout(ctx context.Context, dir string, mode Mode) (*Layout, error) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return nil, sightline.Errorf(sightline.CodeInvalid, "index folder %q: %w", dir, err)
	}
	l := &Layout{s: &Store{dir: absolute}}
	if mode == ReadWrite {
		err = l.s.openFile(ctx)
	} else {
		l.s.readers = openDB(l.s.path(), "ro", "deferred")
		err = l.s.checkOwner(ctx, l.s.readers)
	}
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// Status tells where the layout stands.
func (l *Layout) Status(ctx context.Context) (migrations.Status, error) {
	db := l.s.readers
	if db == nil {
		db = l.s.writer
	}
	status, err := l.s.layout().Read(ctx, migrations.SQL(db))
	return status, l.s.explain(err, "read the layout")
}

// Newest is the newest version that this program knows.
func (l *Layout) Newest() int { return len(l.s.layout().Steps) }

// Up applies the steps up to a version. It gives the backup that was made before a step that cannot be taken back, ""
// where none was needed.
func (l *Layout) Up(ctx context.Context, to int) (backup string, err error) {
	err = l.plan().UpTo(ctx, migrations.SQL(l.s.writer), to)
	return l.backup, l.s.explain(err, "change the layout")
}

// Down takes the steps above a version back, after a backup.
func (l *Layout) Down(ctx context.Context, to int) (backup string, err error) {
	err = l.plan().Down(ctx, migrations.SQL(l.s.writer), to)
	return l.backup, l.s.explain(err, "take the layout back")
}

// plan is the layout's, with a backup into a file beside the index.
func (l *Layout) plan() migrations.Plan {
	plan := l.s.layout()
	l.backup = ""
	plan.Backup = func(ctx context.Context, version int) error {
		path := filepath.Join(l.s.dir, fmt.Sprintf("index-layout-%d.backup", version))
		made, err := copyDatabase(ctx, l.s.writer, path, true)
		l.backup = made
		return err
	}
	return plan
}

// Close gives the writer's lock back.
func (l *Layout) Close() error { return l.s.Close() }
