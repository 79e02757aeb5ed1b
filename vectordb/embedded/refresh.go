package embedded

import (
	"context"
	"database/sql"
)

// head is what a state of the database is known by.
type head struct {
	generation int64
	dim        int
	commits    int64
	stamp      int64 // of the commit, by chance; 0 before the first one
}

const readHead = `SELECT g.id, g.dim, c.commits, coalesce((SELECT stamp FROM history WHERE number = c.commits), 0)
	FROM generations g, clock c WHERE g.id = ?`

func (h *head) read(row *sql.Row) error { return row.Scan(&h.generation, &h.dim, &h.commits, &h.stamp) }

// refresh brings memory up to the latest commit of the serving generation.
func (m *memory) refresh(ctx context.Context, db *sql.DB) error {
	var generation int64
	if err := db.QueryRowContext(ctx, serving).Scan(&generation); err != nil {
		return err
	}
	return m.refreshTo(ctx, db, generation)
}

// refreshTo brings memory up to the latest commit of a generation, reading only what has changed since the last time.
func (m *memory) refreshTo(ctx context.Context, db *sql.DB, generation int64) error {
	var now head
	if err := now.read(db.QueryRowContext(ctx, readHead, generation)); err != nil {
		return err
	}
	m.mu.RLock()
	current := m.isAt(now)
	m.mu.RUnlock()
	if current {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	defer m.publish()                 // after an error too: what is in files already need not be read again
	for done := m.isAt(now); !done; { // another call may have been faster
		var err error
		if done, err = m.catchUp(ctx, db, generation); err != nil {
			return err
		}
	}
	return nil
}

func (m *memory) isAt(now head) bool {
	return m.loaded && m.head.generation == now.generation && m.head.commits >= now.commits
}

// catchUp takes one snapshot of the database and brings memory up to it. It is not done where another process has
// written the files anew: memory is left not loaded then, and the next call starts with those.
func (m *memory) catchUp(ctx context.Context, db *sql.DB, generation int64) (done bool, err error) {
	var list *fileList
	files := m.root.of(generation)
	if !m.loaded || m.head.generation != generation {
		m.loaded = false
		list = files.list() // before the snapshot, which then knows the commits that the list knows
	}
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return false, err
	}
	defer func() { _ = tx.Rollback() }() // nothing was written
	var now head
	if err := now.read(tx.QueryRowContext(ctx, readHead, generation)); err != nil {
		return false, err
	}
	if m.loaded && m.head.dim != now.dim {
		m.loaded = false
		return false, nil
	}
	if !m.loaded {
		if err := m.adopt(ctx, tx, now, files, list); err != nil || !m.loaded {
			return false, err
		}
	}
	if err := m.drop(ctx, tx); err != nil {
		return false, err
	}
	err = m.load(ctx, tx, now)
	return m.loaded, err
}

// adopt starts anew with the listed files, or with nothing where there are none of this history of the index.
func (m *memory) adopt(ctx context.Context, tx *sql.Tx, now head, files folder, list *fileList) error {
	if err := closeAll(m.parts); err != nil {
		return err
	}
	m.folder, m.parts = files, nil
	m.head = head{generation: now.generation, dim: now.dim}
	m.recent = newRecent(now.dim)
	m.seen, m.putOff, m.loaded = list.id(), 0, true
	if err := m.root.clean(ctx, tx); err != nil {
		return err
	}
	known, err := list.knownTo(ctx, tx, now)
	if err != nil || !known {
		return err
	}
	parts, err := m.folder.open(list)
	switch {
	case err == nil:
		m.parts, m.head.commits = parts, list.Through
	case m.folder.list().id() != m.seen:
		m.loaded = false // another process has replaced the files while they were opened
	}
	return nil // files that cannot be used are made anew
}
