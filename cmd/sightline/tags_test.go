package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline/vectordb"
	"github.com/sightline-search/sightline/vectordb/embedded"
)

func TestTagsOfOnesOwn(t *testing.T) {
	p := newPlace(t)
	folder := photographs(t, 6)
	p.must(exitDone, "index", folder)
	assert.Empty(t, p.json(exitDone, "tags", "list", "--user")["tags"])

	added := p.json(exitDone, "tags", "add", "savanna wildlife", "--describe", "a wild animal in dry grass", "--describe", "an animal in the savanna", "--threshold", "0.02")
	assert.Equal(t, true, added["user"])
	assert.Equal(t, []any{"a wild animal in dry grass", "an animal in the savanna"}, added["descriptions"])
	assert.Equal(t, map[string]any{"images": 6.0, "scored": 6.0, "complete": true}, added["scoring"])
	answer := p.json(exitDone, "search", "savanna wildlife", "--min-probability", "0.02")
	assert.EqualValues(t, 0, answer["searched"].(map[string]any)["decoded"])
	assert.EqualValues(t, added["tagged"], answer["matches"])
	assert.Contains(t, p.must(exitDone, "tags", "add", "savanna wildlife", "--describe", "a wild animal in dry grass", "--describe", "an animal in the savanna").stdout, "of 6 over 2 %", "again, nothing happens")

	moved := p.json(exitDone, "tags", "set", "Savanna Wildlife", "--threshold", "1")
	assert.EqualValues(t, 0, moved["tagged"])
	assert.InDelta(t, 0.2, p.json(exitDone, "tags", "set", "savanna wildlife", "--default-threshold")["threshold"], 0.2)
	renewed := p.json(exitDone, "tags", "set", "savanna wildlife", "--describe", "an elephant")
	assert.Equal(t, []any{"an elephant"}, renewed["descriptions"])
	assert.Equal(t, true, renewed["scoring"].(map[string]any)["complete"])

	line := p.must(exitDone, "tags", "list", "--user").stdout
	assert.Contains(t, line, "yours")
	assert.Contains(t, line, "an elephant")
	list := p.json(exitDone, "tags", "list")["tags"].([]any)
	assert.Len(t, list, 1+int(p.json(exitDone, "bundle", "show")["labels"].(float64)))
	assert.Contains(t, p.must(exitDone, "tags", "remove", "savanna wildlife").stderr, "removed savanna wildlife")
	p.must(exitFailed, "tags", "remove", "savanna wildlife")
	assert.Empty(t, p.must(exitDone, "tags", "list", "--user").stdout)
}

func TestATagWithoutDescriptionsIsDescribedByItsName(t *testing.T) {
	p := newPlace(t)
	p.must(exitDone, "index", photographs(t, 2))
	o := p.must(exitDone, "tags", "add", "a sleepy tiger cub")
	assert.Contains(t, o.stderr, "scoring 2/2 images")
	assert.Equal(t, []any{"a sleepy tiger cub"}, p.json(exitDone, "tags", "list", "--user")["tags"].([]any)[0].(map[string]any)["descriptions"])
	assert.Empty(t, p.must(exitDone, "tags", "add", "a sleepy lion cub", "--quiet").stderr)
}

func TestPreviewShowsImagesThresholdsAndAHistogram(t *testing.T) {
	p := newPlace(t)
	folder := photographs(t, 5)
	p.must(exitDone, "index", folder)
	preview := p.json(exitDone, "tags", "preview", "wild things", "--describe", "an animal", "--describe", "wildlife", "--limit", "3", "--threshold", "0.01")
	assert.EqualValues(t, 5, preview["decoded"])
	assert.Len(t, preview["results"], 3)
	assert.InDelta(t, 0.01, preview["threshold"], 1e-9)
	text := p.must(exitDone, "tags", "preview", "wild things", "--describe", "an animal").stdout
	assert.Equal(t, 5, strings.Count(text, folder))
	for _, part := range []string{"over probability  images", "90 to 100 %", "of 5 decoded over"} {
		assert.Contains(t, text, part)
	}
	assert.Empty(t, p.json(exitDone, "tags", "list", "--user")["tags"], "nothing is stored")
}

