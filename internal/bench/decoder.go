package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"
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

func report(one, four *comparison) *Decoder {
	both := func(form string) float64 { return max(one.difference(form), four.difference(form)) }
	return &Decoder{
		Candidates: decoderCandidates,
		Ordinary1:  milliseconds(one.cost["ordinary"]), Ordinary4: milliseconds(four.cost["ordinary"]),
		Folded1: one.times("folded_f32"), Folded4: four.times("folded_f32"),
		F16Folded1: one.times("folded_f16"), I8Folded1: one.times("folded_i8"),
		Int81: one.times("folded_f32_int8"), Int84: four.times("folded_f32_int8"),
		F16Int81: one.times("folded_f16_int8"), I8Int81: one.times("folded_i8_int8"), I8Int84: four.times("folded_i8_int8"),
		FoldedError: both("folded_f32"), F16Error: both("folded_f16"), I8Error: both("folded_i8"),
		Int8Error: both("folded_f32_int8"), I8Int8Error: both("folded_i8_int8"), Deviation: deviation(four.logits["ordinary"]), I8Ranks: four.rankCorrelation("folded_i8"),
		Share1: one.share(), Share4: four.share(), Peak: one.peak() / 1e9,
	}
}

// times is how many times faster a form is than the ordinary one.
func (c *comparison) times(form string) float64 { return times(c.cost["ordinary"], c.cost[form]) }

// difference is the largest one of a form's logits to those of the ordinary form.
func (c *comparison) difference(form string) (most float64) {
	for i, logit := range c.logits[form] {
		most = max(most, math.Abs(float64(logit)-float64(c.logits["ordinary"][i])))
	}
	return most
}

// rankCorrelation is that of a form's order of the candidates with the ordinary form's, mean of the texts.
func (c *comparison) rankCorrelation(form string) (mean float64) {
	for text := range c.texts {
		var exact, other []float64
		for at := text; at < len(c.logits[form]); at += c.texts {
			exact, other = append(exact, float64(c.logits["ordinary"][at])), append(other, float64(c.logits[form][at]))
		}
		mean += spearman(exact, other) / float64(c.texts)
	}
	return mean
}

// peak is how many multiply-adds a second one large matrix product reaches.
func (c *comparison) peak() float64 {
	return sgemmSide * sgemmSide * sgemmSide / c.cost["sgemm"].CPU.Seconds()
}

// share is how much of that peak the folded form in f32 reaches.
func (c *comparison) share() float64 {
	return float64(c.texts*decoderCandidates*foldedWork()) / c.cost["folded_f32"].CPU.Seconds() / c.peak()
}

// foldedWork is the multiply-adds of one text and one candidate in the folded form.
func foldedWork() int {
	attention := 2 * officialHeads * officialTokens * officialDim
	values := officialHidden*officialDim + officialHidden*officialHidden
	second := officialHidden*officialHidden + officialHidden*officialDim // the second layer's queries, folded
	return 2*(attention+values+2*officialHidden*officialFFN) + second + officialHidden
}

func decoderRows(r *Report) [][]string {
	d := r.Decoder
	x := func(v float64) string { return fmt.Sprintf("%.1f x", v) }
	off := func(v float64) string {
		return fmt.Sprintf("logits differ by at most %.2g (deviation %.2f)", v, d.Deviation)
	}
	rows := [][]string{
		{"re-ranking 100 candidates, 1 text", "", fmt.Sprintf("times faster than ordinary cross-attention (%s CPU, one thread)", ms(duration(d.Ordinary1)))},
		{"  folded", x(d.Folded1), fmt.Sprintf("%.0f %% of the sgemm peak; %s", 100*d.Share1, off(d.FoldedError))},
		{"  folded, f16 features", x(d.F16Folded1), off(d.F16Error)},
		{"  folded, i8 features", x(d.I8Folded1), fmt.Sprintf("%s, rank correlation %.5f", off(d.I8Error), d.I8Ranks)},
		{"  int8 weights", x(d.Int81), off(d.Int8Error)},
		{"  int8 weights, f16 features", x(d.F16Int81), ""},
		{"  int8 weights, i8 features", x(d.I8Int81), off(d.I8Int8Error)},
		{"re-ranking 100 candidates, 4 texts", "", fmt.Sprintf("times faster than ordinary cross-attention (%s CPU, one thread)", ms(duration(d.Ordinary4)))},
		{"  folded", x(d.Folded4), fmt.Sprintf("%.0f %% of the sgemm peak", 100*d.Share4)},
		{"  int8 weights", x(d.Int84), ""},
		{"  int8 weights, i8 features", x(d.I8Int84), ""},
		{"sgemm peak, one thread", fmt.Sprintf("%.1f G/s", d.Peak), "multiply-adds in one product of 1,536 x 1,536"},
		{"re-ranking 100 candidates, 1 text", "", "CPU time by the candidates of one run"},
	}
	return append(rows, chunkRows(d.Chunks)...)
}

func milliseconds(c cost) float64 { return float64(c.CPU) / 1e6 }

// duration is the reverse of milliseconds.
func duration(milliseconds float64) time.Duration { return time.Duration(milliseconds * 1e6) }

func deviation(values []float32) float64 {
	var sum, squares float64
	for _, v := range values {
		sum += float64(v)
		squares += float64(v) * float64(v)
	}
	n := float64(len(values))
	return math.Sqrt(squares/n - sum/n*sum/n)
}
