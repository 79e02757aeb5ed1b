package encoder

import (
	"unicode/utf8"

	"github.com/sightline-search/sightline"
)

// wordPiece cuts a word into the longest pieces that the vocabulary knows, from the left. Pieces behind the first carry
// a prefix there.
type wordPiece struct {
	Vocab    map[string]int64 `json:"vocab"`
	Unknown  string           `json:"unk_token"`
	Prefix   string           `json:"continuing_subword_prefix"`
	MaxChars int              `json:"max_input_chars_per_word"` // longer words are unknown
}

func (m *wordPiece) check() error {
	if _, ok := m.Vocab[m.Unknown]; !ok {
		return sightline.Errorf(sightline.CodeBundleCorrupt, "tokenizer.json: the unknown token %q is not among its %d words", m.Unknown, len(m.Vocab))
	}
	return nil
}

// append adds the ids of a word's pieces; a word with a part that the vocabulary does not know is unknown as a whole.
func (m *wordPiece) append(ids []int64, word string) []int64 {
	known := len(ids)
	if utf8.RuneCountInString(word) > m.MaxChars {
		return append(ids, m.Vocab[m.Unknown])
	}
	for rest, prefix := word, ""; rest != ""; prefix = m.Prefix {
		id, size := m.longest(prefix, rest)
		if size == 0 {
			return append(ids[:known], m.Vocab[m.Unknown])
		}
		ids = append(ids, id)
		rest = rest[size:]
	}
	return ids
}

// longest finds the longest piece at the beginning of the word, and its size in bytes; 0 when there is none.
func (m *wordPiece) longest(prefix, word string) (id int64, size int) {
	candidate := prefix + word
	for len(candidate) > len(prefix) {
		if id, ok := m.Vocab[candidate]; ok {
			return id, len(candidate) - len(prefix)
		}
		_, last := utf8.DecodeLastRuneInString(candidate)
		candidate = candidate[:len(candidate)-last]
	}
	return 0, 0
}