func TestTagsCommandsThatAreRefused(t *testing.T) {
	p := newPlace(t)
	folder := photographs(t, 1)
	p.must(exitDone, "index", folder)
	p.must(exitDone, "tags", "add", "mine")
	for name, c := range map[string]struct {
		code int
		args []string
		says string
	}{
		"alone":               {exitUsage, []string{"tags"}, "no command"},
		"misspelt":            {exitUsage, []string{"tags", "ad"}, `did you mean "add"`},
		"add nothing":         {exitUsage, []string{"tags", "add"}, "name one tag"},
		"add two":             {exitUsage, []string{"tags", "add", "birthday", "party"}, "in quotes where it has spaces"},
		"no name":             {exitUsage, []string{"tags", "add", " "}, "name is empty"},
		"no text":             {exitUsage, []string{"tags", "add", "a tag", "--describe", ""}, "description 1"},
		"no number":           {exitUsage, []string{"tags", "add", "a tag", "--threshold", "high"}, `--threshold is "high": it must be a number`},
		"threshold over 1":    {exitUsage, []string{"tags", "add", "a tag", "--threshold", "1.5"}, "0 to 1"},
		"set nothing":         {exitUsage, []string{"tags", "set", "mine"}, "nothing to change"},
		"both thresholds":     {exitUsage, []string{"tags", "set", "mine", "--threshold", "0.5", "--default-threshold"}, "the model's own"},
		"preview, limit":      {exitUsage, []string{"tags", "preview", "a tag", "--limit", "0"}, "outside 1..1000"},
		"preview, decode":     {exitUsage, []string{"tags", "preview", "a tag", "--decode", "-1"}, "decode is -1"},
		"list with arguments": {exitUsage, []string{"tags", "list", "mine"}, "takes no arguments"},
		"a label":             {exitFailed, []string{"tags", "add", "Dog"}, `"Dog" is a name of the model's label "dog"`},
		"taken":               {exitFailed, []string{"tags", "add", "MINE", "--describe", "yours"}, "tags set"},
		"set unknown":         {exitFailed, []string{"tags", "set", "yours", "--threshold", "0.5"}, `there is no tag "yours"`},
		"set a label":         {exitUsage, []string{"tags", "set", "dog", "--threshold", "0.5"}, "cannot be changed"},
		"remove a label":      {exitUsage, []string{"tags", "remove", "dog"}, "cannot be changed"},
		"no index":            {exitFailed, []string{"tags", "add", "a tag", "--data", filepath.Join(folder, "none")}, "there is no index in"},
	} {
		t.Run(name, func(t *testing.T) {
			o := p.must(c.code, c.args...)
			assert.Contains(t, o.stderr, c.says)
			assert.Empty(t, o.stdout)
		})
	}
	assert.Len(t, p.json(exitDone, "tags", "list", "--user")["tags"], 1)
}

func TestInterruptedTagsAreFinishedLater(t *testing.T) {
	p := newPlace(t)
	folder := photographs(t, 3)
	p.must(exitDone, "index", folder)
	for name, finish := range map[string][]string{"wet grass": {"tags", "add", "wet grass"}, "a muddy road": {"index", folder}} {
		store, err := embedded.Open(p.data, embedded.ReadWrite)
		require.NoError(t, err)
		stats, err := store.Stats(t.Context())
		require.NoError(t, err)
		// As a tag lies there that was stored and not scored any more.
		require.NoError(t, store.PutUserTag(t.Context(), vectordb.UserTag{Name: name, Descriptions: []string{name}, Scoring: stats.Model.Scoring}, nil))
		require.NoError(t, store.Close())

		tag := p.json(exitDone, "tags", "list", "--user")["tags"].([]any)[0].(map[string]any)
		assert.Equal(t, map[string]any{"images": 3.0, "scored": 0.0, "complete": false}, tag["scoring"])
		assert.Contains(t, p.must(exitDone, "tags", "list", "--user").stdout, "0 of 3 scored")
		assert.Contains(t, p.must(exitDone, "search", name).stderr, name+" is scored on 0 of 3 images so far")
		p.must(exitDone, finish...)
		tag = p.json(exitDone, "tags", "list", "--user")["tags"].([]any)[0].(map[string]any)
		assert.Equal(t, true, tag["scoring"].(map[string]any)["complete"])
		p.must(exitDone, "tags", "remove", name)
	}
}

