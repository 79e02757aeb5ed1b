package bundle_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/bundle"
	"github.com/sightline-search/sightline/bundle/bundletest"
)

// tinyFiles are a bundle's files as far as this package looks into them: the graphs may be any bytes.
func tinyFiles() map[string]string {
	return map[string]string{
		"image_encoder.onnx": "image graph", "text_encoder.onnx": "text graph", "tokenizer.json": "{}", "query_state.onnx": "state graph",
		"decoder.onnx": "decoder graph", "label_scorer.onnx": "label graph", "MODEL_CARD.md": "# card\n",
		"labels.jsonl": `{"name": "Dog", "aliases": ["hound", "cat"], "descriptions": 2, "threshold": 0.4}` + "\n" +
			`{"name": "cat", "aliases": ["hound"], "descriptions": 1, "threshold": 0.5}` + "\n",
		"calibration.json": `{"labels": {"scale": 1.5, "bias": -1, "fitted_on": "rows", "pairs": 10, "ece": 0.01},
			"text": {"scale": 0.5, "bias": 0.25, "fitted_on": "rows", "pairs": 10, "ece": null}, "match_threshold": 0.2}`,
	}
}

// tinyManifest is the manifest of tinyFiles without file hashes and checksum.
func tinyManifest() map[string]any {
	return map[string]any{
		"format": 1, "name": "tiny", "version": "1", "licence": "CC0-1.0", "description": "for tests",
		"image": map[string]any{
			"width": 8, "height": 8, "resize": "stretch", "filter": "bilinear-antialias", "mean": []float64{0.5, 0.5, 0.5},
			"std": []float64{0.5, 0.5, 0.5}, "alpha": "white", "orient": true,
		},
		"features": map[string]any{"tokens": 4, "dim": 2, "dtype": "f16", "grid": []int{2, 2}, "token0": "none", "global": 3},
		"text":     map[string]any{"max_tokens": 16, "dim": 3},
		"decoder": map[string]any{
			"state": 5, "form": "single", "layers": 2, "hidden": 2, "heads": 1, "attention": true, "residual": map[string]any{"scale": 12.5, "bias": 0},
		},
		"labels":              2,
		"feature_fingerprint": strings.Repeat("a", 64), "scoring_fingerprint": strings.Repeat("b", 64),
	}
}

// write lays a bundle into a fresh folder, hashes and checksum made to fit.
func write(t *testing.T, files map[string]string, manifest map[string]any) string {
	t.Helper()
	dir := t.TempDir()
	entries := map[string]any{}
	for name, content := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
		entries[name] = map[string]any{"bytes": len(content), "sha256": hexSum([]byte(content))}
	}
	zeros := strings.Repeat("0", 64)
	manifest = maps.Clone(manifest)
	if _, given := manifest["files"]; !given {
		manifest["files"] = entries
	}
	manifest["checksum"] = zeros
	raw, err := json.MarshalIndent(manifest, "", "  ")
	require.NoError(t, err)
	raw = bytes.Replace(raw, []byte(zeros), []byte(hexSum(raw)), 1)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "bundle.json"), raw, 0o600))
	return dir
}

func hexSum(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

func TestOpenReadsEverything(t *testing.T) {
	dir := write(t, tinyFiles(), tinyManifest())
	require.NoError(t, os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("a file more is fine"), 0o600))

	b, err := bundle.Open(dir)
	require.NoError(t, err)
	assert.Equal(t, "tiny", b.Manifest.Name)
	assert.Equal(t, 16, b.Manifest.Features.PatchBytes())
	assert.Equal(t, filepath.Join(dir, "decoder.onnx"), b.Path(bundle.DecoderFile))
	assert.InDelta(t, 0.2, b.MatchThreshold, 0)
	assert.Equal(t, []string{"Dog", "cat"}, []string{b.Labels[0].Name, b.Labels[1].Name})
	assert.Nil(t, b.TextScale.ECE, "not measured")
	assert.InDelta(t, 10, b.Manifest.Decoder.Sharpness(), 0, "of bundles that do not say")
	b.Manifest.Decoder.Reweight = 2.5
	assert.InDelta(t, 2.5, b.Manifest.Decoder.Sharpness(), 0)
}

