package descriptions_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/internal/descriptions"
)

func file(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "labels.json")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func TestReadGivesLabelsAndDescriptionsInTheFilesOrder(t *testing.T) {
	labels, err := descriptions.Read(file(t, `[{" red panda ": ["a photo of a red panda.", "\n\nRust-red & small.", "Rust-red & small."]}, {"cat": ["Katze 猫"]}]`))
	require.NoError(t, err)
	assert.Equal(t, []descriptions.Label{
		{Name: "red panda", Descriptions: []string{"a photo of a red panda.", "\n\nRust-red & small.", "Rust-red & small."}},
		{Name: "cat", Descriptions: []string{"Katze 猫"}},
	}, labels, "descriptions as they are, repeated ones too: language models repeat themselves")
}

func TestWhatIsWrittenIsReadAgainAndStable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "labels.json")
	labels := []descriptions.Label{
		{Name: "dog & \"pup\"", Descriptions: []string{"a <b>photo</b> of a dog.", "line\nbreak"}},
		{Name: "Ärmel", Descriptions: []string{"袖"}},
	}
	require.NoError(t, descriptions.Write(path, labels))
	first, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Contains(t, string(first), "a <b>photo</b> of a dog.", "readable, not escaped for HTML")
	read, err := descriptions.Read(path)
	require.NoError(t, err)
	assert.Equal(t, labels, read)
	require.NoError(t, descriptions.Write(path, read))
	second, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(first), string(second))
	left, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	assert.Len(t, left, 1, "no temporary file stays")
}

func TestFilesThatMakeNoSenseAreRefused(t *testing.T) {
	long := strings.Repeat("x", 10<<20)
	many := strings.Repeat(`"d",`, descriptions.MaxDescriptions)
	for name, tc := range map[string]struct{ content, says string }{
		"empty":                 {"", "it is not JSON: line 1, column 1: unexpected end of JSON input"},
		"not JSON":              {"[{\"dog\": [\"a\"]},\n {cat}]", "line 2, column 3: invalid character 'c'"},
		"torn":                  {`[{"dog": ["a"`, "line 1, column 13: unexpected end of JSON input"},
		"more after it":         {`[{"dog": ["a"]}] []`, "line 1, column 18: invalid character '['"},
		"not UTF-8":             {"[{\"dog\":\n [\"\uFFFD \xff\"]}]", "line 2, column 6: the bytes there are not UTF-8"},
		"deep":                  {strings.Repeat("[", 1<<20), "exceeded max depth"},
		"an object":             {`{"dog": ["a"]}`, "the file is not a list of labels"},
		"no labels":             {"[]", "it has no labels"},
		"a string":              {`[{"dog": ["a"]}, "cat"]`, `entry 2 is the string "cat"; it must be an object {label: [descriptions]}`},
		"null":                  {`[null]`, "entry 1 is null"},
		"no key":                {`[{}]`, "entry 1 is an empty object; it must have one key"},
		"several keys":          {`[{"dog": ["a"], "cat": ["b"]}]`, `entry 1 has several keys, "dog" and "cat"; it must have one`},
		"the same key twice":    {`[{"dog": ["a"], "dog": ["b"]}]`, `several keys, "dog" and "dog"`},
		"no list":               {`[{"dog": "a"}]`, `entry 1, label "dog" has the string "a"; it must have a list of descriptions`},
		"a list in the list":    {`[{"dog": ["a", ["b"]]}]`, `entry 1, label "dog", description 2 is a list; it must be a string`},
		"a number":              {`[{"dog": [7]}]`, `description 1 is the number "7"; it must be a string`},
		"empty name":            {`[{"  ": ["a"]}]`, "entry 1: a label's name is empty"},
		"line break in a name":  {`[{"dog\ncat": ["a"]}]`, `entry 1: the name "dog\ncat" has control characters`},
		"twice":                 {`[{"Dog": ["a"]}, {"cat": ["a"]}, {" dOG": ["b"]}]`, `entry 3: the label "dOG" is there already, as entry 1 ("Dog")`},
		"no descriptions":       {`[{"dog": []}]`, `entry 1, label "dog" has no descriptions`},
		"empty description":     {`[{"dog": ["a", " \n"]}]`, `entry 1, label "dog", description 2: it is empty`},
		"long name":             {`[{"` + long + `": ["a"]}]`, "has 10485760 characters; at most 100 are allowed"},
		"long description":      {`[{"dog": ["a", "` + long + `"]}]`, `label "dog", description 2: "` + strings.Repeat("x", 60) + `"… has 10485760 characters; at most 2000`},
		"long number":           {`[{"dog": [` + strings.Repeat("7", 5000) + `]}]`, "it must be a string"},
		"too many descriptions": {`[{"dog": [` + many + `"d"]}]`, "has 1001 descriptions; at most 1000"},
		"too many labels":       {"[" + strings.Repeat(`{"d":["a"]},`, descriptions.MaxLabels) + `{"d":["a"]}]`, "more than 100000 labels"},
	} {
		t.Run(name, func(t *testing.T) {
			path := file(t, tc.content)
			_, err := descriptions.Read(path)
			require.ErrorContains(t, err, path)
			require.ErrorContains(t, err, tc.says)
			assert.Equal(t, sightline.CodeInvalid, sightline.CodeOf(err))
			assert.Less(t, len(err.Error()), 600, "an error is for reading")
		})
	}
}

