package bench

import (
	"context"
	"errors"
	"math"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/align"
	"github.com/sightline-search/sightline/encoder"
	"github.com/sightline-search/sightline/index"
	"github.com/sightline-search/sightline/internal/ort"
)

// Accelerator is the speed of the bundle's models on the device that was named, and how far their results are from the
// processor's. Figures of f16 graphs are 0 where the bundle has none. All times are wall times: a card's work is not
// CPU time.
type Accelerator struct {
	Device  string         `json:"device"`
	Half    bool           `json:"half"`    // the bundle has f16 graphs
	Encoder []EncoderSpeed `json:"encoder"` // by images a run
	Decoder []DecoderSpeed `json:"decoder"` // by texts; empty where the bundle has no text encoder

	// Length of the error of the features by the length of those that f32 graphs give on the processor.
	FeaturesOff     float64 `json:"f32_features_off"`
	HalfFeaturesOff float64 `json:"f16_features_off"`

	Pipeline CardPipeline `json:"pipeline"`
}

// EncoderSpeed is what the bare encoder does, pixels in memory.
type EncoderSpeed struct {
	Batch int     `json:"batch"`
	F32   float64 `json:"f32_images_per_second"`
	F16   float64 `json:"f16_images_per_second"`
}

// DecoderSpeed is what the aligner does: every text is scored for every candidate.
type DecoderSpeed struct {
	Candidates int     `json:"candidates"`
	Texts      int     `json:"texts"`
	F32        float64 `json:"f32_pairs_per_second"` // images x texts
	F16        float64 `json:"f16_pairs_per_second"`
}

// forms are the models of one bundle in f32 and, where there are such graphs, in f16, on the same device.
type forms []*cardModels

// cardModels are the graphs that a card runs, in one of the two types.
type cardModels struct {
	images *encoder.Images
	align  *align.Aligner
}

func (c *cardModels) Close() error { return errors.Join(c.images.Close(), c.align.Close()) }

func (f forms) Close() error {
	var errs []error
	for _, models := range f {
		errs = append(errs, models.Close())
	}
	return errors.Join(errs...)
}

// sizes are how much is measured: more for a card, which is idle with what fills a core.
type cardSizes struct {
	batches    []int
	texts      []int
	candidates int
	pipeline   int // images
	add        index.AddOptions
}

func (o Options) cardSizes(device string) cardSizes {
	if device == ort.CUDA {
		return cardSizes{[]int{1, 8, 32, 128}, []int{1, 4, 16, 64}, 1024, 4096, o.OnCard}
	}
	return cardSizes{[]int{1, 4, 8}, []int{1, 4}, 64, 64, index.AddOptions{}}
}

func measureAccelerator(ctx context.Context, o Options, r *Report) (err error) {
	rt, err := ort.Open(ort.Options{Library: o.Library, Device: o.Device})
	if err != nil {
		return err
	}
	a := &Accelerator{Device: rt.Device, Half: o.Bundle.Manifest.Half != nil, Decoder: []DecoderSpeed{}}
	models, err := o.openForms(rt)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, models.Close()) }()
	sizes := o.cardSizes(rt.Device)
	if err := o.compareFeatures(ctx, models, a); err != nil {
		return err
	}
	if err := o.encoderSpeeds(ctx, models, sizes, a); err != nil {
		return err
	}
	if err := o.decoderSpeeds(ctx, rt, models, sizes, a); err != nil {
		return err
	}
	r.Accelerator = a
	return o.cardPipeline(ctx, models, sizes, a)
}

// openForms loads the graphs in f32 and then, where the bundle has them, in f16.
func (o Options) openForms(rt *ort.Runtime) (forms, error) {
	var models forms
	types := []bool{false}
	if o.Bundle.Manifest.Half != nil {
		types = append(types, true)
	}
	for _, half := range types {
		typed := *rt
		typed.Half = half
		images, err := encoder.NewImages(&typed, o.Bundle)
		if err != nil {
			return nil, errors.Join(err, models.Close())
		}
		aligner, err := align.New(&typed, o.Bundle)
		if err != nil {
			return nil, errors.Join(err, images.Close(), models.Close())
		}
		models = append(models, &cardModels{images, aligner})
	}
	return models, nil
}

// noise is pixels of images that show nothing, normalised as photographs are.
func (o Options) noise(count int) []encoder.Pixels {
	random, size := seeded(3), 3*o.Bundle.Manifest.Image.Width*o.Bundle.Manifest.Image.Height
	images := make([]encoder.Pixels, count)
	for i := range images {
		images[i] = normal(random, size)
	}
	return images
}

// compareFeatures encodes the same images on the processor and on the device.
func (o Options) compareFeatures(ctx context.Context, models forms, a *Accelerator) error {
	rt, err := ort.Open(ort.Options{Library: o.Library})
	if err != nil {
		return err
	}
	plain, err := encoder.NewImages(rt, o.Bundle)
	if err != nil {
		return err
	}
	defer plain.Close()
	pixels := o.noise(4)
	wanted, err := plain.Encode(ctx, pixels)
	if err != nil {
		return err
	}
	for i, into := range []*float64{&a.FeaturesOff, &a.HalfFeaturesOff}[:len(models)] {
		found, err := models[i].images.Encode(ctx, pixels)
		if err != nil {
			return err
		}
		*into = o.off(wanted, found)
	}
	return nil
}

// off is the length of the difference of features by the length of what is wanted.
func (o Options) off(wanted, found []sightline.Features) float64 {
	f := o.Bundle.Manifest.Features
	layout := ort.LayoutOf(f.DType, f.Tokens, f.Dim)
	var difference, whole float64
	for i := range wanted {
		a, b := layout.Values(wanted[i].Patches), layout.Values(found[i].Patches)
		for k := range a {
			d := float64(a[k]) - float64(b[k])
			difference += d * d
			whole += float64(a[k]) * float64(a[k])
		}
	}
	return math.Sqrt(difference / whole)
}
