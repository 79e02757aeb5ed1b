package bench

import (
	"fmt"
	"math"
	"time"
)

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
