package encoder

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
)

func clipDescription(tb testing.TB) string {
	tb.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "clip_tokenizer.json"))
	require.NoError(tb, err)
	return string(raw)
}

func clipTokenizer(tb testing.TB, maxTokens int) *tokenizer {
	tb.Helper()
	tok, err := newTokenizer([]byte(clipDescription(tb)), maxTokens)
	require.NoError(tb, err)
	return tok
}

func TestCLIPTokensEqualTheReference(t *testing.T) {
	whole, cut := clipTokenizer(t, 1<<20), clipTokenizer(t, 77)
	texts := 0
	lines(t, "clip_tokens.jsonl.gz", func(line []byte) {
		var want struct {
			Text string
			IDs  []int64
		}
		require.NoError(t, json.Unmarshal(line, &want))
		texts++
		short := want.Text[:min(len(want.Text), 60)]
		assert.Equal(t, want.IDs, whole.encode(want.Text), "%q", short)
		if n := len(want.IDs); n > 77 {
			want.IDs = append(want.IDs[:76:76], want.IDs[n-1])
		}
		assert.Equal(t, want.IDs, cut.encode(want.Text), "%q cut", short)
	})
	assert.Greater(t, texts, 1000)
}

func TestEveryCharacterIsTreatedAsCLIPDoes(t *testing.T) {
	characters := 0
	lines(t, "clip_characters.txt.gz", func(line []byte) {
		fields := strings.Split(string(line), " ")
		var first, last rune
		_, err := fmt.Sscanf(fields[0]+" "+fields[1], "%x %x", &first, &last)
		require.NoError(t, err)
		for c := first; c <= last; c++ {
			if !utf8.ValidRune(c) {
				continue
			}
			characters++
			want := string(c)
			if len(fields) > 3 {
				want = fields[3+c-first]
			}
			kind, got := treatment(c)
			if kind != fields[2] || (got != want && kind != "space") {
				assert.Equal(t, fields[2]+" "+want, kind+" "+got, "%U", c)
			}
		}
	})
	assert.Equal(t, int(utf8.MaxRune)+1-0x800, characters, "all but the surrogates")
}

// treatment tells the kind of a character, as testdata/make_clip.py does, and what becomes of it.
func treatment(c rune) (kind, seen string) {
	seen = clipNormalize(string(c))
	switch {
	case len(clipWords("x"+seen+"y")) == 1:
		return "letters", seen
	case len(clipWords("x"+seen+"y")) == 2:
		return "space", seen
	case len(clipWords("!"+seen+"!")) == 1:
		return "other", seen
	}
	return "number", seen
}

func TestCLIPTokenizersThatDifferAreRefused(t *testing.T) {
	good := clipDescription(t)
	for _, c := range []struct{ from, to, says string }{
		{`"type": "NFC"`, `"type": "NFKC"`, "a normalizer that is not CLIP's"},
		{`{"type": "Lowercase"}`, `{"type": "Strip"}`, "a normalizer that is not CLIP's"},
		{`'s|'t`, `'t|'s`, "a pre_tokenizer that is not CLIP's"},
		{`"invert": true`, `"invert": false`, "a pre_tokenizer that is not CLIP's"},
		{`"add_prefix_space": false, "trim_offsets": true`, `"add_prefix_space": true, "trim_offsets": true`, "a pre_tokenizer that is not CLIP's"},
		{`"RobertaProcessing"`, `"ByteLevel"`, `a post_processor of type "ByteLevel"`},
		{`"sep": ["<|endoftext|>"`, `"pes": ["<|endoftext|>"`, "does not name the tokens around a text"},
		{`"dropout": null`, `"dropout": 0.1`, "dropout"},
		{`"continuing_subword_prefix": ""`, `"continuing_subword_prefix": "##"`, "continuing_subword_prefix"},
		{`"a</w>": `, `"a</v>": `, `"a</w>", for byte 97, is not among its`},
		{`"merges": [`, `"merges": ["a 🦕", `, `the merge of "a" and "🦕"`},
		{`"merges": [`, `"merges": ["a b c", `, `the merge "a b c" is not a pair`},
		{`"merges": [`, `"merges": [["a"], `, `the merge ["a"] is not a pair`},
		{`"lstrip": false`, `"lstrip": true`, "asks for stripping"},
	} {
		bad := strings.Replace(good, c.from, c.to, 1)
		require.NotEqual(t, good, bad, c.from)
		_, err := newTokenizer([]byte(bad), 77)
		require.ErrorContains(t, err, c.says)
		assert.Equal(t, sightline.CodeBundleCorrupt, sightline.CodeOf(err), c.says)
	}
}

func TestCLIPMergesMayBePairs(t *testing.T) {
	var d map[string]any
	require.NoError(t, json.Unmarshal([]byte(clipDescription(t)), &d))
	model := d["model"].(map[string]any)
	for i, merge := range model["merges"].([]any) {
		model["merges"].([]any)[i] = strings.Split(merge.(string), " ")
	}
	raw, err := json.Marshal(d)
	require.NoError(t, err)
	tok, err := newTokenizer(raw, 77)
	require.NoError(t, err)
	assert.Equal(t, clipTokenizer(t, 77).encode("A dog's bicycle"), tok.encode("A dog's bicycle"))
}

func TestCLIPTextsKeepTheirEnds(t *testing.T) {
	tok := clipTokenizer(t, 5)
	ends := tok.encode("")
	require.Len(t, ends, 2)
	for _, text := range []string{strings.Repeat("dog ", 50), strings.Repeat("x", 10_000), "<|endoftext|>" + strings.Repeat("<|ENDOFTEXT|>", 9)} {
		ids := tok.encode(text)
		assert.Len(t, ids, 5)
		assert.Equal(t, ends[0], ids[0])
		assert.Equal(t, ends[1], ids[4])
	}
	assert.Equal(t, tok.encode("a\uFFFD"), tok.encode("a\xff"))
}

// Any text gives ids of the vocabulary between the special tokens, within the limit.
func FuzzCLIPTokenize(f *testing.F) {
	for _, text := range []string{"", "a dog's", "<|endoftext|>", "e\u0301\u200d写真", "\xff\x00", strings.Repeat("x", 300)} {
		f.Add(text)
	}
	tok := clipTokenizer(f, 16)
	ends := tok.encode("")
	f.Fuzz(func(t *testing.T, text string) {
		ids := tok.encode(text)
		assert.LessOrEqual(t, len(ids), 16)
		assert.Equal(t, ends[0], ids[0])
		assert.Equal(t, ends[1], ids[len(ids)-1])
		for _, id := range ids {
			assert.True(t, 0 <= id && id <= ends[1], "%d", id)
		}
	})
}
