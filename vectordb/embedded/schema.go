package embedded

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/sightline-search/sightline/migrations"
)

// applicationID marks index.db as Sightline's in the header of the file ("Sgln").
const applicationID = 0x53676c6e

// layout is the history of index.db.
func (s *Store) layout() migrations.Plan {
	return migrations.Plan{Steps: []migrations.Step{
		{Name: "images, files, features with tags", Up: run(createFacts, createGenerations, createClock), Down: run(dropAll)},
		{Name: "user tags", Up: run(createUserTags), Down: run(`DROP TABLE user_tags`)},
		{Name: "history of commits", Up: run(createHistory), Down: run(`DROP TABLE history`)},
	}}
}

func run(statements ...string) func(context.Context, *sql.Tx) error {
	return func(ctx context.Context, tx *sql.Tx) error {
		for _, statement := range statements {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	}
}

// Facts of images, whatever the model. Times are microseconds since 1970, UTC; a file's modification time is kept as
// seconds and nanoseconds. Row numbers are never used twice, so that a reader may remember them.
const createFacts = `
CREATE TABLE images (
	row         INTEGER PRIMARY KEY AUTOINCREMENT,
	id          TEXT NOT NULL UNIQUE,
	format      TEXT NOT NULL,
	width       INTEGER NOT NULL,
	height      INTEGER NOT NULL,
	taken_at    INTEGER,           -- NULL when unknown
	indexed_at  INTEGER NOT NULL,
	camera      TEXT NOT NULL,
	camera_fold TEXT NOT NULL      -- lower-case as Go lowers it
);
CREATE INDEX images_by_time ON images (coalesce(taken_at, indexed_at), id);

CREATE TABLE files (
	path  TEXT PRIMARY KEY,
	image INTEGER NOT NULL REFERENCES images (row) ON DELETE CASCADE,
	size  INTEGER NOT NULL,
	mtime_s  INTEGER NOT NULL,
	mtime_ns INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX files_by_image ON files (image);

CREATE TABLE bad_files (
	path  TEXT PRIMARY KEY,
	size  INTEGER NOT NULL,
	mtime_s  INTEGER NOT NULL,
	mtime_ns INTEGER NOT NULL,
	code   TEXT NOT NULL,
	reason TEXT NOT NULL
) WITHOUT ROWID;

-- The words of an image's file names and camera, split by vectordb.Words; rowid is images.row.
CREATE VIRTUAL TABLE image_words USING fts5 (words, content = '', contentless_delete = 1, tokenize = 'ascii');
`

// What a model makes of images, one set for each generation. Patches lie in a table of their own, so that reading the
// rest does not read over them. features.changed is the commit that wrote the row. Tags are packed (tags.go): a row for
// each of them would dirty hundreds of pages an image.
const createGenerations = `
CREATE TABLE generations (
	id      INTEGER PRIMARY KEY AUTOINCREMENT,
	state   TEXT NOT NULL CHECK (state IN ('serving', 'building', 'retired')),
	name    TEXT NOT NULL DEFAULT '',
	feature TEXT NOT NULL DEFAULT '',   -- feature fingerprint; '' before the first model
	scoring TEXT NOT NULL DEFAULT '',
	dim     INTEGER NOT NULL DEFAULT 0  -- of the global vectors; 0 before the first one
);
CREATE UNIQUE INDEX one_serving_generation ON generations (state) WHERE state = 'serving';
INSERT INTO generations (state) VALUES ('serving');

CREATE TABLE features (
	id         INTEGER PRIMARY KEY,
	image      INTEGER NOT NULL REFERENCES images (row) ON DELETE CASCADE,
	generation INTEGER NOT NULL REFERENCES generations (id) ON DELETE CASCADE,
	changed    INTEGER NOT NULL,
	global     BLOB NOT NULL,           -- f32, little-endian
	tags       BLOB NOT NULL,
	UNIQUE (image, generation)
);
CREATE INDEX features_by_change ON features (generation, changed);

CREATE TABLE patches (
	feature INTEGER PRIMARY KEY REFERENCES features (id) ON DELETE CASCADE,
	data    BLOB NOT NULL               -- in the bundle's dtype, opaque
);

CREATE TABLE labels (
	id   INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE
);
`

// How readers with features in memory learn what has changed: the number of the last commit, and the images that
// commits have removed.
var createClock = fmt.Sprintf(`
CREATE TABLE clock (
	one     INTEGER PRIMARY KEY CHECK (one = 1),
	commits INTEGER NOT NULL
);
INSERT INTO clock (one, commits) VALUES (1, 0);

CREATE TABLE removed (
	changed INTEGER NOT NULL,
	image   INTEGER NOT NULL,
	PRIMARY KEY (changed, image)
) WITHOUT ROWID;

PRAGMA application_id = %d;
`, applicationID)

// The tags that users have added; their probabilities lie in features.tags, like those of labels.
const createUserTags = `
CREATE TABLE user_tags (
	name         TEXT PRIMARY KEY,
	descriptions TEXT NOT NULL,      -- a JSON list
	threshold    REAL,               -- NULL: the model's own
	scoring      TEXT NOT NULL,      -- the scoring fingerprint of the stored probabilities
	scored       TEXT NOT NULL,      -- the last image that was scored, in the order of ids
	complete     INTEGER NOT NULL    -- 1 when all of them were
) WITHOUT ROWID;
`

// A number by chance for each commit: what was derived from the index at a commit (folder.go) fits it as long as it has
// the same number there, and no longer after a backup has been put back.
const createHistory = `
CREATE TABLE history (
	number INTEGER PRIMARY KEY, -- of the commit
	stamp  INTEGER NOT NULL
);
INSERT INTO history (number, stamp) SELECT commits, random() FROM clock;
`

const dropAll = `
DROP TABLE removed;
DROP TABLE clock;
DROP TABLE labels;
DROP TABLE patches;
DROP TABLE features;
DROP TABLE generations;
DROP TABLE image_words;
DROP TABLE bad_files;
DROP TABLE files;
DROP TABLE images;
`
