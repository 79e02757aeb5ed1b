package encoder

import (
	"encoding/json"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/sightline-search/sightline"
)

// CLIP's rules: what tokenizer.json says of them must be exactly this, because clipNormalize and clipWords are written
// for it. Keys that only concern offsets in the text are left out.
const (
	clipNormalizer = `{"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Replace", "pattern": {"Regex": "\\s+"}, "content": " "}, {"type": "Lowercase"}]}`
	clipSplit      = `'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`
	clipSpecials   = `<\|startoftext\|>|<\|endoftext\|>|` // some files repeat the added tokens, which are found before
)

// clipRules reads the parts of CLIP's tokenizer.
func clipRules(d description) (rules, error) {
	if !sameJSON(d.Normalizer, clipNormalizer) {
		return rules{}, notCLIP("normalizer", d.Normalizer)
	}
	var p struct {
		Type          string `json:"type"`
		PreTokenizers []struct {
			Type     string `json:"type"`
			Pattern  struct{ Regex string }
			Behavior string `json:"behavior"`
			Invert   bool   `json:"invert"`
			Prefix   bool   `json:"add_prefix_space"`
		} `json:"pretokenizers"`
	}
	_ = json.Unmarshal(d.PreTokenizer, &p) // what cannot be read is not equal either
	if p.Type != "Sequence" || len(p.PreTokenizers) != 2 {
		return rules{}, notCLIP("pre_tokenizer", d.PreTokenizer)
	}
	words, bytes := p.PreTokenizers[0], p.PreTokenizers[1]
	pattern := strings.TrimPrefix(words.Pattern.Regex, clipSpecials)
	if words.Type != "Split" || pattern != clipSplit || words.Behavior != "Removed" || !words.Invert || bytes.Type != "ByteLevel" || bytes.Prefix {
		return rules{}, notCLIP("pre_tokenizer", d.PreTokenizer)
	}
	pairs, err := newBytePairs(d.Model)
	if err != nil {
		return rules{}, err
	}
	return rules{normalize: clipNormalize, words: clipWords, pieces: pairs}, nil
}

func notCLIP(part string, got json.RawMessage) error {
	return sightline.Errorf(sightline.CodeBundleCorrupt, "tokenizer.json has a BPE model with a %s that is not CLIP's, only CLIP's is supported: %.200s", part, got)
}

func sameJSON(got json.RawMessage, want string) bool {
	var a, b any
	return json.Unmarshal(got, &a) == nil && json.Unmarshal([]byte(want), &b) == nil && reflect.DeepEqual(a, b)
}

// clipNormalize composes characters and makes them small, each by itself. That a run of white space becomes one space
// is left to clipWords, which drops it.
func clipNormalize(text string) string {
	var b strings.Builder
	for _, r := range compose(text) {
		if r == 'İ' { // the only character that becomes two
			b.WriteString("i\u0307")
			continue
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// compose is NFC with the tables of Unicode 8: to those a later mark is a character like a letter, past which no other
// mark is moved.
func compose(text string) string {
	var b strings.Builder
	for text != "" {
		end := strings.IndexFunc(text, func(r rune) bool { return unicode.Is(since9, r) })
		if end < 0 {
			end = len(text)
		}
		b.WriteString(norm.NFC.String(text[:end]))
		_, later := utf8.DecodeRuneInString(text[end:])
		b.WriteString(text[end : end+later])
		text = text[end+later:]
	}
	return b.String()
}

// clipWords cuts a text as CLIP's pattern does: the endings of English contractions, runs of letters, single digits, runs
// of anything else, white space dropped.
func clipWords(text string) []string {
	var words []string
	for text != "" {
		size := contraction(text)
		if size == 0 {
			size = sameKind(text)
		}
		if kindOf(firstRune(text)) != space {
			words = append(words, text[:size])
		}
		text = text[size:]
	}
	return words
}

// contraction gives the length of an ending such as 's at the beginning of the text, 0 when there is none.
func contraction(text string) int {
	for _, ending := range []string{"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"} {
		if strings.HasPrefix(text, ending) {
			return len(ending)
		}
	}
	return 0
}

// sameKind gives the length of the characters of one kind at the beginning of the text, of one character for a number.
func sameKind(text string) int {
	kind := kindOf(firstRune(text))
	for i, r := range text {
		if i > 0 && (kind == number || kindOf(r) != kind) {
			return i
		}
	}
	return len(text)
}

func firstRune(text string) rune {
	r, _ := utf8.DecodeRuneInString(text)
	return r
}

type runeKind int

const (
	other runeKind = iota
	letter
	number
	space
)

// kindOf tells the kind of a character to the reference's pattern.
func kindOf(r rune) runeKind {
	switch {
	case unicode.IsSpace(r):
		return space
	case unicode.Is(since15, r):
		return other
	case unicode.IsLetter(r):
		return letter
	case unicode.IsNumber(r):
		return number
	}
	return other
}
