package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline/internal/imagefile"
)

func parse(t *testing.T, text string) map[string]any {
	t.Helper()
	var document map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &document), text)
	return document
}

func TestIndexingTwiceDoesNothingTheSecondTime(t *testing.T) {
	p := newPlace(t)
	folder := photographs(t, 12)
	first := p.json(exitDone, "index", folder)
	assert.EqualValues(t, 12, first["seen"])
	assert.EqualValues(t, 12, first["added"])
	assert.Equal(t, []any{}, first["failed"])
	for _, key := range []string{"seen", "added", "updated", "moved", "duplicates", "unchanged", "removed", "failed", "seconds", "images_per_second"} {
		assert.Contains(t, first, key)
	}
	before := dump(t, p.data)
	second := p.json(exitDone, "index", folder)
	assert.EqualValues(t, 12, second["unchanged"])
	assert.EqualValues(t, 0, second["added"])
	assert.Equal(t, before, dump(t, p.data))
}

func TestMovedCopiedChangedAndRemovedFilesAreTold(t *testing.T) {
	p := newPlace(t)
	folder := photographs(t, 5)
	at := func(name string) string { return filepath.Join(folder, name) }
	p.must(exitDone, "index", folder)
	require.NoError(t, os.Rename(at("p00.jpg"), at("moved.jpg")))
	copyFile(t, at("p01.jpg"), at("copy.jpg"))
	copyFile(t, at("p02.jpg"), at("p03.jpg"))
	require.NoError(t, os.Remove(at("p04.jpg")))
	o := p.must(exitDone, "index", folder)
	for _, part := range []string{"1 moved", "duplicates", "1 removed"} {
		assert.Contains(t, o.stdout, part)
	}
	assert.NotContains(t, o.stderr, "peak memory", "nobody asked")
	assert.Contains(t, p.must(exitDone, "index", folder, "--log-level", "debug").stderr, "peak memory")
	assert.Greater(t, p.json(exitDone, "index", folder)["peak_memory_bytes"], 1e6)
}

func TestQuietSaysNothingThatIsNotNeeded(t *testing.T) {
	p := newPlace(t)
	folder := photographs(t, 2)
	assert.Empty(t, p.must(exitDone, "index", "--quiet", folder).stderr)
	assert.Empty(t, p.must(exitDone, "search", "--quiet", "dog").stderr)
	writeFile(t, filepath.Join(folder, "empty.jpg"), nil)
	assert.Contains(t, p.must(exitPartial, "index", "--quiet", folder).stderr, "empty.jpg", "reasons stay")
}

func TestSearchShowsATableAndSaysWhenNothingMatches(t *testing.T) {
	p := newPlace(t)
	folder := photographs(t, 4)
	p.must(exitDone, "index", folder)
	o := p.must(exitDone, "search", "an", "animal", "--min-probability", "0")
	assert.Equal(t, 4, strings.Count(o.stdout, folder), "a line for each image:\n%s", o.stdout)
	assert.Contains(t, o.stdout, "%")
	assert.Contains(t, o.stderr, "4 of 4 images match")
	o = p.must(exitDone, "search", "an animal", "--min-probability", "1")
	assert.Contains(t, o.stdout, "nothing matches")
	assert.Contains(t, o.stdout, "nearest, but rejected")
	assert.Contains(t, p.must(exitDone, "search", "an animal", "--min-probability", "0", "--limit", "1").stderr, "--cursor")
}

func TestAnIndexFolderThatIsNotThereIsNoEmptyAnswer(t *testing.T) {
	p := newPlace(t)
	o := p.must(exitFailed, "search", "dog")
	assert.Contains(t, o.stderr, "there is no index in "+p.data)
	assert.Contains(t, o.stderr, "run sightline index PATH")
	assert.Empty(t, o.stdout)
	assert.NoDirExists(t, p.data, "reading creates nothing")
}

func TestAnEmptyIndexIsToldAsSuch(t *testing.T) {
	p := newPlace(t)
	require.NoError(t, os.MkdirAll(p.data, 0o755))
	for _, flag := range []string{"--plain", "--quiet"} {
		o := p.must(exitDone, "search", "dog", flag)
		assert.Contains(t, o.stdout, "nothing matches")
		assert.Equal(t, "sightline: nothing is indexed in "+p.data+" yet; run sightline index PATH\n", o.stderr)
	}
	answer := p.json(exitDone, "search", "dog")
	assert.Equal(t, false, answer["matched"])
	assert.Equal(t, []any{}, answer["results"])
}