func TestLabelIsFoundByNameThenByAlias(t *testing.T) {
	b, err := bundle.Open(write(t, tinyFiles(), tinyManifest()))
	require.NoError(t, err)
	for _, tc := range []struct{ asked, want string }{
		{"dog", "Dog"},
		{"  DOG ", "Dog"},
		{"hound", "Dog"}, // the first of two equal aliases
		{"cat", "cat"},   // a name goes before another label's alias
	} {
		l, ok := b.Label(tc.asked)
		assert.True(t, ok, tc.asked)
		assert.Equal(t, tc.want, l.Name, tc.asked)
	}
	_, ok := b.Label("horse")
	assert.False(t, ok)
}

func TestProbabilityIsTheSigmoidOfTheScaledLogit(t *testing.T) {
	s := bundle.Scale{Scale: 2, Bias: -1}
	assert.InDelta(t, 0.5, s.Probability(0.5), 1e-12)
	assert.InDelta(t, 1/(1+math.Exp(-3)), s.Probability(2), 1e-12)
	assert.InDelta(t, 0, s.Probability(-1e9), 0)
	assert.InDelta(t, 1, s.Probability(1e9), 0)
}

func TestEveryChangedByteIsFound(t *testing.T) {
	for name := range tinyFiles() {
		t.Run(name, func(t *testing.T) {
			dir := write(t, tinyFiles(), tinyManifest())
			flip(t, filepath.Join(dir, name), 0)
			requireCorrupt(t, dir, name, "SHA-256")
		})
	}
	t.Run("bundle.json", func(t *testing.T) {
		dir := write(t, tinyFiles(), tinyManifest())
		path := filepath.Join(dir, "bundle.json")
		good, err := os.ReadFile(path)
		require.NoError(t, err)
		for at := 0; at < len(good); at += 7 { // every kind of byte; each one costs a file
			flip(t, path, at)
			requireCorrupt(t, dir, "bundle.json")
			require.NoError(t, os.WriteFile(path, good, 0o600))
		}
	})
}

func TestShortLongAndMissingFilesAreFound(t *testing.T) {
	for name, content := range tinyFiles() {
		t.Run(name, func(t *testing.T) {
			dir := write(t, tinyFiles(), tinyManifest())
			path := filepath.Join(dir, name)
			require.NoError(t, os.WriteFile(path, []byte(content[1:]), 0o600))
			requireCorrupt(t, dir, name, fmt.Sprintf("says %d bytes, the file has %d", len(content), len(content)-1))
			require.NoError(t, os.WriteFile(path, []byte(content+"x"), 0o600))
			requireCorrupt(t, dir, name, "bytes")
			require.NoError(t, os.Remove(path))
			requireCorrupt(t, dir, name, "no such file")
		})
	}
}

func TestMissingBundleNamesTheFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "nothing")
	_, err := bundle.Open(dir)
	require.ErrorContains(t, err, dir)
	assert.Equal(t, sightline.CodeBundleMissing, sightline.CodeOf(err))
}

func halves(file, other string) map[string]any {
	return map[string]any{"graphs": map[string]string{file: other}, "rounding": map[string]any{}}
}

