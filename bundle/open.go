package bundle

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sightline-search/sightline"
)

// The files that the server reads by name; docs/bundle.md says what is in them.
const (
	ManifestFile     = "bundle.json"
	ImageEncoderFile = "image_encoder.onnx"
	TextEncoderFile  = "text_encoder.onnx"
	TokenizerFile    = "tokenizer.json"
	QueryStateFile   = "query_state.onnx"
	DecoderFile      = "decoder.onnx"
	LabelScorerFile  = "label_scorer.onnx"
	LabelsFile       = "labels.jsonl"
	CalibrationFile  = "calibration.json"
)

// Open reads and verifies the bundle in dir: manifest checksum, every file's size and SHA-256, sizes that fit together.
// Files that the manifest does not name are left alone. Errors carry CodeBundleMissing or CodeBundleCorrupt and name the
// file.
func Open(dir string) (*Bundle, error) {
	manifest, err := readManifest(dir)
	if err != nil {
		return nil, err
	}
	b := &Bundle{Dir: dir, Manifest: manifest}
	if err := b.Manifest.check(); err != nil {
		return nil, b.corrupt(ManifestFile, err)
	}
	for _, name := range slices.Sorted(maps.Keys(manifest.Files)) {
		if err := verifyFile(b.Path(name), manifest.Files[name]); err != nil {
			return nil, b.corrupt(name, err)
		}
	}
	if b.Labels, err = readLabels(b.Path(LabelsFile), manifest.LabelCount); err != nil {
		return nil, b.corrupt(LabelsFile, err)
	}
	if b.Calibration, err = readCalibration(b.Path(CalibrationFile)); err != nil {
		return nil, b.corrupt(CalibrationFile, err)
	}
	if b.byName, err = labelIndex(b.Labels); err != nil {
		return nil, b.corrupt(LabelsFile, err)
	}
	return b, nil
}

// Path gives the path of one of the bundle's files.
func (b *Bundle) Path(file string) string { return filepath.Join(b.Dir, file) }

// Label finds a label by name or alias, case and surrounding space ignored.
func (b *Bundle) Label(name string) (Label, bool) {
	i, ok := b.byName[foldName(name)]
	if !ok {
		return Label{}, false
	}
	return b.Labels[i], true
}

// Probability applies the scale to a logit.
func (s Scale) Probability(logit float64) float64 {
	return 1 / (1 + math.Exp(-(s.Scale*logit + s.Bias)))
}

func (b *Bundle) corrupt(file string, err error) error { return corrupt(b.Dir, file, err) }

func corrupt(dir, file string, err error) error {
	return sightline.Errorf(sightline.CodeBundleCorrupt, "the model bundle is damaged: %s: %w", filepath.Join(dir, file), err).
		WithParam("bundle").WithHint("restore the file, or name another bundle with --bundle or SIGHTLINE_BUNDLE")
}

// readManifest reads bundle.json and verifies its checksum before a word of it is believed.
func readManifest(dir string) (Manifest, error) {
	raw, err := os.ReadFile(filepath.Join(dir, ManifestFile))
	if errors.Is(err, fs.ErrNotExist) {
		return Manifest{}, sightline.Errorf(sightline.CodeBundleMissing, "there is no model bundle in %s: it has no %s", dir, ManifestFile).
			WithParam("bundle").WithHint("name a bundle with --bundle or SIGHTLINE_BUNDLE")
	}
	if err != nil {
		return Manifest{}, sightline.Errorf(sightline.CodeBundleMissing, "the model bundle in %s cannot be read: %w", dir, err).WithParam("bundle")
	}
	var m Manifest
	if err := decodeStrict(raw, &m); err != nil {
		return Manifest{}, corrupt(dir, ManifestFile, err)
	}
	if sum := manifestChecksum(raw, m.Checksum); sum != m.Checksum {
		return Manifest{}, corrupt(dir, ManifestFile, fmt.Errorf("its checksum says %q, its bytes give %s", m.Checksum, sum))
	}
	return m, nil
}

// manifestChecksum is the SHA-256 of the manifest with the digits of its own checksum replaced by zeros. A checksum that
// is not 64 characters long gives that of the bytes as they are, which cannot be equal to it.
func manifestChecksum(raw []byte, checksum string) string {
	if len(checksum) == sha256.Size*2 {
		if i := bytes.LastIndex(raw, []byte(checksum)); i >= 0 {
			raw = slices.Concat(raw[:i], bytes.Repeat([]byte("0"), len(checksum)), raw[i+len(checksum):])
		}
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

func verifyFile(path string, want FileSpec) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err != nil {
		return err
	}
	if n != want.Bytes {
		return fmt.Errorf("the manifest says %d bytes, the file has %d", want.Bytes, n)
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != want.SHA256 {
		return fmt.Errorf("the manifest says SHA-256 %s, the file has %s", want.SHA256, got)
	}
	return nil
}

func readLabels(path string, count int) ([]Label, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	labels := make([]Label, 0, count)
	number := 0
	for line := range bytes.Lines(raw) {
		number++
		var l Label
		if err := decodeStrict(line, &l); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		if foldName(l.Name) == "" || l.Descriptions < 1 || !(l.Threshold >= 0 && l.Threshold <= 1) {
			return nil, fmt.Errorf("line %d: label %q with %d descriptions and threshold %v; it needs a name, a description and a threshold of 0..1",
				number, l.Name, l.Descriptions, l.Threshold)
		}
		labels = append(labels, l)
	}
	if len(labels) != count {
		return nil, fmt.Errorf("the manifest says %d labels, the file has %d", count, len(labels))
	}
	return labels, nil
}

// labelIndex maps folded names, and aliases that are no label's name, to positions. The first of two equal aliases wins;
// two equal names are an error, because no user could tell them apart.
func labelIndex(labels []Label) (map[string]int, error) {
	index := make(map[string]int, len(labels))
	for i, l := range labels {
		name := foldName(l.Name)
		if j, twice := index[name]; twice {
			return nil, fmt.Errorf("lines %d and %d have the same name %q", j+1, i+1, l.Name)
		}
		index[name] = i
	}
	for i, l := range labels {
		for _, alias := range l.Aliases {
			if _, taken := index[foldName(alias)]; !taken {
				index[foldName(alias)] = i
			}
		}
	}
	return index, nil
}

func foldName(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

func readCalibration(path string) (Calibration, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return Calibration{}, err
	}
	var c Calibration
	if err := decodeStrict(raw, &c); err != nil {
		return Calibration{}, err
	}
	for name, s := range map[string]Scale{"labels": c.LabelScale, "text": c.TextScale} {
		if !(s.Scale > 0) {
			return Calibration{}, fmt.Errorf("%s.scale is %v, it must be over 0: a higher logit is a higher probability", name, s.Scale)
		}
	}
	if !(c.MatchThreshold >= 0 && c.MatchThreshold <= 1) {
		return Calibration{}, fmt.Errorf("match_threshold is %v, it must be 0..1", c.MatchThreshold)
	}
	if s := c.Sentence; s != nil && (!(s.MatchThreshold >= 0 && s.MatchThreshold <= 1) || s.Words < 1) {
		return Calibration{}, fmt.Errorf("sentence is %d words and %v, it must be at least 1 word and 0..1", s.Words, s.MatchThreshold)
	}
	return c, nil
}

// decodeStrict reads exactly one JSON value without unknown keys: a key that nobody reads is a mistake of the writer.
func decodeStrict(raw []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("not the JSON that is expected: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more after the JSON value")
	}
	return nil
}
