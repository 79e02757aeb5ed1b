package encoder

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/sightline-search/sightline"
)

// tokenizer turns a text into token ids, exactly as the Hugging Face library does with the same tokenizer.json.
type tokenizer struct {
	added         []addedToken // recognised in the raw text, as in "[MASK]"
	normalizer    bertNormalizer
	model         wordPiece
	before, after []int64 // ids around every text
	maxTokens     int     // of a text, those around it counted
}

// addedToken is a token that a text is searched for before anything else is done with it.
type addedToken struct {
	ID         int64  `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"`
	LStrip     bool   `json:"lstrip"`
	RStrip     bool   `json:"rstrip"`
	Normalized bool   `json:"normalized"`
}

// plain reports whether the token is found wherever its characters stand, the only way that is supported.
func (t addedToken) plain() bool { return !t.SingleWord && !t.LStrip && !t.RStrip && !t.Normalized }

// newTokenizer reads tokenizer.json. It knows BERT's WordPiece and refuses every other kind, rather than giving ids that
// are almost right.
func newTokenizer(description []byte, maxTokens int) (*tokenizer, error) {
	var f struct {
		AddedTokens  []addedToken   `json:"added_tokens"`
		Normalizer   bertNormalizer `json:"normalizer"`
		PreTokenizer struct {
			Type string `json:"type"`
		} `json:"pre_tokenizer"`
		PostProcessor template  `json:"post_processor"`
		Model         wordPiece `json:"model"`
	}
	if err := json.Unmarshal(description, &f); err != nil {
		return nil, sightline.Errorf(sightline.CodeBundleCorrupt, "tokenizer.json cannot be read: %w", err)
	}
	for _, part := range []struct{ name, got, want string }{
		{"model", f.Model.Type, "WordPiece"},
		{"normalizer", f.Normalizer.Type, "BertNormalizer"},
		{"pre_tokenizer", f.PreTokenizer.Type, "BertPreTokenizer"},
		{"post_processor", f.PostProcessor.Type, "TemplateProcessing"},
	} {
		if part.got != part.want {
			return nil, sightline.Errorf(sightline.CodeBundleCorrupt, "tokenizer.json has a %s of type %q, only %q is supported", part.name, part.got, part.want)
		}
	}
	for _, t := range f.AddedTokens {
		if !t.plain() || t.Content == "" {
			return nil, sightline.Errorf(sightline.CodeBundleCorrupt, "tokenizer.json: the added token %q asks for stripping, normalising or whole words, which is not supported", t.Content)
		}
	}
	t := &tokenizer{added: f.AddedTokens, normalizer: f.Normalizer, model: f.Model, maxTokens: maxTokens}
	var err error
	if t.before, t.after, err = f.PostProcessor.around(); err != nil {
		return nil, err
	}
	if maxTokens <= len(t.before)+len(t.after) {
		return nil, sightline.Errorf(sightline.CodeBundleCorrupt, "text.max_tokens is %d, which leaves no room for a text between its %d special tokens", maxTokens, len(t.before)+len(t.after))
	}
	return t, t.model.check()
}

// encode gives the ids of a text with the special ones around it, at most maxTokens: the text is cut, they are kept.
// Bytes that are no UTF-8 count as U+FFFD.
func (t *tokenizer) encode(text string) []int64 {
	text = strings.ToValidUTF8(text, "\uFFFD")
	ids := slices.Clone(t.before)
	room := t.maxTokens - len(t.after)
	for text != "" && len(ids) < room {
		at, token := t.nextAdded(text)
		for _, word := range t.normalizer.words(text[:at]) {
			if len(ids) >= room {
				break
			}
			ids = t.model.append(ids, word)
		}
		if token == nil {
			break
		}
		ids = append(ids, token.ID)
		text = text[at+len(token.Content):]
	}
	return append(ids[:min(len(ids), room)], t.after...)
}

// nextAdded finds the first added token in the text, the longest where several begin there; nil and the text's length
// when there is none.
func (t *tokenizer) nextAdded(text string) (at int, token *addedToken) {
	at = len(text)
	for i := range t.added {
		candidate := &t.added[i]
		found := strings.Index(text, candidate.Content)
		if found < 0 || found > at || (found == at && token != nil && len(token.Content) >= len(candidate.Content)) {
			continue
		}
		at, token = found, candidate
	}
	return at, token
}

// template is the post-processor that puts special tokens around a text.
type template struct {
	Type   string `json:"type"`
	Single []struct {
		SpecialToken *struct {
			ID string `json:"id"`
		} `json:"SpecialToken"`
	} `json:"single"`
	SpecialTokens map[string]struct {
		IDs []int64 `json:"ids"`
	} `json:"special_tokens"`
}

// around gives the ids before and after a text.
func (p template) around() (before, after []int64, err error) {
	ids, texts := &before, 0
	for _, step := range p.Single {
		if step.SpecialToken == nil {
			ids, texts = &after, texts+1
			continue
		}
		special, ok := p.SpecialTokens[step.SpecialToken.ID]
		if !ok {
			return nil, nil, sightline.Errorf(sightline.CodeBundleCorrupt, "tokenizer.json: its template uses %q and does not say which ids that is", step.SpecialToken.ID)
		}
		*ids = append(*ids, special.IDs...)
	}
	if texts != 1 {
		return nil, nil, sightline.Errorf(sightline.CodeBundleCorrupt, "tokenizer.json: its template for one text holds %d texts", texts)
	}
	return before, after, nil
}
