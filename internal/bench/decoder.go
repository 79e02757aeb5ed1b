package bench

import (
	"context"
	"errors"
)

// decoderCandidates is how many images are re-ranked.
const decoderCandidates = 100

// Decoder says how many times faster the forms of the folded decoder are than ordinary cross-attention: 100 candidates
// of the official size, one thread, CPU time. Names end in the number of texts.
type Decoder struct {
	Candidates int     `json:"candidates"`
	Ordinary1  float64 `json:"ordinary_cpu_ms_1"`
	Ordinary4  float64 `json:"ordinary_cpu_ms_4"`
	Folded1    float64 `json:"folded_over_ordinary_1"` // f32 weights, f32 features
	Folded4    float64 `json:"folded_over_ordinary_4"`
	F16Folded1 float64 `json:"f16_features_over_ordinary_1"` // f32 weights
	I8Folded1  float64 `json:"i8_features_over_ordinary_1"`  // f32 weights
	Int81      float64 `json:"int8_over_ordinary_1"`         // all projections int8 but the last, f32 features
	Int84      float64 `json:"int8_over_ordinary_4"`
	F16Int81   float64 `json:"int8_f16_features_over_ordinary_1"`
	I8Int81    float64 `json:"int8_i8_features_over_ordinary_1"`
	I8Int84    float64 `json:"int8_i8_features_over_ordinary_4"`

	// Largest differences of logits to the ordinary form, over all pairs, and how far the logits spread by themselves.
	FoldedError float64 `json:"folded_logit_error"`
	F16Error    float64 `json:"f16_features_logit_error"`
	I8Error     float64 `json:"i8_features_logit_error"`
	Int8Error   float64 `json:"int8_logit_error"`
	I8Int8Error float64 `json:"int8_i8_features_logit_error"`
	Deviation   float64 `json:"logit_deviation"`
	I8Ranks     float64 `json:"i8_features_rank_correlation"` // Spearman's over the candidates, mean of four texts

	// Multiply-adds a second of the folded form over those of one large matrix product through the same ONNX Runtime.
	Share1 float64 `json:"share_of_sgemm_1"`
	Share4 float64 `json:"share_of_sgemm_4"`
	Peak   float64 `json:"sgemm_gmacs"` // billions of multiply-adds a second

	Chunks []Chunk `json:"chunks"`
}

// measureDecoder compares all forms on the same texts, candidates and weights.
func measureDecoder(ctx context.Context, o Options, r *Report) (err error) {
	folder, err := openOfficial(o.Library, 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, folder.Close()) }()
	one, err := folder.compare(ctx, 1, decoderCandidates, o.Repeat)
	if err != nil {
		return err
	}
	four, err := folder.compare(ctx, 4, decoderCandidates, o.Repeat)
	if err != nil {
		return err
	}
	r.Decoder = report(one, four)
	r.Decoder.Chunks, err = folder.chunks(ctx, o.Repeat)
	return err
}

// The forms that are compared; the first is what the others are compared with. Names are those of the graphs.
var decoderForms = []string{
	"ordinary", "folded_f32", "folded_f16", "folded_i8", "folded_f32_int8", "folded_f16_int8", "folded_i8_int8", "sgemm",
}

// comparison is what each form cost and gave.
type comparison struct {
	texts  int
	cost   map[string]cost
	logits map[string][]float32
}

func (o *official) compare(ctx context.Context, texts, candidates, repeat int) (*comparison, error) {
	given, err := o.inputs(ctx, texts, candidates)
	if err != nil {
		return nil, err
	}
	c := &comparison{texts, map[string]cost{}, map[string][]float32{}}
	var forms []func(context.Context) error
	for _, name := range decoderForms {
		session, err := o.load(name)
		if err != nil {
			return nil, err
		}
		defer session.Close()
		forms = append(forms, func(ctx context.Context) error {
			output := "logits"
			if name == "sgemm" {
				output = "product"
			}
			out, err := session.Run(ctx, given[name], output)
			c.logits[name] = out[output].F32
			return err
		})
	}
	costs, err := cheapest(ctx, repeat, forms...)
	if err != nil {
		return nil, err
	}
	for i, name := range decoderForms {
		c.cost[name] = costs[i]
	}
	return c, nil
}
