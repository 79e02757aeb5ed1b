package encoder

import (
	"bufio"
	"compress/gzip"
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
	"github.com/sightline-search/sightline/bundle/bundletest"
)

func defaultTokenizer(tb testing.TB, maxTokens int) *tokenizer {
	tb.Helper()
	description, err := os.ReadFile(bundletest.Open(tb).Path("tokenizer.json"))
	require.NoError(tb, err)
	tok, err := newTokenizer(description, maxTokens)
	require.NoError(tb, err)
	return tok
}

// lines reads a gzipped file of testdata line by line.
func lines(t *testing.T, name string, each func(line []byte)) {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name))
	require.NoError(t, err)
	defer f.Close()
	plain, err := gzip.NewReader(f)
	require.NoError(t, err)
	scanner := bufio.NewScanner(plain)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		each(scanner.Bytes())
	}
	require.NoError(t, scanner.Err())
}

func TestTokensEqualTheReference(t *testing.T) {
	whole, cut := defaultTokenizer(t, 1<<20), defaultTokenizer(t, 64)
	texts := 0
	lines(t, "tokens.jsonl.gz", func(line []byte) {
		var want struct {
			Text string
			IDs  []int64
		}
		require.NoError(t, json.Unmarshal(line, &want))
		texts++
		short := want.Text[:min(len(want.Text), 60)]
		assert.Equal(t, want.IDs, whole.encode(want.Text), "%q", short)
		if n := len(want.IDs); n > 64 {
			want.IDs = append(want.IDs[:63:63], want.IDs[n-1])
		}
		assert.Equal(t, want.IDs, cut.encode(want.Text), "%q cut", short)
	})
	assert.Greater(t, texts, 1000)
}

func TestEveryCharacterIsTreatedAsTheReferenceDoes(t *testing.T) {
	// The reference's tables do not decompose this one, a vowel sign of the Dives Akuru script.
	const divesAkuruO = 0x11938
	tok, characters := defaultTokenizer(t, 64), 0
	lines(t, "characters.txt.gz", func(line []byte) {
		fields := strings.Fields(string(line))
		var first, last rune
		_, err := fmt.Sscanf(fields[0]+" "+fields[1], "%x %x", &first, &last)
		require.NoError(t, err)
		for c := first; c <= last; c++ {
			characters++
			want := map[string]string{"drop": "xy", "space": "x|y", "alone": "x|" + string(c) + "|y", "keep": "x" + string(c) + "y"}[fields[2]]
			if want == "" {
				want = "x" + fields[3+c-first] + "y"
			}
			got := strings.Join(tok.words(tok.normalize("x"+string(c)+"y")), "|")
			if got != want && c != divesAkuruO {
				assert.Equal(t, want, got, "%U", c)
			}
		}
	})
	assert.Equal(t, int(utf8.MaxRune)+1-0x800, characters, "all but the surrogates")
}

func TestBytesThatAreNoTextCountAsReplacementCharacters(t *testing.T) {
	tok := defaultTokenizer(t, 64)
	assert.Equal(t, tok.encode("a dog\uFFFD on"), tok.encode("a dog\xff on"))
	assert.Equal(t, tok.encode(""), tok.encode("\xff\xfe\xc3"))
}

func TestLongTextsAreCutBetweenTheSpecialTokens(t *testing.T) {
	tok := defaultTokenizer(t, 8)
	ids := tok.encode(strings.Repeat("dog ", 50))
	assert.Equal(t, []int64{101, 3899, 3899, 3899, 3899, 3899, 3899, 102}, ids)
	assert.Equal(t, []int64{101, 102}, tok.encode(""))
}

func TestTokenizersOfOtherKindsAreRefused(t *testing.T) {
	const good = `{"added_tokens": [{"id": 1, "content": "[X]"}], "normalizer": {"type": "BertNormalizer"}, "pre_tokenizer": {"type": "BertPreTokenizer"},
		"post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "[X]"}}, {"Sequence": {"id": "A"}}], "special_tokens": {"[X]": {"ids": [1]}}},
		"model": {"type": "WordPiece", "unk_token": "[U]", "vocab": {"[U]": 0, "[X]": 1, "a": 2}, "max_input_chars_per_word": 9}}`
	tok, err := newTokenizer([]byte(good), 4)
	require.NoError(t, err)
	require.Equal(t, []int64{1, 2, 0, 1}, tok.encode("a b [X]"))
	for _, c := range []struct{ from, to, says string }{
		{`"WordPiece"`, `"Unigram"`, `a model of type "Unigram", only ["WordPiece" "BPE"] is supported`},
		{`"BertNormalizer"`, `"NFC"`, `a normalizer of type "NFC"`},
		{`"BertPreTokenizer"`, `"ByteLevel"`, `a pre_tokenizer of type "ByteLevel"`},
		{`"TemplateProcessing"`, `"ByteLevel"`, `a post_processor of type "ByteLevel"`},
		{`"id": 1, "content"`, `"id": 1, "lstrip": true, "content"`, `the added token "[X]"`},
		{`"[U]": 0, `, ``, `the unknown token "[U]" is not among its 2 words`},
		{`"special_tokens": {"[X]"`, `"special_tokens": {"[Y]"`, `uses "[X]"`},
		{`{"Sequence": {"id": "A"}}`, `{"SpecialToken": {"id": "[X]"}}`, `holds 0 texts`},
		{`{`, `[`, "cannot be read"},
	} {
		_, err := newTokenizer([]byte(strings.Replace(good, c.from, c.to, 1)), 4)
		require.ErrorContains(t, err, c.says)
		assert.Equal(t, sightline.CodeBundleCorrupt, sightline.CodeOf(err), c.says)
	}
	_, err = newTokenizer([]byte(good), 1)
	assert.ErrorContains(t, err, "no room")
}

// Any text gives ids of the vocabulary between the special tokens, within the limit.
func FuzzTokenize(f *testing.F) {
	for _, text := range []string{"", "a dog", "[CLS]", "e\u0301\u200d写真", "\xff\x00", strings.Repeat("x", 300)} {
		f.Add(text)
	}
	tok := defaultTokenizer(f, 16)
	f.Fuzz(func(t *testing.T, text string) {
		ids := tok.encode(text)
		assert.LessOrEqual(t, len(ids), 16)
		assert.Equal(t, int64(101), ids[0])
		assert.Equal(t, int64(102), ids[len(ids)-1])
		for _, id := range ids {
			assert.True(t, 0 <= id && id < 30522, "%d", id)
		}
	})
}
