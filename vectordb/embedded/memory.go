package embedded

import (
	"context"
	"database/sql"
	"sync"

	"github.com/sightline-search/sightline"
)

// blockSize is how many images lie in one piece of memory: growing copies nothing, and a block is the unit of parallel
// work and of cancellation.
const blockSize = 4096

// memory holds the global vectors and tags of the generation that answers, as of one commit.
type memory struct {
	mu     sync.RWMutex
	head   head
	ids    []sightline.ImageID // by slot
	rows   []int64             // by slot: images.row
	tags   []packedTags        // by slot
	blocks [][]float32         // slot s lies in blocks[s/blockSize], in dim numbers
	slots  map[int64]int       // by images.row
}

// head is what a state of the database is known by.
type head struct {
	generation int64
	dim        int
	commits    int64
}

const readHead = `SELECT g.id, g.dim, c.commits FROM generations g, clock c WHERE g.id = ?`

// refresh brings memory up to the latest commit of the generation, reading only what has changed since the last time.
func (m *memory) refresh(ctx context.Context, db *sql.DB, generation int64) error {
	var now head
	if err := db.QueryRowContext(ctx, readHead, generation).Scan(&now.generation, &now.dim, &now.commits); err != nil {
		return err
	}
	m.mu.RLock()
	current := m.head.generation == now.generation && m.head.commits >= now.commits
	m.mu.RUnlock()
	if current {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true}) // one snapshot for all that follows
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // nothing was written
	if err := tx.QueryRowContext(ctx, readHead, generation).Scan(&now.generation, &now.dim, &now.commits); err != nil {
		return err
	}
	if m.head.generation != now.generation || m.head.dim != now.dim {
		m.reset(now)
	}
	if err := m.drop(ctx, tx); err != nil {
		return err
	}
	if err := m.load(ctx, tx); err != nil {
		return err
	}
	m.head = now // only now: after an error everything since the old head is read again
	return nil
}

// reset empties memory for another generation or length.
func (m *memory) reset(now head) {
	m.head = head{generation: now.generation, dim: now.dim}
	m.ids, m.rows, m.tags, m.blocks = nil, nil, nil, nil
	m.slots = map[int64]int{}
}

// drop removes the images that were removed since head.
func (m *memory) drop(ctx context.Context, tx *sql.Tx) error {
	if len(m.ids) == 0 {
		return nil
	}
	rows, err := tx.QueryContext(ctx, `SELECT image FROM removed WHERE changed > ?`, m.head.commits)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var row int64
		if err := rows.Scan(&row); err != nil {
			return err
		}
		m.remove(row)
	}
	return rows.Err()
}

// load reads the features that were written since head.
func (m *memory) load(ctx context.Context, tx *sql.Tx) error {
	access := `INDEXED BY features_by_change`
	if m.head.commits == 0 {
		access = `NOT INDEXED` // everything: in the order in which it lies in the file
	}
	query := `SELECT i.row, i.id, f.global, f.tags FROM features f ` + access + ` CROSS JOIN images i ON i.row = f.image
		WHERE f.generation = ? AND f.changed > ?`
	rows, err := tx.QueryContext(ctx, query, m.head.generation, m.head.commits)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var row int64
		var id sightline.ImageID
		var global sql.RawBytes
		var tags []byte
		if err := rows.Scan(&row, &id, &global, &tags); err != nil {
			return err
		}
		if len(global) != 4*m.head.dim {
			return sightline.Errorf(sightline.CodeIndexCorrupt, "the global vector of image %s has %d bytes instead of %d", id, len(global), 4*m.head.dim).
				WithHint("remove the image and index it again")
		}
		slot := m.slot(row, id)
		decodeVector(m.vector(slot), global)
		m.tags[slot] = tags
	}
	return rows.Err()
}

// slot finds the place of an image, making one for a new one.
func (m *memory) slot(row int64, id sightline.ImageID) int {
	if slot, ok := m.slots[row]; ok {
		return slot
	}
	slot := len(m.ids)
	if slot/blockSize == len(m.blocks) {
		m.blocks = append(m.blocks, make([]float32, blockSize*m.head.dim))
	}
	m.ids = append(m.ids, id)
	m.rows = append(m.rows, row)
	m.tags = append(m.tags, nil)
	m.slots[row] = slot
	return slot
}

// remove closes the gap with the last image.
func (m *memory) remove(row int64) {
	slot, ok := m.slots[row]
	if !ok {
		return
	}
	last := len(m.ids) - 1
	copy(m.vector(slot), m.vector(last))
	m.ids[slot], m.rows[slot], m.tags[slot] = m.ids[last], m.rows[last], m.tags[last]
	m.slots[m.rows[slot]] = slot
	delete(m.slots, row)
	m.ids, m.rows, m.tags = m.ids[:last], m.rows[:last], m.tags[:last]
	m.blocks = m.blocks[:(last+blockSize-1)/blockSize]
}

func (m *memory) vector(slot int) []float32 {
	start := slot % blockSize * m.head.dim
	return m.blocks[slot/blockSize][start : start+m.head.dim]
}
