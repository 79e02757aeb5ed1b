package encoder

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/sightline-search/sightline"
)

// bytePairs cuts a word into its bytes and merges neighbours, the pair that comes first in the list of merges first.
type bytePairs struct {
	inner, final [256]int64 // the id of each byte, and of each byte that ends a word
	merges       map[[2]int64]merge
}

type merge struct {
	rank int
	id   int64 // of the two together
}

// bytePairModel is a BPE model of tokenizer.json.
type bytePairModel struct {
	Vocab        map[string]int64 `json:"vocab"`
	Merges       []mergePair      `json:"merges"`
	Suffix       string           `json:"end_of_word_suffix"`
	Prefix       string           `json:"continuing_subword_prefix"`
	Dropout      float64          `json:"dropout"`
	ByteFallback bool             `json:"byte_fallback"`
	IgnoreMerges bool             `json:"ignore_merges"`
}

// mergePair is "a b" in older files and ["a", "b"] in newer ones.
type mergePair [2]string

func (p *mergePair) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '[' {
		var parts []string
		if err := json.Unmarshal(raw, &parts); err != nil || len(parts) != 2 {
			return fmt.Errorf("the merge %s is not a pair", raw)
		}
		p[0], p[1] = parts[0], parts[1]
		return nil
	}
	var both string
	if err := json.Unmarshal(raw, &both); err != nil {
		return err
	}
	var ok bool
	if p[0], p[1], ok = strings.Cut(both, " "); !ok || strings.Contains(p[1], " ") {
		return fmt.Errorf("the merge %q is not a pair", both)
	}
	return nil
}

func newBytePairs(raw json.RawMessage) (*bytePairs, error) {
	var m bytePairModel
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, sightline.Errorf(sightline.CodeBundleCorrupt, "tokenizer.json cannot be read: %w", err)
	}
	if m.Prefix != "" || m.Dropout != 0 || m.ByteFallback || m.IgnoreMerges {
		return nil, sightline.Errorf(sightline.CodeBundleCorrupt, "tokenizer.json: its model asks for dropout, byte_fallback, ignore_merges or a continuing_subword_prefix, which are not supported")
	}
	b := &bytePairs{merges: make(map[[2]int64]merge, len(m.Merges))}
	for i, letter := range byteLetters() {
		var known, knownEnd bool
		b.inner[i], known = m.Vocab[letter]
		b.final[i], knownEnd = m.Vocab[letter+m.Suffix]
		if !known || !knownEnd {
			return nil, sightline.Errorf(sightline.CodeBundleCorrupt, "tokenizer.json: %q or %q, for byte %d, is not among its %d words", letter, letter+m.Suffix, i, len(m.Vocab))
		}
	}
	return b, b.learn(m)
}

// learn looks up the ids of the merges.
func (b *bytePairs) learn(m bytePairModel) error {
	for rank, pair := range m.Merges {
		left, ok1 := m.Vocab[pair[0]]
		right, ok2 := m.Vocab[pair[1]]
		both, ok3 := m.Vocab[pair[0]+pair[1]]
		if !ok1 || !ok2 || !ok3 {
			return sightline.Errorf(sightline.CodeBundleCorrupt, "tokenizer.json: the merge of %q and %q has a part that is not among its %d words", pair[0], pair[1], len(m.Vocab))
		}
		b.merges[[2]int64{left, right}] = merge{rank, both}
	}
	return nil
}

// append adds the ids of a word.
func (b *bytePairs) append(ids []int64, word string) []int64 {
	pieces := make([]int64, len(word))
	for i := range len(word) {
		pieces[i] = b.inner[word[i]]
	}
	pieces[len(word)-1] = b.final[word[len(word)-1]]
	ranks := make([]int, len(pieces)-1) // of the merge of each piece with the next
	for i := range ranks {
		ranks[i] = b.rank(pieces, i)
	}
	for len(ranks) > 0 {
		i := slices.Index(ranks, slices.Min(ranks))
		if ranks[i] == math.MaxInt {
			break
		}
		pieces[i] = b.merges[[2]int64{pieces[i], pieces[i+1]}].id
		pieces, ranks = slices.Delete(pieces, i+1, i+2), slices.Delete(ranks, i, i+1)
		for _, changed := range []int{i - 1, i} {
			if changed >= 0 && changed < len(ranks) {
				ranks[changed] = b.rank(pieces, changed)
			}
		}
	}
	return append(ids, pieces...)
}

// rank is the place of a piece and the next in the list of merges, beyond all places when they are not in it.
func (b *bytePairs) rank(pieces []int64, i int) int {
	if m, ok := b.merges[[2]int64{pieces[i], pieces[i+1]}]; ok {
		return m.rank
	}
	return math.MaxInt
}

// byteLetters gives the visible character that stands for each byte: itself as Latin-1 where that is visible, one from
// U+0100 on where it is not.
func byteLetters() (letters [256]string) {
	next := rune(0x100)
	for b := range letters {
		r := rune(b)
		if r <= ' ' || (r > '~' && r <= '\u00a0') || r == '\u00ad' {
			r = next
			next++
		}
		letters[b] = string(r)
	}
	return letters
}
