package encoder

import (
	"encoding/json"
	"errors"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/sightline-search/sightline"
)

// bertNormalizer is BERT's way to clean a text before it is cut into words.
type bertNormalizer struct {
	CleanText    bool  `json:"clean_text"`           // drop control characters, make every white space a space
	SplitHan     bool  `json:"handle_chinese_chars"` // every Chinese character is a word
	StripAccents *bool `json:"strip_accents"`        // nil: as Lowercase
	Lowercase    bool  `json:"lowercase"`
}

// bertRules reads the parts of a WordPiece tokenizer.
func bertRules(d description) (rules, error) {
	for _, part := range []struct {
		name, want string
		got        json.RawMessage
	}{
		{"normalizer", "BertNormalizer", d.Normalizer},
		{"pre_tokenizer", "BertPreTokenizer", d.PreTokenizer},
	} {
		if got := typeOf(part.got); got != part.want {
			return rules{}, unsupported(part.name, got, part.want)
		}
	}
	var n bertNormalizer
	var m wordPiece
	if err := errors.Join(json.Unmarshal(d.Normalizer, &n), json.Unmarshal(d.Model, &m)); err != nil {
		return rules{}, sightline.Errorf(sightline.CodeBundleCorrupt, "tokenizer.json cannot be read: %w", err)
	}
	return rules{normalize: n.normalize, words: bertWords, pieces: &m}, m.check()
}

// bertWords cuts a normalised text at white space and around every punctuation mark.
func bertWords(text string) []string {
	var words []string
	for _, field := range strings.FieldsFunc(text, unicode.IsSpace) {
		start := 0
		for i, r := range field {
			if !isPunctuation(r) {
				continue
			}
			if start < i {
				words = append(words, field[start:i])
			}
			start = i + len(string(r))
			words = append(words, field[i:start])
		}
		if start < len(field) {
			words = append(words, field[start:])
		}
	}
	return words
}

func (n bertNormalizer) normalize(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case n.CleanText && isDropped(r):
		case n.CleanText && unicode.IsSpace(r):
			b.WriteByte(' ')
		case n.SplitHan && isHan(r):
			b.WriteString(" " + string(r) + " ")
		default:
			b.WriteRune(r)
		}
	}
	text = b.String()
	if n.StripAccents == nil && n.Lowercase || n.StripAccents != nil && *n.StripAccents {
		text = strings.Map(dropMark, norm.NFD.String(text))
	}
	if n.Lowercase {
		text = strings.ToLower(text)
	}
	return text
}

// isDropped covers control, format and private characters, and the mark of undecodable bytes.
func isDropped(r rune) bool {
	if r == '\t' || r == '\n' || r == '\r' {
		return false
	}
	return r == 0 || r == unicode.ReplacementChar || isFormat(r)
}

func dropMark(r rune) rune {
	if isMark(r) {
		return -1
	}
	return r
}

// isHan covers the blocks of Chinese characters as BERT draws them: neither kana nor Hangul.
func isHan(r rune) bool {
	for _, block := range [...][2]rune{
		{0x4E00, 0x9FFF}, {0x3400, 0x4DBF}, {0x20000, 0x2A6DF}, {0x2A700, 0x2B73F}, {0x2B740, 0x2B81F}, {0x2B920, 0x2CEAF}, {0xF900, 0xFAFF}, {0x2F800, 0x2FA1F},
	} {
		if block[0] <= r && r <= block[1] {
			return true
		}
	}
	return false
}
