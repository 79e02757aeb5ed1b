package bench

import (
	"context"
	"fmt"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/encoder"
	"github.com/sightline-search/sightline/internal/ort"
)

// encoderSpeeds runs every batch size with every form, in turn.
func (o Options) encoderSpeeds(ctx context.Context, models forms, sizes cardSizes, a *Accelerator) error {
	for _, batch := range sizes.batches {
		pixels := o.noise(batch)
		rates, err := o.rates(ctx, models, batch, func(ctx context.Context, m *cardModels) error {
			_, err := m.images.Encode(ctx, pixels)
			return err
		})
		if err != nil {
			return err
		}
		a.Encoder = append(a.Encoder, EncoderSpeed{batch, rates[0], rates[1]})
	}
	return nil
}

// decoderSpeeds scores label names, as free text, for the same candidates.
func (o Options) decoderSpeeds(ctx context.Context, rt *ort.Runtime, models forms, sizes cardSizes, a *Accelerator) error {
	if o.Bundle.Manifest.Text == nil {
		return nil
	}
	queries, err := o.labelQueries(ctx, rt, models[0], sizes.texts[len(sizes.texts)-1])
	if err != nil {
		return err
	}
	few, err := models[0].images.Encode(ctx, o.noise(8))
	if err != nil {
		return err
	}
	candidates := make([]sightline.Features, sizes.candidates)
	for i := range candidates {
		candidates[i] = few[i%len(few)]
	}
	for _, texts := range sizes.texts {
		rates, err := o.rates(ctx, models, texts*len(candidates), func(ctx context.Context, m *cardModels) error {
			_, err := m.align.Score(ctx, queries[:texts], candidates)
			return err
		})
		if err != nil {
			return err
		}
		a.Decoder = append(a.Decoder, DecoderSpeed{len(candidates), texts, rates[0], rates[1]})
	}
	return nil
}

// labelQueries makes queries of the names of labels, which may have to be taken more than once.
func (o Options) labelQueries(ctx context.Context, rt *ort.Runtime, m *cardModels, count int) ([]sightline.TextQuery, error) {
	encode, err := encoder.NewTexts(rt, o.Bundle)
	if err != nil {
		return nil, err
	}
	defer encode.Close()
	names := []string{"a photograph"}
	for i := range min(count, len(o.Bundle.Labels)) {
		names = append(names, o.Bundle.Labels[i].Name)
	}
	for i := 0; len(names) < count; i++ {
		names = append(names, names[i])
	}
	features, err := encode.Encode(ctx, names[:count])
	if err != nil {
		return nil, err
	}
	return m.align.Queries(ctx, features)
}

// rates is how many things a second each form works off, f32 and f16, when one run has so many of them.
func (o Options) rates(ctx context.Context, models forms, things int, run func(context.Context, *cardModels) error) (rates [2]float64, err error) {
	var runs []func(context.Context) error
	for _, m := range models {
		runs = append(runs, func(ctx context.Context) error { return run(ctx, m) })
	}
	costs, err := cheapest(ctx, o.Repeat, runs...)
	for i, c := range costs {
		rates[i] = float64(things) / c.Wall.Seconds()
	}
	return rates, err
}

func acceleratorRows(r *Report) [][]string {
	a := r.Accelerator
	if a == nil {
		return nil
	}
	rows := [][]string{{"models on", a.Device, ""}}
	off := "no f16 graphs: docs/cuda.md tells how to make them"
	if a.Half {
		off = fmt.Sprintf("f16 graphs %.2g", a.HalfFeaturesOff)
	}
	rows = append(rows, []string{"features, off from the processor's f32", fmt.Sprintf("%.2g", a.FeaturesOff), off})
	for _, e := range a.Encoder {
		rows = append(rows, []string{fmt.Sprintf("encoding, %d images a run", e.Batch), fmt.Sprintf("%.1f images/s", e.F32), inHalf(e.F16, "images/s")})
	}
	for _, d := range a.Decoder {
		figure := fmt.Sprintf("re-ranking %d candidates, %d texts", d.Candidates, d.Texts)
		rows = append(rows, []string{figure, fmt.Sprintf("%.0f images x texts/s", d.F32), inHalf(d.F16, "images x texts/s")})
	}
	p := a.Pipeline
	remark := fmt.Sprintf("of the models alone %.2f (%.1f images/s), of the bare encoder %.2f", p.OverModels, p.Models, p.OverEncoder)
	return append(rows, []string{fmt.Sprintf("indexing, %d images a run", p.Batch), fmt.Sprintf("%.1f images/s", p.ImagesPerSecond), remark})
}

func inHalf(rate float64, unit string) string {
	if rate == 0 {
		return ""
	}
	return fmt.Sprintf("f16 graphs %.1f %s", rate, unit)
}