func TestALabelFileStandsForTheModelsLabels(t *testing.T) {
	p := newPlace(t)
	folder := photographs(t, 2)
	image := filepath.Join(folder, "p00.jpg")
	file := filepath.Join(folder, "labels.json")
	writeFile(t, file, []byte(`[{"wild animal": ["a wild animal", "wildlife in nature"]}, {"office": ["desks in an office"]}, {"Ωmega": ["a letter"]}]`))
	line := parse(t, p.must(exitDone, "tag", "--json", "--label-file", file, "--all", "--logits", image).stdout)
	labels := line["labels"].([]any)
	require.Len(t, labels, 3)
	for i, name := range []string{"wild animal", "office", "Ωmega"} {
		label := labels[i].(map[string]any)
		assert.Equal(t, name, label["name"], "in the file's order")
		assert.Contains(t, label, "logit")
		assert.Equal(t, label["probability"].(float64) > 0.2, strings.Contains(fmt.Sprint(line["tags"]), name))
	}
	assert.NotContains(t, parse(t, p.must(exitDone, "tag", "--json", "--label-file", file, image).stdout), "labels")
	text := p.must(exitDone, "tag", "--label-file", file, "--all", image, filepath.Join(folder, "p01.jpg")).stdout
	assert.Equal(t, 2*(1+3), strings.Count(text, "\n"))

	for name, c := range map[string]struct {
		content string
		says    string
	}{
		"not JSON":        {`{"dog": `, "labels.json"},
		"no descriptions": {`[{"dog": []}]`, `label "dog" has no descriptions`},
		"no word":         {"[{\"dog\": [\"\u200b\"]}]", "the model reads no word"},
		"twice":           {`[{"dog": ["a"]}, {"DOG": ["b"]}]`, "is there already"},
		"10 MB":           {`[{"dog": ["` + strings.Repeat("x", 10<<20) + `"]}]`, "at most 2000"},
	} {
		writeFile(t, file, []byte(c.content))
		o := p.must(exitUsage, "tag", "--label-file", file, image)
		assert.Contains(t, o.stderr, c.says, name)
		assert.Less(t, len(o.stderr), 1000, name)
	}
	require.NoError(t, os.Remove(file))
	p.must(exitFailed, "tag", "--label-file", file, image)
}

// send makes a request with a JSON body.
func send(t *testing.T, method, address, body string) (status int, document map[string]any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	if response.StatusCode != http.StatusNoContent {
		require.NoError(t, json.NewDecoder(response.Body).Decode(&document))
	}
	return response.StatusCode, document
}

func TestServeScoresTagsInTheBackgroundAndLetsOthersWrite(t *testing.T) {
	p := newPlace(t)
	folder := photographs(t, 4)
	p.must(exitDone, "index", folder)
	s := p.serve("--listen", "127.0.0.1:0")
	status, _ := send(t, http.MethodPost, s.base+"/v1/tags", `{"name": "wild things", "descriptions": ["an animal", "wildlife"]}`)
	require.Contains(t, []int{http.StatusCreated, http.StatusAccepted}, status)
	for complete := false; !complete; {
		require.NoError(t, t.Context().Err())
		_, tag := send(t, http.MethodGet, s.base+"/v1/tags/wild%20things", "")
		complete = tag["scoring"].(map[string]any)["complete"].(bool)
	}
	copyFile(t, filepath.Join(folder, "p00.jpg"), filepath.Join(folder, "copy.jpg"))
	p.must(exitDone, "index", folder)
	p.must(exitDone, "tags", "set", "wild things", "--threshold", "0.001")
	_, answer := send(t, http.MethodGet, s.base+"/v1/search?q=wild+things&min_probability=0", "")
	assert.EqualValues(t, 0, answer["searched"].(map[string]any)["decoded"])

	executable, err := os.Executable()
	require.NoError(t, err)
	holder := exec.CommandContext(t.Context(), executable)
	holder.Env = []string{asHolder + "=" + p.data}
	stdin, err := holder.StdinPipe()
	require.NoError(t, err)
	stdout, err := holder.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, holder.Start())
	_, err = stdout.Read(make([]byte, len("holding\n")))
	require.NoError(t, err)
	status, problem := send(t, http.MethodPatch, s.base+"/v1/tags/wild%20things", `{"threshold": 0.5}`)
	assert.Equal(t, http.StatusConflict, status)
	assert.Equal(t, "index_locked", problem["code"])
	assert.Contains(t, problem["detail"], fmt.Sprintf("process %d", holder.Process.Pid))
	o := p.must(exitFailed, "tags", "set", "wild things", "--threshold", "0.5")
	assert.Contains(t, o.stderr, fmt.Sprintf("process %d", holder.Process.Pid))
	require.NoError(t, stdin.Close())
	require.NoError(t, holder.Wait())
	status, _ = send(t, http.MethodDelete, s.base+"/v1/tags/wild%20things", "")
	assert.Equal(t, http.StatusNoContent, status)
	assert.Equal(t, exitDone, s.stop(t, os.Interrupt))
}
