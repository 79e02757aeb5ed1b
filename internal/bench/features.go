package bench

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/bundle"
	"github.com/sightline-search/sightline/internal/ort"
)

// Features says what is lost when patch features are stored at a quarter of f32, and what a cheap first look would lose.
type Features struct {
	BytesPerImage    int `json:"bytes_per_image"`     // i8, official size
	F16BytesPerImage int `json:"f16_bytes_per_image"` // official size
	F32BytesPerImage int `json:"f32_bytes_per_image"`

	// Over real images, texts and the given model: i8 features against those of the model's own dtype. nil without images.
	RankCorrelation *float64 `json:"rank_correlation"` // Spearman's, mean of the queries, each over its candidates
	Worst           *float64 `json:"worst_rank_correlation"`
	SameTop20       *float64 `json:"same_top_20"` // share of queries; images within LogitError of each other are ties
	LogitError      *float64 `json:"logit_error"` // the largest of all queries and candidates
	LogitRMS        *float64 `json:"logit_rms"`   // its root mean square
	Set             string   `json:"measured_on"` // images and queries
	Queries         int      `json:"queries"`     // that were asked
	EarlyExit       []Exit   `json:"early_exit"`  // the cosine of the global vectors as the cheap head
}

// Exit is what re-ranking only the best by the cheap head keeps.
type Exit struct {
	Decoded   int     `json:"decoded"`     // of the candidates
	SameTop20 float64 `json:"same_top_20"` // share of queries whose top 20 are those of decoding all candidates
}

// Of each query so many of the nearest images are candidates, as `search` has it.
const featureCandidates = 200

// top is how many results a person looks at.
const top = 20

// decoded are the numbers of candidates that an early exit might decode.
var decoded = []int{25, 50, 64, 100, 150}

func measureFeatures(ctx context.Context, o Options, r *Report) error {
	sized := func(dtype string) int {
		return bundle.FeatureSpec{Tokens: officialTokens, Dim: officialDim, DType: dtype}.PatchBytes()
	}
	r.Features = &Features{BytesPerImage: sized("i8"), F16BytesPerImage: sized("f16"), F32BytesPerImage: sized("f32")}
	if o.Bundle.Manifest.Text == nil || o.Bundle.Manifest.Features.DType != "f16" {
		o.Note("the model has no text encoder or stores no f16 features: nothing to compare i8 features with")
		return nil
	}
	folder, err := openOfficial(o.Library, 0)
	if err != nil {
		return err
	}
	set, err := o.realSet(ctx, folder.rt)
	if err == nil {
		err = r.Features.compare(ctx, folder, set)
	}
	return errors.Join(err, folder.Close())
}

// compare asks every query of both kinds of features.
func (f *Features) compare(ctx context.Context, folder *official, s *realSet) error {
	defer s.close()
	packed, err := folder.throughBytes(ctx, s.images, s.spec)
	if err != nil {
		return err
	}
	var all []ranking
	for _, q := range s.queries {
		near := s.nearest(q, featureCandidates)
		exact, err := s.logits(ctx, q, near, s.images)
		if err != nil {
			return err
		}
		rounded, err := s.logits(ctx, q, near, packed)
		if err != nil {
			return err
		}
		all = append(all, ranking{exact, rounded})
	}
	f.Set, f.Queries = s.name, len(all)
	f.summarise(all)
	return nil
}

func (f *Features) summarise(all []ranking) {
	n := float64(len(all))
	mean, worst, most, squares, values := 0.0, 1.0, 0.0, 0.0, 0.0
	for _, r := range all {
		rank := spearman(r.exact, r.rounded)
		mean, worst = mean+rank/n, min(worst, rank)
		for i := range r.exact {
			off := math.Abs(r.exact[i] - r.rounded[i])
			most, squares, values = max(most, off), squares+off*off, values+1
		}
	}
	same := share(all, func(r ranking) bool { return sameTop(r.exact, r.rounded, top, most) })
	rms := math.Sqrt(squares / values)
	f.RankCorrelation, f.Worst, f.SameTop20, f.LogitError, f.LogitRMS = &mean, &worst, &same, &most, &rms
	for _, k := range decoded {
		kept := share(all, func(r ranking) bool { return sameTop(r.exact, firstOnly(r.exact, k), top, most) })
		f.EarlyExit = append(f.EarlyExit, Exit{Decoded: k, SameTop20: kept})
	}
}

// throughBytes gives f16 features as they come back from i8: quantised by token, with each channel's own spread.
func (o *official) throughBytes(ctx context.Context, images []sightline.Features, spec bundle.FeatureSpec) ([]sightline.Features, error) {
	layout := ort.LayoutOf(spec.DType, spec.Tokens, spec.Dim)
	given := func(chunk []sightline.Features) ort.Tensor { return layout.Tensors(patchesOf(chunk))["patches"] }
	spread, err := o.once(ctx, "spread", map[string]ort.Tensor{"features": given(images[:min(len(images), 200)])}, "spread")
	if err != nil {
		return nil, err
	}
	session, err := o.load("through_i8")
	if err != nil {
		return nil, err
	}
	defer session.Close()
	patches := layout.Infos()[0]
	features := ort.Info{Name: "features", DType: patches.DType, Shape: []int64{-1, -1, -1}}
	channels := ort.Info{Name: "spread", DType: ort.F32, Shape: []int64{-1}}
	patches.Name = "same"
	if err := session.Fits([]ort.Info{features, channels}, []ort.Info{patches}); err != nil {
		return nil, err
	}
	var back []sightline.Features
	for at := 0; at < len(images); at += featureCandidates {
		chunk := images[at:min(len(images), at+featureCandidates)]
		out, err := session.Run(ctx, map[string]ort.Tensor{"features": given(chunk), "spread": spread["spread"]}, "same")
		if err != nil {
			return nil, err
		}
		for i, bytes := range layout.Bytes(map[string]ort.Tensor{"patches": out["same"]}) {
			back = append(back, sightline.Features{Patches: bytes, Global: chunk[i].Global})
		}
	}
	return back, nil
}

func featureRows(r *Report) [][]string {
	f := r.Features
	rows := [][]string{{
		"bytes an image of the official size", fmt.Sprint(f.BytesPerImage), fmt.Sprintf("i8; f16 has %d, f32 %d", f.F16BytesPerImage, f.F32BytesPerImage),
	}}
	if f.RankCorrelation == nil {
		return rows
	}
	rows = append(rows,
		[]string{"  i8 features, rank correlation", fmt.Sprintf("%.5f", *f.RankCorrelation), fmt.Sprintf("worst query %.5f; %s", *f.Worst, f.Set)},
		[]string{"  i8 features, same top 20", fmt.Sprintf("%.1f %%", 100**f.SameTop20), fmt.Sprintf("of %d queries; logits differ by at most %.2g (rms %.2g)", f.Queries, *f.LogitError, *f.LogitRMS)},
	)
	for _, e := range f.EarlyExit {
		rows = append(rows, []string{fmt.Sprintf("  decoding the nearest %d only, same top 20", e.Decoded), fmt.Sprintf("%.1f %%", 100*e.SameTop20), fmt.Sprintf("of all %d decoded", featureCandidates)})
	}
	return rows
}
