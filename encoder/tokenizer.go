package encoder

import (
	"encoding/json"
	"iter"
	"slices"
	"strings"

	"github.com/sightline-search/sightline"
)

// tokenizer turns a text into token ids, exactly as the Hugging Face library does with the same tokenizer.json.
type tokenizer struct {
	raw, normalized []addedToken // recognised in the text as it is, as in "[MASK]", and in the normalised text
	rules
	before, after []int64 // ids around every text
	maxTokens     int     // of a text, those around it counted
}

// rules are what differs between the kinds of tokenizer.
type rules struct {
	normalize func(text string) string
	words     func(text string) []string // cuts a normalised text
	pieces    interface {
		append(ids []int64, word string) []int64 // adds the ids of a word
	}
}

// description is tokenizer.json. What its parts may be depends on the model's type.
type description struct {
	AddedTokens   []addedToken    `json:"added_tokens"`
	Normalizer    json.RawMessage `json:"normalizer"`
	PreTokenizer  json.RawMessage `json:"pre_tokenizer"`
	PostProcessor template        `json:"post_processor"`
	Model         json.RawMessage `json:"model"`
}

// newTokenizer reads tokenizer.json. It knows BERT's WordPiece and CLIP's byte pairs and refuses every other kind, rather
// than giving ids that are almost right.
func newTokenizer(raw []byte, maxTokens int) (*tokenizer, error) {
	var d description
	if err := json.Unmarshal(raw, &d); err != nil {
		return nil, sightline.Errorf(sightline.CodeBundleCorrupt, "tokenizer.json cannot be read: %w", err)
	}
	t := &tokenizer{maxTokens: maxTokens}
	var err error
	switch kind := typeOf(d.Model); kind {
	case "WordPiece":
		t.rules, err = bertRules(d)
	case "BPE":
		t.rules, err = clipRules(d)
	default:
		err = unsupported("model", kind, "WordPiece", "BPE")
	}
	if err != nil {
		return nil, err
	}
	if err := t.add(d.AddedTokens); err != nil {
		return nil, err
	}
	if t.before, t.after, err = d.PostProcessor.around(); err != nil {
		return nil, err
	}
	if maxTokens <= len(t.before)+len(t.after) {
		return nil, sightline.Errorf(sightline.CodeBundleCorrupt, "text.max_tokens is %d, which leaves no room for a text between its %d special tokens", maxTokens, len(t.before)+len(t.after))
	}
	return t, nil
}

// typeOf reads the type of a part; "" where it says none.
func typeOf(part json.RawMessage) string {
	var p struct {
		Type string `json:"type"`
	}
	_ = json.Unmarshal(part, &p) // what is no object has no type, and is refused for that
	return p.Type
}

func unsupported(part, got string, known ...string) error {
	return sightline.Errorf(sightline.CodeBundleCorrupt, "tokenizer.json has a %s of type %q, only %q is supported", part, got, known)
}

// encode gives the ids of a text with the special ones around it, at most maxTokens: the text is cut, they are kept.
// Bytes that are no UTF-8 count as U+FFFD.
func (t *tokenizer) encode(text string) []int64 {
	ids := slices.Clone(t.before)
	room := t.maxTokens - len(t.after)
	for plain, token := range split(strings.ToValidUTF8(text, "\uFFFD"), t.raw) {
		ids = t.appendPlain(ids, plain, room)
		if token != nil {
			ids = append(ids, token.ID)
		}
		if len(ids) >= room {
			break
		}
	}
	return append(ids[:min(len(ids), room)], t.after...)
}

// appendPlain adds the ids of a text without raw tokens, and stops soon after there are enough.
func (t *tokenizer) appendPlain(ids []int64, text string, enough int) []int64 {
	for plain, token := range split(t.normalize(text), t.normalized) {
		for _, word := range t.words(plain) {
			if len(ids) >= enough {
				return ids
			}
			ids = t.pieces.append(ids, word)
		}
		if token != nil {
			ids = append(ids, token.ID)
		}
	}
	return ids
}

// split cuts a text at the tokens: each part, and the token behind it or nil.
func split(text string, tokens []addedToken) iter.Seq2[string, *addedToken] {
	return func(yield func(string, *addedToken) bool) {
		for text != "" {
			at, token := nextAdded(text, tokens)
			if !yield(text[:at], token) || token == nil {
				return
			}
			text = text[at+len(token.Content):]
		}
	}
}

// nextAdded finds the first token in the text, the longest where several begin there; nil and the text's length when
// there is none.
func nextAdded(text string, tokens []addedToken) (at int, token *addedToken) {
	at = len(text)
	for i := range tokens {
		candidate := &tokens[i]
		found := strings.Index(text, candidate.Content)
		if found < 0 || found > at || (found == at && token != nil && len(token.Content) >= len(candidate.Content)) {
			continue
		}
		at, token = found, candidate
	}
	return at, token
}