func TestManifestsThatMakeNoSenseAreRefused(t *testing.T) {
	for says, change := range map[string]func(m map[string]any){
		"format is 2":                     func(m map[string]any) { m["format"] = 2 },
		"unknown field":                   func(m map[string]any) { m["surprise"] = 1 },
		"must not be empty":               func(m map[string]any) { m["licence"] = "" },
		"image.width is 0":                func(m map[string]any) { in(m, "image")["width"] = 0 },
		"image.resize is":                 func(m map[string]any) { in(m, "image")["resize"] = "crop" },
		"image.std[1] is 0":               func(m map[string]any) { in(m, "image")["std"] = []float64{1, 0, 1} },
		"features.dtype is":               func(m map[string]any) { in(m, "features")["dtype"] = "int8" },
		"grid of 2 x 2":                   func(m map[string]any) { in(m, "features")["tokens"] = 5 },
		"text.max_tokens is 0":            func(m map[string]any) { in(m, "text")["max_tokens"] = 0 },
		"decoder.form is":                 func(m map[string]any) { in(m, "decoder")["form"] = "folded" },
		"decoder.weights is":              func(m map[string]any) { in(m, "decoder")["weights"] = "int4" },
		"decoder.reweight is -2":          func(m map[string]any) { in(m, "decoder")["reweight"] = -2 },
		"decoder.state is -1":             func(m map[string]any) { in(m, "decoder")["state"] = -1 },
		"says 3 labels, the file has 2":   func(m map[string]any) { m["labels"] = 3 },
		"feature_fingerprint is":          func(m map[string]any) { m["feature_fingerprint"] = "AA" },
		"does not name image_encoder":     func(m map[string]any) { m["files"] = map[string]any{} },
		"is not a file of the bundle":     func(m map[string]any) { addFile(m, "../outside.txt", 1) },
		"-1 bytes and SHA-256":            func(m map[string]any) { addFile(m, "decoder.onnx", -1) },
		"half.graphs is \"labels.jsonl\"": func(m map[string]any) { m["half"] = halves("labels.jsonl", "decoder.onnx") },
		"is not another one of files":     func(m map[string]any) { m["half"] = halves("decoder.onnx", "decoder.f16.onnx") },
		"\"decoder.onnx\", which is not":  func(m map[string]any) { m["half"] = halves("decoder.onnx", "decoder.onnx") },
		"not the JSON that is expected:":  func(m map[string]any) { m["labels"] = "two" },
	} {
		t.Run(says, func(t *testing.T) {
			m := tinyManifest()
			change(m)
			requireCorrupt(t, write(t, tinyFiles(), m), says)
		})
	}
}

func TestLabelAndCalibrationFilesThatMakeNoSenseAreRefused(t *testing.T) {
	const second = "\n" + `{"name": "cat", "aliases": [], "descriptions": 1, "threshold": 0.5}`
	for _, tc := range []struct{ file, content, says string }{
		{"labels.jsonl", `{"name": "dog", "aliases": [], "descriptions": 1, "threshold": 1.5}` + second, "line 1"},
		{"labels.jsonl", `{"name": " ", "aliases": [], "descriptions": 1, "threshold": 0.5}` + second, "line 1"},
		{"labels.jsonl", `{"name": "CAT", "aliases": [], "descriptions": 1, "threshold": 0.5}` + second, "same name"},
		{"labels.jsonl", `{"name": "dog"` + second, "line 1"},
		{"calibration.json", `{"labels": {"scale": 0}, "text": {"scale": 1}, "match_threshold": 0.2}`, "labels.scale is 0"},
		{"calibration.json", `{"labels": {"scale": 1}, "text": {"scale": 1e999}, "match_threshold": 0.2}`, "not the JSON"},
		{"calibration.json", `{"labels": {"scale": 1}, "text": {"scale": 1}, "match_threshold": 2}`, "match_threshold is 2"},
		{"calibration.json", `{"labels": {"scale": 1}, "text": {"scale": 1}, "match_threshold": 0.2, "sentence": {"words": 5, "match_threshold": -1}}`, "sentence is 5 words and -1"},
		{"calibration.json", `{"labels": {"scale": 1}, "text": {"scale": 1}, "match_threshold": 0.2, "sentence": {"match_threshold": 0.1}}`, "sentence is 0 words"},
	} {
		t.Run(tc.says, func(t *testing.T) {
			files := tinyFiles()
			files[tc.file] = tc.content
			requireCorrupt(t, write(t, files, tinyManifest()), tc.file, tc.says)
		})
	}
}

func TestABundleWithoutATextEncoderNeedsNoTextFiles(t *testing.T) {
	files, m := tinyFiles(), tinyManifest()
	for _, name := range []string{"text_encoder.onnx", "tokenizer.json", "query_state.onnx", "decoder.onnx"} {
		delete(files, name)
	}
	requireCorrupt(t, write(t, files, m), "does not name text_encoder.onnx")
	m["text"] = nil
	b, err := bundle.Open(write(t, files, m))
	require.NoError(t, err)
	assert.Nil(t, b.Manifest.Text)
}

