package embedded

import (
	"context"
	"database/sql"
	"sync"

	"github.com/sightline-search/sightline"
)

// blockVectors is how many vectors lie in one piece of memory: growing copies nothing, and a block is the unit of
// parallel work and of cancellation.
const blockVectors = 4096

// vectors holds the global vectors of the serving generation, as of one commit.
type vectors struct {
	mu     sync.RWMutex
	head   head
	ids    []sightline.ImageID // by slot
	rows   []int64             // by slot: images.row
	slots  map[int64]int       // by images.row
	blocks [][]float32         // slot s lies in blocks[s/blockVectors], in dim numbers
}

// head is what a state of the database is known by.
type head struct {
	generation int64
	dim        int
	commits    int64
}

const readHead = `SELECT g.id, g.dim, c.commits FROM generations g, clock c WHERE g.state = 'serving'`

// refresh brings the vectors up to the latest commit, reading only what has changed since the last time.
func (v *vectors) refresh(ctx context.Context, db *sql.DB) error {
	var now head
	if err := db.QueryRowContext(ctx, readHead).Scan(&now.generation, &now.dim, &now.commits); err != nil {
		return err
	}
	v.mu.RLock()
	current := v.head.generation == now.generation && v.head.commits >= now.commits
	v.mu.RUnlock()
	if current {
		return nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true}) // one snapshot for all that follows
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // nothing was written
	if err := tx.QueryRowContext(ctx, readHead).Scan(&now.generation, &now.dim, &now.commits); err != nil {
		return err
	}
	if v.head.generation != now.generation || v.head.dim != now.dim {
		v.reset(now)
	}
	if err := v.drop(ctx, tx); err != nil {
		return err
	}
	if err := v.load(ctx, tx); err != nil {
		return err
	}
	v.head = now // only now: after an error everything since the old head is read again
	return nil
}

// reset empties the vectors for another generation or length.
func (v *vectors) reset(now head) {
	v.head = head{generation: now.generation, dim: now.dim}
	v.ids, v.rows, v.blocks = nil, nil, nil
	v.slots = map[int64]int{}
}

// drop removes the vectors of images that were removed since head.
func (v *vectors) drop(ctx context.Context, tx *sql.Tx) error {
	if len(v.ids) == 0 {
		return nil
	}
	rows, err := tx.QueryContext(ctx, `SELECT image FROM removed WHERE changed > ?`, v.head.commits)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var row int64
		if err := rows.Scan(&row); err != nil {
			return err
		}
		v.remove(row)
	}
	return rows.Err()
}

// load reads the vectors that were written since head.
func (v *vectors) load(ctx context.Context, tx *sql.Tx) error {
	access := `INDEXED BY features_by_change`
	if v.head.commits == 0 {
		access = `NOT INDEXED` // everything: in the order in which it lies in the file
	}
	query := `SELECT i.row, i.id, f.global FROM features f ` + access + ` CROSS JOIN images i ON i.row = f.image
		WHERE f.generation = ? AND f.changed > ?`
	rows, err := tx.QueryContext(ctx, query, v.head.generation, v.head.commits)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var row int64
		var id sightline.ImageID
		var global sql.RawBytes
		if err := rows.Scan(&row, &id, &global); err != nil {
			return err
		}
		if len(global) != 4*v.head.dim {
			return sightline.Errorf(sightline.CodeIndexCorrupt, "the global vector of image %s has %d bytes instead of %d", id, len(global), 4*v.head.dim).
				WithHint("remove the image and index it again")
		}
		decodeVector(v.vector(v.slot(row, id)), global)
	}
	return rows.Err()
}

// slot finds the place of an image's vector, making one for a new image.
func (v *vectors) slot(row int64, id sightline.ImageID) int {
	if slot, ok := v.slots[row]; ok {
		return slot
	}
	slot := len(v.ids)
	if slot/blockVectors == len(v.blocks) {
		v.blocks = append(v.blocks, make([]float32, blockVectors*v.head.dim))
	}
	v.ids = append(v.ids, id)
	v.rows = append(v.rows, row)
	v.slots[row] = slot
	return slot
}

// remove closes the gap with the last vector.
func (v *vectors) remove(row int64) {
	slot, ok := v.slots[row]
	if !ok {
		return
	}
	last := len(v.ids) - 1
	copy(v.vector(slot), v.vector(last))
	v.ids[slot], v.rows[slot] = v.ids[last], v.rows[last]
	v.slots[v.rows[slot]] = slot
	delete(v.slots, row)
	v.ids, v.rows = v.ids[:last], v.rows[:last]
	v.blocks = v.blocks[:(last+blockVectors-1)/blockVectors]
}

func (v *vectors) vector(slot int) []float32 {
	start := slot % blockVectors * v.head.dim
	return v.blocks[slot/blockVectors][start : start+v.head.dim]
}
