package bench

import (
	"context"
	"path/filepath"
)

// The points of the curves.
var (
	candidateCounts = []int{25, 50, 100, 200, 400, 800}
	indexSizes      = []int{1_000, 10_000, 100_000}
)

// LatencyReport is how long one client waits for a search, alone on the machine.
type LatencyReport struct {
	What         string  `json:"what"`
	ByCandidates []Point `json:"by_candidates"` // at 10,000 images
	BySize       []Point `json:"by_size"`       // at the default of 200 candidates
}

// Point is the median over asks texts of one size; times are in milliseconds.
type Point struct {
	Images     int     `json:"images"`
	Candidates int     `json:"candidates"`
	Total      float64 `json:"total_ms"` // as the client sees it
	Text       float64 `json:"text_ms"`
	Retrieve   float64 `json:"retrieve_ms"`
	Fetch      float64 `json:"fetch_ms"`
	Decode     float64 `json:"decode_ms"`
}

const (
	defaultCandidates = 200
	latencyAsks       = 25 // new texts a point and round
)

func measureLatency(ctx context.Context, o Options, r *Report) error {
	report := &LatencyReport{What: "variations of the images of " + filepath.Base(o.Images) + ", with features of the real size; every text is a new one"}
	texts := newTexts()
	err := inScratch(func(dir string) error {
		for _, size := range indexSizes {
			if size > o.MaxImages {
				break
			}
			if err := o.fill(ctx, dir, size); err != nil {
				return err
			}
			if err := o.serving(ctx, dir, true, func(t *target) error { return o.atSize(ctx, t, size, texts, report) }); err != nil {
				return err
			}
		}
		return nil
	})
	r.Latency = report
	return err
}

func (o Options) atSize(ctx context.Context, t *target, size int, texts func() string, report *LatencyReport) error {
	if size == serviceImages {
		points, err := o.points(ctx, t, size, texts, candidateCounts)
		report.ByCandidates = points
		if err != nil {
			return err
		}
	}
	points, err := o.points(ctx, t, size, texts, []int{defaultCandidates})
	report.BySize = append(report.BySize, points...)
	return err
}

// points measures numbers of candidates side by side: all of them in every round, the median of all rounds.
func (o Options) points(ctx context.Context, t *target, size int, texts func() string, counts []int) ([]Point, error) {
	answers := make([][]answer, len(counts))
	for range o.Repeat {
		for i, n := range counts {
			for range latencyAsks {
				a, err := t.ask(ctx, texts(), n)
				if err != nil {
					return nil, err
				}
				answers[i] = append(answers[i], a)
			}
		}
	}
	points := make([]Point, len(counts))
	for i, n := range counts {
		median := func(of func(a answer) float64) float64 { return percentile(each(answers[i], of), 0.5) }
		points[i] = Point{
			Images: size, Candidates: n,
			Total:    median(func(a answer) float64 { return a.ms }),
			Text:     median(func(a answer) float64 { return a.Took.Text }),
			Retrieve: median(func(a answer) float64 { return a.Took.Retrieve }),
			Fetch:    median(func(a answer) float64 { return a.Took.Fetch }),
			Decode:   median(func(a answer) float64 { return a.Took.Decode }),
		}
	}
	return points, nil
}
