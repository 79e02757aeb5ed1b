package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sightline-search/sightline/bundle"
)

func newBundleCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bundle",
		Short: "Show or verify the model bundle",
		Args:  needsCommand,
		RunE:  noCommand,

		SuggestionsMinimumDistance: 2,
	}
	cmd.AddCommand(
		&cobra.Command{
			Use:   "show",
			Short: "What the bundle is: name, version, licence, sizes, fingerprints",
			Args:  noArguments,
			RunE:  func(*cobra.Command, []string) error { return a.runBundleShow() },
		},
		&cobra.Command{
			Use:   "verify",
			Short: "Compare every byte of the bundle with its manifest",
			Args:  noArguments,
			RunE:  func(*cobra.Command, []string) error { return a.runBundleVerify() },
		},
	)
	return cmd
}

func (a *app) runBundleShow() error {
	b, err := a.findBundle()
	if err != nil {
		return err
	}
	m := b.Manifest
	if a.JSON {
		return a.printJSON(struct {
			Dir string `json:"dir"`
			bundle.Manifest
		}{b.Dir, m})
	}
	a.printf("%s %s\n%s\n\n", m.Name, m.Version, m.Description)
	a.printf("folder               %s\n", printable(b.Dir))
	a.printf("licence              %s\n", m.Licence)
	a.printf("labels               %d\n", m.LabelCount)
	a.printf("free text            %s\n", yesNo(m.Text != nil))
	a.printf("input                %d x %d pixels\n", m.Image.Width, m.Image.Height)
	a.printf("patch features       %d x %d, %s (%s an image)\n", m.Features.Tokens, m.Features.Dim, m.Features.DType, bytesText(int64(m.Features.PatchBytes())))
	a.printf("match threshold      %.3f\n", b.MatchThreshold)
	if s := b.Sentence; s != nil {
		a.printf("                     %.3f for free text of %d words or more\n", s.MatchThreshold, s.Words)
	}
	a.printf("files                %d, %s\n", len(m.Files), bytesText(bundleBytes(b)))
	a.printf("f16 graphs           %s\n", halfText(m.Half))
	a.printf("feature fingerprint  %s\n", m.FeatureFingerprint)
	a.printf("scoring fingerprint  %s\n", m.ScoringFingerprint)
	return nil
}

// runBundleVerify has nothing to do beyond opening: a bundle is never opened unverified.
func (a *app) runBundleVerify() error {
	b, err := a.findBundle()
	if err != nil {
		return err
	}
	if a.JSON {
		return a.printJSON(map[string]any{"dir": b.Dir, "ok": true, "files": len(b.Manifest.Files), "bytes": bundleBytes(b)})
	}
	a.printf("%s: %d files, %s, every byte is what the manifest says\n", printable(b.Dir), len(b.Manifest.Files), bytesText(bundleBytes(b)))
	return nil
}

func bundleBytes(b *bundle.Bundle) (n int64) {
	for _, f := range b.Manifest.Files {
		n += f.Bytes
	}
	return n
}

// halfText tells which graphs have one in f16 for cards beside them, and what it rounds.
func halfText(half *bundle.HalfSpec) string {
	if half == nil {
		return "none"
	}
	names := slices.Sorted(maps.Values(half.Graphs))
	return fmt.Sprintf("%s; features off by %.2g of their length, logits of labels by %.2g at most (deviation %.2g)", strings.Join(names, ", "),
		half.Rounding.Features, half.Rounding.Labels.Largest, half.Rounding.Labels.Deviation)
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}
