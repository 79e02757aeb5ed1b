package encoder

import (
	"encoding/json"

	"github.com/sightline-search/sightline"
)

// addedToken is a token that a text is searched for before it is cut into words.
type addedToken struct {
	ID         int64  `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"`
	LStrip     bool   `json:"lstrip"`
	RStrip     bool   `json:"rstrip"`
	Normalized bool   `json:"normalized"` // found in the normalised text, itself normalised
}

// add keeps the added tokens, which must be such as are found wherever their characters stand.
func (t *tokenizer) add(tokens []addedToken) error {
	for _, token := range tokens {
		content := token.Content
		if token.Normalized {
			content = t.normalize(content)
		}
		if token.SingleWord || token.LStrip || token.RStrip || content == "" {
			return sightline.Errorf(sightline.CodeBundleCorrupt, "tokenizer.json: the added token %q is empty or asks for stripping or whole words, which is not supported", token.Content)
		}
		token.Content = content
		if token.Normalized {
			t.normalized = append(t.normalized, token)
		} else {
			t.raw = append(t.raw, token)
		}
	}
	return nil
}

// template is the post-processor that puts special tokens around a text. BERT's is written out, CLIP's names the two.
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
	First namedID `json:"cls"`
	Last  namedID `json:"sep"`
}

// namedID is a pair of a token and its id, ["<|endoftext|>", 49407].
type namedID struct{ id *int64 }

func (n *namedID) UnmarshalJSON(raw []byte) error {
	var name string
	return json.Unmarshal(raw, &[]any{&name, &n.id})
}

// around gives the ids before and after a text.
func (p template) around() (before, after []int64, err error) {
	switch p.Type {
	case "TemplateProcessing":
		return p.written()
	case "RobertaProcessing":
		if p.First.id == nil || p.Last.id == nil {
			return nil, nil, sightline.Errorf(sightline.CodeBundleCorrupt, "tokenizer.json: its post_processor does not name the tokens around a text")
		}
		return []int64{*p.First.id}, []int64{*p.Last.id}, nil
	}
	return nil, nil, unsupported("post_processor", p.Type, "TemplateProcessing", "RobertaProcessing")
}

func (p template) written() (before, after []int64, err error) {
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
