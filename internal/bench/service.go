package bench

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
)

// serviceImages is how many images are searched under load.
const serviceImages = 10_000

const (
	maxClients  = 64
	loadAnswers = 192 // of one load, besides the first of every client
	startAsks   = 10  // searches after a start
)

// ServiceReport is POST /v1/search under closed-loop load on the loopback interface, server and clients in one process.
type ServiceReport struct {
	Images int    `json:"images"`
	What   string `json:"what"`
	Loads  []Load `json:"loads"` // by the number of clients

	ThroughputHolds float64 `json:"throughput_64_to_1"`  // answers a second of 64 clients to those of one
	CPUHolds        float64 `json:"cpu_64_to_1"`         // CPU time of an answer to 64 clients to that of one to one client
	LeastStep       float64 `json:"least_step"`          // answers a second of each number of clients to those of the one before, the least
	TailRatio       float64 `json:"p99_to_p50_at_16"`    // of new texts
	FirstToTenth    float64 `json:"first_to_tenth"`      // first search after a start to the tenth
	ColdToTenth     float64 `json:"cold_first_to_tenth"` // the same, had nothing been warmed
}

// Load is what so many clients get.
type Load struct {
	Clients  int   `json:"clients"`
	New      Speed `json:"new_texts"`      // every text is a new one
	Repeated Speed `json:"repeated_texts"` // all texts are in the cache
}

// Speed is how fast a load is answered; times are in milliseconds.
type Speed struct {
	PerSecond float64 `json:"per_second"`
	P50       float64 `json:"p50_ms"`
	P99       float64 `json:"p99_ms"`
	Wait      float64 `json:"wait_p50_ms"` // of it until a place was free
	Text      float64 `json:"text_p50_ms"` // of it encoding texts
	CPU       float64 `json:"cpu_ms"`      // an answer, the client's part included
}

func measureService(ctx context.Context, o Options, r *Report) error {
	report := &ServiceReport{Images: serviceImages, What: "variations of the images of " + filepath.Base(o.Images) + ", with features of the real size"}
	err := inScratch(func(dir string) error {
		if err := o.fill(ctx, dir, serviceImages); err != nil {
			return err
		}
		if err := o.serving(ctx, dir, true, func(t *target) error { return o.loads(ctx, t, report) }); err != nil {
			return err
		}
		return o.starts(ctx, dir, report)
	})
	r.Service = report
	return err
}

// loads measures every number of clients in every round, and keeps the round of the best throughput.
func (o Options) loads(ctx context.Context, t *target, report *ServiceReport) error {
	for _, clients := range []int{1, 4, 16, maxClients} {
		report.Loads = append(report.Loads, Load{Clients: clients})
	}
	texts := newTexts()
	for round := range o.Repeat {
		o.Note("load, round %d of %d", round+1, o.Repeat)
		for i := range report.Loads {
			l := &report.Loads[i]
			if err := t.load(ctx, l.Clients, &l.New, func(int) string { return texts() }); err != nil {
				return err
			}
			if err := t.load(ctx, l.Clients, &l.Repeated, func(n int) string { return fmt.Sprintf("text number %d", n%4) }); err != nil {
				return err
			}
		}
	}
	first, last := report.Loads[0].New, report.Loads[len(report.Loads)-1].New
	report.LeastStep = math.Inf(1)
	for i := range report.Loads[1:] {
		report.LeastStep = min(report.LeastStep, report.Loads[i+1].New.PerSecond/report.Loads[i].New.PerSecond)
	}
	report.CPUHolds = last.CPU / first.CPU
	report.ThroughputHolds = last.PerSecond / first.PerSecond
	report.TailRatio = report.Loads[2].New.P99 / report.Loads[2].New.P50
	return nil
}

func (t *target) load(ctx context.Context, clients int, best *Speed, text func(i int) string) error {
	var answers []answer
	var perSecond float64
	spent, err := costOf(ctx, func(ctx context.Context) (err error) {
		answers, perSecond, err = t.closedLoop(ctx, clients, loadAnswers, text)
		return err
	})
	if err != nil {
		return err
	}
	now := Speed{
		PerSecond: perSecond,
		CPU:       msOf(spent.CPU) / float64(loadAnswers+clients),
		P50:       percentile(each(answers, func(a answer) float64 { return a.ms }), 0.5),
		P99:       percentile(each(answers, func(a answer) float64 { return a.ms }), 0.99),
		Wait:      percentile(each(answers, func(a answer) float64 { return a.Took.Wait }), 0.5),
		Text:      percentile(each(answers, func(a answer) float64 { return a.Took.Text }), 0.5),
	}
	if best.CPU > 0 {
		now.CPU = min(now.CPU, best.CPU)
		best.CPU = now.CPU
	}
	if now.PerSecond > best.PerSecond {
		*best = now
	}
	return nil
}

// starts opens the index anew, with graphs that have not run, and asks ten different texts, with and without warming. The
// figures are medians of all rounds.
func (o Options) starts(ctx context.Context, dir string, report *ServiceReport) error {
	var warm, cold, tenth []float64
	for round := range o.Repeat {
		o.Note("start, round %d of %d", round+1, o.Repeat)
		for _, warmed := range []bool{true, false} {
			times, err := o.start(ctx, dir, warmed)
			if err != nil {
				return err
			}
			if !warmed {
				cold = append(cold, times[0])
				continue
			}
			warm, tenth = append(warm, times[0]), append(tenth, times[len(times)-1])
		}
	}
	report.FirstToTenth = percentile(warm, 0.5) / percentile(tenth, 0.5)
	report.ColdToTenth = percentile(cold, 0.5) / percentile(tenth, 0.5)
	return nil
}

func (o Options) start(ctx context.Context, dir string, warmed bool) (times []float64, err error) {
	err = o.serving(ctx, dir, warmed, func(t *target) error {
		texts := newTexts()
		for range startAsks {
			a, err := t.ask(ctx, texts(), 0)
			if err != nil {
				return err
			}
			times = append(times, a.ms)
		}
		return nil
	})
	return times, err
}
