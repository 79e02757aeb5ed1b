package gloss_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/internal/gloss"
)

func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	return dir
}

func requireGlosses(t *testing.T, d *gloss.Dictionary, want map[string]string) {
	t.Helper()
	for name, gloss := range want {
		got, ok := d.Lookup(name)
		assert.Equal(t, gloss != "", ok, name)
		assert.Equal(t, gloss, got, name)
	}
}

func TestAFileOfGlosses(t *testing.T) {
	path := filepath.Join(folder(t, map[string]string{"g.tsv": "# mine\n\nred panda\ta small mammal.\r\nT-shirt\t a shirt ; without buttons \nü\tumlaut"}), "g.tsv")
	d, err := gloss.Open(path)
	require.NoError(t, err)
	assert.Equal(t, path, d.Path)
	requireGlosses(t, d, map[string]string{
		"Red Panda": "a small mammal", "red-panda": "a small mammal", "t shirt": "a shirt ; without buttons", "Ü": "umlaut", "panda": "", "": "",
	})
}

func TestGlossesThatMakeNoSenseAreRefused(t *testing.T) {
	for content, says := range map[string]string{
		"dog\tan animal\ncat":               "line 2: it has no tab",
		"\tan animal":                       "line 1: it has no name",
		"dog\t ":                            "line 1: it has no gloss",
		"dog\tan animal\nDOG\tagain":        "line 2: its name is on a line before",
		"dog\t\xff":                         "line 1: it is not UTF-8",
		"dog\t" + strings.Repeat("x", 2000): "the gloss has 2000 characters; at most 1000",
		"dog\ta\ncat\t" + strings.Repeat("x", 10<<20): "line 2: it is longer than 65536 bytes",
	} {
		_, err := gloss.Open(filepath.Join(folder(t, map[string]string{"g.tsv": content}), "g.tsv"))
		require.ErrorContains(t, err, says)
		assert.Less(t, len(err.Error()), 300)
		assert.Equal(t, sightline.CodeInvalid, sightline.CodeOf(err))
	}
	_, err := gloss.Open("/no/such/file")
	assert.Equal(t, sightline.CodeNotFound, sightline.CodeOf(err))
}

// Of a crane, the first sense is a person.
const (
	data = "00000000 18 n 01 Crane 0 001 @i 00000001 n 0000 | a poet called so (1899-1932)  \n" +
		"00000081 06 n 01 crane 0 001 @ 00000001 n 0000 | a machine; lifts loads; \"the crane; it swung\"; \"a crane driver\"  \n" +
		"00000196 18 n 01 Ada 0 001 @i 00000001 n 0000 | a countess  \n"
	index = "  1 This line is a licence.  \n" +
		"crane n 2 1 @ 2 0 00000000 00000081  \nada n 1 1 @i 1 0 00000196  \nlift_truck n 1 1 @ 1 0 00000081  \n"
)

func TestWordNetGivesTheFirstKindOfThing(t *testing.T) {
	dir := folder(t, map[string]string{"index.noun": index, "data.noun": data})
	d, err := gloss.Open(dir)
	require.NoError(t, err)
	requireGlosses(t, d, map[string]string{
		"Crane": "a machine; lifts loads", "cranes": "a machine; lifts loads", "lift truck": "a machine; lifts loads",
		"ada": "a countess", "zebra": "", "s": "",
	})
	found, err := gloss.Find([]string{t.TempDir(), dir})
	require.NoError(t, err)
	assert.Equal(t, dir, found.Path)
	found, err = gloss.Find([]string{t.TempDir()})
	require.NoError(t, err)
	assert.Nil(t, found)
}

func TestDamagedWordNets(t *testing.T) {
	for says, files := range map[string]map[string]string{
		"no such file":                     {},
		"data.noun: no such file":          {"index.noun": index},
		"line 1: too few fields":           {"index.noun": "dog n\n", "data.noun": data},
		`wrong number of senses, "two"`:    {"index.noun": "dog n two 0 2 0 00000000\n", "data.noun": data},
		`wrong number of senses, "9"`:      {"index.noun": "dog n 9 0 2 0 00000000\n", "data.noun": data},
		`no sense at offset "00000001"`:    {"index.noun": "dog n 1 0 1 0 00000001\n", "data.noun": data},
		`no sense at offset "99999999"`:    {"index.noun": "dog n 1 0 1 0 99999999\n", "data.noun": data},
		`line 2: no sense at offset "-10"`: {"index.noun": "ada n 1 1 @i 1 0 00000196\ndog n 1 0 1 0 -10\n", "data.noun": data},
	} {
		dir := folder(t, files)
		_, err := gloss.Open(dir)
		require.ErrorContains(t, err, says)
		require.ErrorContains(t, err, dir+" is not WordNet's folder")
		assert.Equal(t, sightline.CodeInvalid, sightline.CodeOf(err))
	}
}

// The real one, as Debian installs it.
func TestTheInstalledWordNetIsRead(t *testing.T) {
	d, err := gloss.Find(gloss.Usual())
	require.NoError(t, err)
	require.NotNil(t, d, "WordNet is not installed in any of %v; `make setup` installs it", gloss.Usual())
	for name, part := range map[string]string{
		"red panda": "raccoon-like", "Lighthouse": "tower", "dogs": "wolf", "crane": "heavy", "t-shirt": "shirt", "fire engine": "truck", "candies": "sugar",
	} {
		text, ok := d.Lookup(name)
		assert.True(t, ok, name)
		assert.Contains(t, text, part)
		assert.NotContains(t, text, `"`, "examples are left out")
	}
	_, ok := d.Lookup("qwertyuiop")
	assert.False(t, ok)
}