func TestAFilterThatLeavesNothingIsToldAsSuch(t *testing.T) {
	p := newPlace(t)
	p.must(exitDone, "index", photographs(t, 2))
	o := p.must(exitDone, "search", "dog", "--filter", "type:bmp")
	assert.Contains(t, o.stdout, "nothing matches")
	assert.Contains(t, o.stderr, "none of the 2 that are indexed has what the filter asks for")
	assert.Empty(t, p.must(exitDone, "search", "dog", "--filter", "type:bmp", "--quiet").stderr)
}

func TestFactsHaveNoProbabilities(t *testing.T) {
	p := newPlace(t)
	folder := photographs(t, 2)
	p.must(exitDone, "index", folder)
	o := p.must(exitDone, "search", "type:jpeg")
	assert.Equal(t, 2, strings.Count(o.stdout, folder))
	assert.NotContains(t, o.stdout+o.stderr, "%")
	assert.Contains(t, o.stderr, "2 images;")
}

func TestResultsComeBeforeWhatIsSaidOfThem(t *testing.T) {
	p := newPlace(t)
	folder := photographs(t, 1)
	p.must(exitDone, "index", folder)
	var terminal strings.Builder
	program := Program{Stdin: strings.NewReader(""), Stdout: &terminal, Stderr: &terminal, Environ: p.env}
	require.Equal(t, exitDone, program.Run(t.Context(), []string{"search", "animal", "--min-probability", "0"}))
	assert.Less(t, strings.Index(terminal.String(), folder), strings.Index(terminal.String(), "1 of 1 image match"))
}

func TestSearchWithAnImageFindsItself(t *testing.T) {
	p := newPlace(t)
	folder := photographs(t, 4)
	p.must(exitDone, "index", folder)
	file := filepath.Join(folder, "p02.jpg")
	answer := p.json(exitDone, "search", "--image", file, "--min-probability", "0")
	hit := answer["results"].([]any)[0].(map[string]any)
	assert.Equal(t, file, hit["path"])
	like := p.json(exitDone, "search", "--like", hit["id"].(string), "--min-probability", "0")
	require.NotEmpty(t, like["results"])
	assert.NotEqual(t, hit["id"], like["results"].([]any)[0].(map[string]any)["id"], "an image is not its own neighbour")
}

func TestTagGivesALineForEachImage(t *testing.T) {
	p := newPlace(t)
	folder := photographs(t, 2)
	bad := filepath.Join(folder, "bad.jpg")
	writeFile(t, bad, []byte("text"))
	good := []string{filepath.Join(folder, "p00.jpg"), filepath.Join(folder, "p01.jpg")}

	o := p.must(exitPartial, "tag", "--json", good[0], bad, good[1])
	lines := strings.Split(strings.TrimSpace(o.stdout), "\n")
	require.Len(t, lines, 3)
	assert.Equal(t, good[0], parse(t, lines[0])["path"])
	assert.Contains(t, parse(t, lines[0]), "tags")
	assert.NotContains(t, parse(t, lines[0]), "labels")
	assert.Equal(t, "image_unsupported", parse(t, lines[1])["code"])
	assert.Equal(t, good[1], parse(t, lines[2])["path"], "a bad file does not stop the others")
	assert.Contains(t, o.stderr, bad)

	all := parse(t, p.must(exitDone, "tag", "--json", "--all", "--logits", good[0]).stdout)
	labels := all["labels"].([]any)
	assert.Len(t, labels, int(p.json(exitDone, "bundle", "show")["labels"].(float64)))
	for _, key := range []string{"name", "logit", "probability"} {
		assert.Contains(t, labels[0], key)
	}
	assert.NotContains(t, parse(t, p.must(exitDone, "tag", "--json", "--all", good[0]).stdout)["labels"].([]any)[0], "logit")

	table := p.must(exitDone, "tag", "--all", good[0]).stdout
	assert.Equal(t, len(labels)+1, strings.Count(table, "\n"))

	o = p.must(exitFailed, "tag", bad, "/no/such.jpg")
	assert.Contains(t, o.stderr, "bad file /no/such.jpg: there is no such file [vanished]")
	assert.Empty(t, o.stdout)
}

