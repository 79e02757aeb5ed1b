package embedded

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"strconv"
)

// inspections are the checks of what the index holds, in the order in which repairing makes sense.
var inspections = []func(context.Context, *sql.DB) ([]amiss, error){
	byQuery("images without a file", `SELECT row, id FROM images i WHERE NOT EXISTS (SELECT 1 FROM files f WHERE f.image = i.row)`,
		func(c *change, row badRow) error { return c.remove(row.number) }),
	byQuery("places of no image", `SELECT 0, path FROM files f WHERE NOT EXISTS (SELECT 1 FROM images i WHERE i.row = f.image)`,
		func(c *change, row badRow) error { return c.exec(`DELETE FROM files WHERE path = ?`, row.name) }),
	byQuery("features of no image or no generation", `SELECT id, id FROM features f WHERE
		NOT EXISTS (SELECT 1 FROM images i WHERE i.row = f.image) OR NOT EXISTS (SELECT 1 FROM generations g WHERE g.id = f.generation)`,
		(*change).dropFeatures),
	byQuery("patches of no features", `SELECT feature, feature FROM patches p WHERE NOT EXISTS (SELECT 1 FROM features f WHERE f.id = p.feature)`,
		func(c *change, row badRow) error { return c.exec(`DELETE FROM patches WHERE feature = ?`, row.number) }),
	inspectFeatures,
	// FTS5 keeps one row of sizes for each row of words.
	byQuery("words of names that are not those of the images", `SELECT row, id FROM images WHERE row NOT IN (SELECT id FROM image_words_docsize)
		UNION ALL SELECT id, id FROM image_words_docsize WHERE id NOT IN (SELECT row FROM images)`, (*change).mendWords),
}

// byQuery is a check that SQL makes: the statement gives the number and the name of every row that must not be.
func byQuery(what, query string, mend func(*change, badRow) error) func(context.Context, *sql.DB) ([]amiss, error) {
	return func(ctx context.Context, db *sql.DB) ([]amiss, error) {
		a := amiss{Problem: Problem{What: what}, mend: mend}
		err := each(ctx, db, query, nil, func(rows *sql.Rows) (bool, error) {
			var row badRow
			err := rows.Scan(&row.number, &row.name)
			a.add(row)
			return true, err
		})
		if len(a.rows) == 0 {
			return nil, err
		}
		return []amiss{a}, err
	}
}

func (a *amiss) add(row badRow) {
	a.rows = append(a.rows, row)
	a.Count = len(a.rows)
	a.Example = a.rows[0].name
}

// dropFeatures takes features out, and out of the memory of readers, who read those of other generations again.
func (c *change) dropFeatures(row badRow) error {
	return errors.Join(
		c.exec(`INSERT OR IGNORE INTO removed (changed, image) SELECT ?, image FROM features WHERE id = ?`, c.number, row.number),
		c.exec(`UPDATE features SET changed = ? WHERE image = (SELECT image FROM features WHERE id = ?)`, c.number, row.number),
		c.exec(`DELETE FROM features WHERE id = ?`, row.number),
	)
}

// mendWords writes the words of an image anew, or takes them out where there is no image.
func (c *change) mendWords(row badRow) error {
	_, known, err := c.integer(`SELECT 1 FROM images WHERE row = ?`, row.number)
	if err != nil {
		return err
	}
	if known {
		return c.writeWords(row.number)
	}
	return c.exec(`DELETE FROM image_words WHERE rowid = ?`, row.number)
}

// inspectFeatures reads all global vectors and probabilities, and the sizes of patches.
func inspectFeatures(ctx context.Context, db *sql.DB) (found []amiss, err error) {
	usual, err := usualPatches(ctx, db)
	if err != nil {
		return nil, err
	}
	places := map[string]int{} // in found, by what
	query := `SELECT f.id, i.id, f.generation, g.dim, f.global, f.tags, coalesce(length(p.data), -1) FROM features f
		JOIN images i ON i.row = f.image JOIN generations g ON g.id = f.generation LEFT JOIN patches p ON p.feature = f.id`
	err = each(ctx, db, query, nil, func(rows *sql.Rows) (bool, error) {
		var row badRow
		var generation, patches int64
		var dim int
		var global, tags sql.RawBytes
		if err := rows.Scan(&row.number, &row.name, &generation, &dim, &global, &tags, &patches); err != nil {
			return false, err
		}
		what := featureProblem(global, packedTags(tags), dim, patches, usual[generation])
		if what == "" {
			return true, nil
		}
		place, known := places[what]
		if !known {
			place, places[what] = len(found), len(found)
			hint := "sightline check --repair takes them out, and sightline reindex makes them anew"
			found = append(found, amiss{Problem: Problem{What: what, Hint: hint}, mend: (*change).dropFeatures})
		}
		row.name += " in generation " + strconv.FormatInt(generation, 10)
		found[place].add(row)
		return true, nil
	})
	return found, err
}

// usualPatches gives the size that most patches of each generation have.
func usualPatches(ctx context.Context, db *sql.DB) (map[int64]int64, error) {
	usual := map[int64]int64{}
	query := `SELECT f.generation, length(p.data) AS bytes FROM features f JOIN patches p ON p.feature = f.id
		GROUP BY f.generation, bytes ORDER BY f.generation, count(*)`
	err := each(ctx, db, query, nil, func(rows *sql.Rows) (bool, error) {
		var generation, bytes int64
		err := rows.Scan(&generation, &bytes)
		usual[generation] = bytes // the last one is the most frequent one
		return true, err
	})
	return usual, err
}

// featureProblem says what is wrong with the features of an image; "" when nothing is. patches is their size in bytes, -1
// when there are none.
func featureProblem(global []byte, tags packedTags, dim int, patches, usual int64) string {
	switch {
	case len(global) != 4*dim || dim == 0:
		return "global vectors of a wrong length"
	case patches < 0:
		return "features without patches"
	case patches != usual:
		return "patches of another size than the others"
	}
	vector := make([]float32, dim)
	decodeVector(vector, global)
	for _, x := range vector {
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			return "global vectors that are not numbers"
		}
	}
	return tags.problem()
}

// problem says what is wrong with stored probabilities.
func (p packedTags) problem() string {
	if len(p)%packedTagSize != 0 {
		return "probabilities that are cut off"
	}
	last := int64(-1)
	for i := range p.len() {
		label, probability := p.at(i)
		if int64(label) <= last || !(probability >= 0 && probability <= 1) {
			return "probabilities that are none"
		}
		last = int64(label)
	}
	return ""
}
