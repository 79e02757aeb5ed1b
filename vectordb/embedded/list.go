package embedded

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
)

// listChecksum is the first line of a list's file.
const listChecksum = "%08x\n"

// fileList says what the files hold: of one generation, all images as they were after the commit Through, but for those that
// are marked dead. What the database has of later commits is read from there.
type fileList struct {
	ID         string // by chance, another one for each list
	Generation int64
	Dim        int
	Through    int64
	Commit     int64 // the snapshot of the database that the list was written from, and the stamp of its last commit: an
	Stamp      int64 // index that has another one there has another history
	Files      []listed
}

type listed struct {
	Name  string
	Check uint32 // the file's own checksum, so that it cannot be mistaken for another
	Dead  slotSet
}

// list reads the list; nil where there is none, or none that is whole.
func (f folder) list() *fileList {
	content, err := os.ReadFile(f.path(listName))
	if err != nil {
		return nil
	}
	var sum uint32
	var l fileList
	start := min(len(content), len(fmt.Sprintf(listChecksum, 0)))
	if _, err := fmt.Sscanf(string(content[:start]), listChecksum, &sum); err != nil || sum != crc32.ChecksumIEEE(content[start:]) {
		return nil
	}
	if json.Unmarshal(content[start:], &l) != nil {
		return nil
	}
	return &l
}

// encode gives the content of the list's file.
func (l *fileList) encode() ([]byte, error) {
	content, err := json.Marshal(l)
	return append(fmt.Appendf(nil, listChecksum, crc32.ChecksumIEEE(content)), content...), err
}

func (l *fileList) id() string {
	if l == nil {
		return ""
	}
	return l.ID
}

// knownTo reports whether the list was written from the history that the snapshot shows.
func (l *fileList) knownTo(ctx context.Context, tx *sql.Tx, now head) (bool, error) {
	if l == nil || l.Generation != now.generation || l.Dim != now.dim || l.Stamp == 0 {
		return false, nil
	}
	var stamp int64
	err := tx.QueryRowContext(ctx, `SELECT stamp FROM history WHERE number = ?`, l.Commit).Scan(&stamp)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return stamp == l.Stamp, err
}