// findingOf is one section of doctor --json.
func findingOf(t *testing.T, doctor map[string]any, section string) map[string]any {
	t.Helper()
	for _, entry := range doctor["findings"].([]any) {
		if finding := entry.(map[string]any); finding["section"] == section {
			return finding
		}
	}
	require.Fail(t, "no section", section)
	return nil
}

func TestDoctorFindsEverythingInOrder(t *testing.T) {
	p := newPlace(t)
	doctor := p.json(exitDone, "doctor")
	assert.Equal(t, true, doctor["ok"])
	assert.Equal(t, "warn", findingOf(t, doctor, "store")["mark"], "an empty index is worth a word")
	p.must(exitDone, "index", photographs(t, 1))
	doctor = p.json(exitDone, "doctor")
	for _, section := range []string{"settings", "onnx runtime", "bundle", "model", "store", "cache", "decoders", "device"} {
		assert.Equal(t, "ok", findingOf(t, doctor, section)["mark"], section)
	}
	assert.Contains(t, p.must(exitDone, "doctor").stdout, "made with the bundle's model")
	assert.Contains(t, p.must(exitDone, "doctor").stdout, "JPEG by "+imagefile.JPEGDecoder())
}

func TestDoctorTellsWhatIsWrongAndWhatToDo(t *testing.T) {
	p := newPlace(t)
	broken := p.json(exitFailed, "doctor", "--bundle", t.TempDir())
	assert.Equal(t, "bundle_missing", findingOf(t, broken, "bundle")["code"])
	assert.NotEmpty(t, findingOf(t, broken, "bundle")["hint"])

	require.NoError(t, os.MkdirAll(p.data, 0o755))
	writeFile(t, filepath.Join(p.data, "index.db"), []byte(strings.Repeat("not a database ", 1000)))
	broken = p.json(exitFailed, "doctor")
	assert.Equal(t, "FAIL", findingOf(t, broken, "store")["mark"])
	assert.Contains(t, p.must(exitFailed, "doctor").stdout, "FAIL  store")
}

func TestBundleShowAndVerify(t *testing.T) {
	p := newPlace(t)
	shown := p.json(exitDone, "bundle", "show")
	assert.Equal(t, defaultBundle(t), shown["dir"])
	assert.Contains(t, p.must(exitDone, "bundle", "show").stdout, shown["name"])
	assert.Equal(t, true, p.json(exitDone, "bundle", "verify")["ok"])
}

func TestEvalMeasuresOnAScratchIndex(t *testing.T) {
	p := newPlace(t)
	folder := photographs(t, 4)
	dataset := filepath.Join(folder, "set.jsonl")
	writeFile(t, dataset, []byte(`{"file": "p00.jpg", "captions": ["a photograph of an animal"], "tags": ["animal"]}
{"file": "p01.jpg", "captions": ["an animal"], "tags": ["animal"]}
{"file": "p02.jpg", "tags": ["animal", "something unheard of"]}
`))
	report := p.json(exitDone, "eval", dataset)
	assert.EqualValues(t, 3, report["images"])
	for _, key := range []string{"recall_at_1", "recall_at_5", "recall_at_10", "stage1_recall_at_1", "stage1_recall_at_10"} {
		assert.Contains(t, report["text_to_image"], key)
	}
	for _, key := range []string{"map", "tags", "map_global_only"} {
		assert.Contains(t, report["tagging"], key)
	}
	for _, key := range []string{"ece_tags", "ece_text"} {
		assert.Contains(t, report["calibration"], key)
	}
	assert.NoDirExists(t, p.data, "the user's index is left alone")
	assert.Contains(t, p.must(exitDone, "eval", dataset).stdout, "recall at 10")

	writeFile(t, dataset, []byte(`{"file": "p00.jpg", "captions": ["an animal"]}
{"file": "gone.jpg", "captions": ["nothing"]}
`))
	o := p.must(exitPartial, "eval", dataset, "--json")
	assert.Contains(t, o.stderr, "gone.jpg")
	assert.Contains(t, o.stdout, "gone.jpg")
}
