package index

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
)

// A cursor is the place in a list and a mark of what the list is of, so that it cannot be taken for another list's.
// Pages of one search fit together as long as the index does not change.

const markBytes = 8

// mark identifies a list by everything that decides what is in it and in which order.
func mark(parts ...any) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", parts))
	return sum[:markBytes]
}

func makeCursor(offset int, mark []byte) string {
	return base64.RawURLEncoding.EncodeToString(binary.AppendUvarint(mark, uint64(offset)))
}

// readCursor gives the place; the empty cursor is the beginning.
func readCursor(cursor string, mark []byte) (int, error) {
	if cursor == "" {
		return 0, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(raw) <= markBytes {
		return 0, invalid("cursor", "cursor %.40q was not given by a search", cursor)
	}
	if string(raw[:markBytes]) != string(mark) {
		return 0, invalid("cursor", "the cursor belongs to another search: only limit may change between pages")
	}
	offset, n := binary.Uvarint(raw[markBytes:])
	if n != len(raw)-markBytes || offset > 1<<40 {
		return 0, invalid("cursor", "cursor %.40q was not given by a search", cursor)
	}
	return int(offset), nil
}

func (s *search) mark() []byte {
	r := s.request
	least := "default"
	if r.MinProbability != nil {
		least = fmt.Sprint(*r.MinProbability)
	}
	return mark(s.subject, r.Plain, r.Filter, least, r.Sort, r.Candidates, r.Exhaustive)
}

func (s *search) offset() (int, error) { return readCursor(s.request.Cursor, s.mark()) }

func (s *search) cursor(offset int) string { return makeCursor(offset, s.mark()) }