func TestCandidates(t *testing.T) {
	assert.Equal(t, []string{"/b"}, bundle.Candidates("/b", "/opt/s/bin/sightline"), "what the user names and nothing else")
	assert.Equal(t,
		[]string{"/opt/s/models/default", "/opt/s/bin/models/default", "/opt/s/share/sightline/models/default"},
		bundle.Candidates("", "/opt/s/bin/sightline"))
}

func TestFindOpensTheFirstBundle(t *testing.T) {
	empty, good := t.TempDir(), write(t, tinyFiles(), tinyManifest())
	b, err := bundle.Find([]string{empty, good})
	require.NoError(t, err)
	assert.Equal(t, good, b.Dir)

	flip(t, filepath.Join(good, "decoder.onnx"), 0)
	_, err = bundle.Find([]string{good, write(t, tinyFiles(), tinyManifest())})
	assert.Equal(t, sightline.CodeBundleCorrupt, sightline.CodeOf(err), "a damaged bundle is not passed over")

	_, err = bundle.Find([]string{empty, "/nowhere"})
	assert.Equal(t, sightline.CodeBundleMissing, sightline.CodeOf(err))
	require.ErrorContains(t, err, empty+", /nowhere")
}

func TestTheDefaultBundleIsWhole(t *testing.T) {
	b := bundletest.Open(t)
	require.NotNil(t, b.Manifest.Text, "the default bundle answers free text")
	assert.Len(t, b.Labels, b.Manifest.LabelCount)
	var size int64
	for _, f := range slices.Collect(maps.Values(b.Manifest.Files)) {
		size += f.Bytes
	}
	assert.LessOrEqual(t, size, int64(45_000_000), "the limit of what the repository carries")
}

func in(m map[string]any, key string) map[string]any { return m[key].(map[string]any) }

// addFile gives the manifest the right list of files and one entry more.
func addFile(m map[string]any, name string, size int) {
	entries := map[string]any{}
	for file, content := range tinyFiles() {
		entries[file] = map[string]any{"bytes": len(content), "sha256": hexSum([]byte(content))}
	}
	entries[name] = map[string]any{"bytes": size, "sha256": hexSum(nil)}
	m["files"] = entries
}

func flip(t *testing.T, path string, at int) {
	t.Helper()
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	raw[at] ^= 1
	require.NoError(t, os.WriteFile(path, raw, 0o600))
}

func requireCorrupt(t *testing.T, dir string, says ...string) {
	t.Helper()
	_, err := bundle.Open(dir)
	require.Error(t, err)
	assert.Equal(t, sightline.CodeBundleCorrupt, sightline.CodeOf(err))
	for _, s := range says {
		require.ErrorContains(t, err, s)
	}
}

func TestGraphsInF16AreTakenWhereTheyAreAskedForAndThere(t *testing.T) {
	files, m := tinyFiles(), tinyManifest()
	files["decoder.f16.onnx"] = "half"
	m["half"] = map[string]any{
		"graphs":   map[string]string{"decoder.onnx": "decoder.f16.onnx"},
		"rounding": map[string]any{"images": 32, "features": 0.004, "global": 0.003, "labels": map[string]any{"largest": 0.05, "rms": 0.005, "deviation": 1.2, "ranks": 1}, "texts": nil},
	}
	dir := write(t, files, m)
	b, err := bundle.Open(dir)
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(dir, "decoder.f16.onnx"), b.Graph(bundle.DecoderFile, true))
	assert.Equal(t, b.Path(bundle.DecoderFile), b.Graph(bundle.DecoderFile, false))
	assert.Equal(t, b.Path(bundle.ImageEncoderFile), b.Graph(bundle.ImageEncoderFile, true), "it has no other")
	flip(t, filepath.Join(dir, "decoder.f16.onnx"), 0)
	requireCorrupt(t, dir, "decoder.f16.onnx", "SHA-256")
}