func TestAFileThatIsTooLargeIsNotRead(t *testing.T) {
	path := file(t, "[]")
	require.NoError(t, os.Truncate(path, descriptions.MaxFileBytes+1)) // takes no space on the disk
	_, err := descriptions.Read(path)
	require.ErrorContains(t, err, path+" is larger than a descriptions file may be, 256 MiB")
	assert.Equal(t, sightline.CodeInvalid, sightline.CodeOf(err))
}

func TestFilesThatCannotBeRead(t *testing.T) {
	_, err := descriptions.Read(filepath.Join(t.TempDir(), "no.json"))
	assert.Equal(t, sightline.CodeNotFound, sightline.CodeOf(err))
	require.ErrorContains(t, err, "no.json")
	_, err = descriptions.Read(t.TempDir())
	assert.Equal(t, sightline.CodeUnreadable, sightline.CodeOf(err))
}

func TestWhatReadWouldRefuseIsNotWritten(t *testing.T) {
	path := file(t, "what was there")
	good := descriptions.Label{Name: "dog", Descriptions: []string{"a dog"}}
	for name, labels := range map[string][]descriptions.Label{
		"nothing":         nil,
		"twice":           {good, {Name: "DOG", Descriptions: []string{"b"}}},
		"no descriptions": {good, {Name: "cat"}},
		"not UTF-8":       {{Name: "dog", Descriptions: []string{"\xff"}}},
		"a name not so":   {{Name: "\xff", Descriptions: []string{"a"}}},
		"too long":        {{Name: "dog", Descriptions: []string{strings.Repeat("x", descriptions.MaxDescription+1)}}},
	} {
		t.Run(name, func(t *testing.T) {
			err := descriptions.Write(path, labels)
			require.ErrorContains(t, err, path)
			assert.Equal(t, sightline.CodeInvalid, sightline.CodeOf(err))
			kept, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, "what was there", string(kept))
		})
	}
}

func TestPlacesThatCannotBeWrittenTo(t *testing.T) {
	labels := []descriptions.Label{{Name: "dog", Descriptions: []string{"a dog"}}}
	folder := t.TempDir()
	for _, path := range []string{folder, filepath.Join(folder, "no", "labels.json"), "/dev/null"} {
		err := descriptions.Write(path, labels)
		require.ErrorContains(t, err, path)
		assert.Equal(t, sightline.CodeUnreadable, sightline.CodeOf(err))
	}
	info, err := os.Stat("/dev/null")
	require.NoError(t, err)
	assert.False(t, info.Mode().IsRegular())
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestALinkStaysALink(t *testing.T) {
	folder := t.TempDir()
	target, link := file(t, "[]"), filepath.Join(folder, "link.json")
	require.NoError(t, os.Symlink(target, link))
	require.NoError(t, descriptions.Write(link, []descriptions.Label{{Name: "dog", Descriptions: []string{"a dog"}}}))
	labels, err := descriptions.Read(target)
	require.NoError(t, err)
	assert.Len(t, labels, 1)
}

func TestMissingLabelsAreNamed(t *testing.T) {
	labels := []descriptions.Label{{Name: "Dog", Descriptions: []string{"a dog"}}, {Name: "cat", Descriptions: []string{"a cat"}}}
	require.NoError(t, descriptions.Complete("l.json", labels, []string{"cat", " dog"}))
	wanted := []string{"dog"}
	for i := range 12 {
		wanted = append(wanted, fmt.Sprintf("label %d", i))
	}
	assert.Equal(t, wanted[1:], descriptions.Missing(labels, wanted))
	err := descriptions.Complete("l.json", labels, wanted)
	require.ErrorContains(t, err, `l.json has no descriptions of "label 0", "label 1"`)
	require.ErrorContains(t, err, `"label 9" and 2 more (12 of 13 labels are missing`)
	assert.Equal(t, sightline.CodeInvalid, sightline.CodeOf(err))
}
