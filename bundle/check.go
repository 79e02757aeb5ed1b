package bundle

import (
	"encoding/hex"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/sightline-search/sightline"
)

// formatVersion is the only layout of a bundle so far.
const formatVersion = 1

// Limits that keep a wrong manifest from asking for absurd amounts of memory. They lie far above every known model:
// official RAM++ has 384 x 384 pixels, 145 x 512 features and 4,585 labels.
const (
	maxSide   = 4096    // pixels
	maxTokens = 1 << 14 // patch features of an image, tokens of a text
	maxDim    = 1 << 14 // width of any vector
	maxState  = 1 << 20 // width of a query state
	maxLabels = 1 << 20

	maxReweight = 10_000 // cosines apart by a thousandth are then told apart completely
)

// check holds the manifest's values against what they may be and against each other.
func (m *Manifest) check() error {
	if m.Format != formatVersion {
		return fmt.Errorf("format is %d, this version of Sightline reads %d", m.Format, formatVersion)
	}
	if m.Name == "" || m.Version == "" || m.Licence == "" {
		return fmt.Errorf("name %q, version %q and licence %q must not be empty", m.Name, m.Version, m.Licence)
	}
	for _, f := range []func() error{m.checkImage, m.checkFeatures, m.checkText, m.checkFiles, m.checkHalf} {
		if err := f(); err != nil {
			return err
		}
	}
	for key, fp := range map[string]sightline.Fingerprint{"feature_fingerprint": m.FeatureFingerprint, "scoring_fingerprint": m.ScoringFingerprint} {
		if !isSHA256(string(fp)) {
			return fmt.Errorf("%s is %q, it must be 64 lower-case hex digits", key, fp)
		}
	}
	return nil
}

func (m *Manifest) checkImage() error {
	i := m.Image
	for _, err := range []error{
		within("image.width", i.Width, 1, maxSide),
		within("image.height", i.Height, 1, maxSide),
		oneOf("image.resize", i.Resize, "stretch"),
		oneOf("image.filter", i.Filter, "bilinear-antialias"),
		oneOf("image.alpha", i.Alpha, "white", "drop"),
	} {
		if err != nil {
			return err
		}
	}
	for c, std := range i.Std {
		if std <= 0 {
			return fmt.Errorf("image.std[%d] is %v, it must be over 0", c, std)
		}
	}
	return nil
}

func (m *Manifest) checkFeatures() error {
	f := m.Features
	for _, err := range []error{
		within("features.tokens", f.Tokens, 1, maxTokens),
		within("features.dim", f.Dim, 1, maxDim),
		within("features.global", f.Global, 1, maxDim),
		within("features.grid[0]", f.Grid[0], 1, maxTokens),
		within("features.grid[1]", f.Grid[1], 1, maxTokens),
		within("features.appended", f.Appended, 0, maxTokens),
		oneOf("features.dtype", f.DType, "f16", "f32", "i8"),
		oneOf("features.token0", f.Token0, "none", "mean", "stored"),
		within("labels", m.LabelCount, 0, maxLabels),
	} {
		if err != nil {
			return err
		}
	}
	want := f.Grid[0]*f.Grid[1] + f.Appended
	if f.Token0 == "stored" {
		want++
	}
	if f.Tokens != want {
		return fmt.Errorf("features.tokens is %d, but a grid of %d x %d with token0 %q and %d appended rows has %d",
			f.Tokens, f.Grid[0], f.Grid[1], f.Token0, f.Appended, want)
	}
	return nil
}

func (m *Manifest) checkText() error {
	if m.Text == nil {
		return nil
	}
	for _, err := range []error{
		within("text.max_tokens", m.Text.MaxTokens, 1, maxTokens),
		within("text.dim", m.Text.Dim, 1, maxDim),
		within("decoder.state", m.Decoder.State, 1, maxState),
		oneOf("decoder.form", m.Decoder.Form, "single", "words"),
		oneOf("decoder.weights", m.Decoder.Weights, "", "f32", "int8"),
	} {
		if err != nil {
			return err
		}
	}
	if k := m.Decoder.Reweight; k < 0 || k > maxReweight {
		return fmt.Errorf("decoder.reweight is %v, it must be 0 to %d", k, maxReweight)
	}
	return nil
}

// checkFiles makes sure that the files that will be read are among those that are verified, and that all of them lie in
// the bundle's folder.
func (m *Manifest) checkFiles() error {
	needed := []string{ImageEncoderFile, LabelScorerFile, LabelsFile, CalibrationFile}
	if m.Text != nil {
		needed = append(needed, TextEncoderFile, TokenizerFile, QueryStateFile, DecoderFile)
	}
	for _, name := range needed {
		if _, ok := m.Files[name]; !ok {
			return fmt.Errorf("files does not name %s, which is needed", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.Files)) {
		spec := m.Files[name]
		if !filepath.IsLocal(name) || name == ManifestFile {
			return fmt.Errorf("files names %q, which is not a file of the bundle besides the manifest", name)
		}
		if spec.Bytes < 0 || !isSHA256(spec.SHA256) {
			return fmt.Errorf("files[%q] has %d bytes and SHA-256 %q; it needs a size and 64 lower-case hex digits", name, spec.Bytes, spec.SHA256)
		}
	}
	return nil
}

func within(key string, value, low, high int) error {
	if value < low || value > high {
		return fmt.Errorf("%s is %d, it must be %d..%d", key, value, low, high)
	}
	return nil
}

func oneOf(key, value string, allowed ...string) error {
	if !slices.Contains(allowed, value) {
		return fmt.Errorf("%s is %q, it must be one of %q", key, value, allowed)
	}
	return nil
}

func isSHA256(s string) bool {
	raw, err := hex.DecodeString(s)
	return err == nil && len(raw) == 32 && s == hex.EncodeToString(raw)
}
