package bench

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/index"
)

// PythonReport compares Sightline with a pipeline in Python over the same bundle, images and texts, on as many threads. Both
// are asked inside their process, in turn.
type PythonReport struct {
	Images     int     `json:"images"`
	Runtime    string  `json:"onnxruntime"` // Python's own
	IndexRatio float64 `json:"index_ratio"` // its seconds to Sightline's
	QueryRatio float64 `json:"query_ratio"`

	IndexCPURatio float64 `json:"index_cpu_ratio"` // the same of CPU time
	QueryCPURatio float64 `json:"query_cpu_ratio"`

	IndexPython float64 `json:"index_images_per_second_python"`
	Index       float64 `json:"index_images_per_second"`
	QueryPython float64 `json:"query_ms_python"`
	Query       float64 `json:"query_ms"`
	SameBest    float64 `json:"same_best"` // share of the texts for which both find the same image first
}

// queriesARound is how many texts are compared in one round.
const queriesARound = 25

//go:embed pipeline.py
var pipelineSource []byte

// pythonPipeline is the running pipeline.
type pythonPipeline struct {
	cmd     *exec.Cmd
	orders  io.WriteCloser
	answers *bufio.Reader
}

// pipelineAnswer is one line of it.
type pipelineAnswer struct {
	Images  int     `json:"images"`
	Best    [][]any `json:"best"` // probability, path
	Seconds float64 `json:"seconds"`
	CPU     float64 `json:"cpu"` // seconds
	Runtime string  `json:"onnxruntime"`
}

func startPipeline(ctx context.Context, o Options, dir string) (*pythonPipeline, error) {
	source := filepath.Join(dir, "pipeline.py")
	if err := os.WriteFile(source, pipelineSource, 0o600); err != nil {
		return nil, fmt.Errorf("write the pipeline: %w", err)
	}
	p := &pythonPipeline{cmd: exec.CommandContext(ctx, o.Python, source, o.Bundle.Dir, strconv.Itoa(runtime.NumCPU()))}
	p.cmd.Stderr = os.Stderr
	orders, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	answers, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.orders, p.answers = orders, bufio.NewReader(answers)
	if err := p.cmd.Start(); err != nil {
		return nil, sightline.Errorf(sightline.CodeInvalid, "%s does not start: %w", o.Python, err).WithParam("python")
	}
	return p, nil
}

// ask gives an order and waits for its answer.
func (p *pythonPipeline) ask(order map[string]string) (a pipelineAnswer, err error) {
	line, err := json.Marshal(order)
	if err != nil {
		return a, err
	}
	_, err = p.orders.Write(append(line, '\n'))
	var reply []byte
	if err == nil {
		reply, err = p.answers.ReadBytes('\n')
	}
	if err != nil {
		return a, sightline.Errorf(sightline.CodeInvalid, "the pipeline in Python gave no answer: %w", err).
			WithParam("python").WithHint("the interpreter needs onnxruntime, numpy, Pillow and tokenizers, as in training/requirements.txt")
	}
	return a, json.Unmarshal(reply, &a)
}

func (p *pythonPipeline) close() error {
	return errors.Join(p.orders.Close(), p.cmd.Wait())
}

func measurePython(ctx context.Context, o Options, r *Report) error {
	if o.Python == "" {
		o.Note("no comparison with Python: --python names no interpreter")
		return nil
	}
	return inScratch(func(dir string) (err error) {
		p, err := startPipeline(ctx, o, dir)
		if err != nil {
			return err
		}
		report, err := o.comparePython(ctx, dir, p)
		r.Python = report
		closed := p.close()
		if err != nil {
			return err // that it ended badly follows from it
		}
		return closed
	})
}

// comparePython takes the fastest of all rounds of each.
func (o Options) comparePython(ctx context.Context, dir string, p *pythonPipeline) (*PythonReport, error) {
	var indexing, indexingPython, asking, askingPython fastest
	report := &PythonReport{}
	same, texts := 0, newTexts()
	for round := range o.Repeat {
		o.Note("Python beside Sightline, round %d of %d", round+1, o.Repeat)
		a, err := p.ask(map[string]string{"index": o.Images})
		if err != nil {
			return nil, err
		}
		indexingPython.take(a.Seconds, a.CPU)
		report.Images, report.Runtime = a.Images, a.Runtime
		here := filepath.Join(dir, strconv.Itoa(round))
		if err := o.indexOnce(ctx, here, &indexing); err != nil {
			return nil, err
		}
		alike, err := o.askBoth(ctx, here, p, texts, &asking, &askingPython)
		if err != nil {
			return nil, err
		}
		same += alike
	}
	report.IndexRatio, report.QueryRatio = indexingPython.wall/indexing.wall, askingPython.wall/asking.wall
	report.IndexCPURatio, report.QueryCPURatio = indexingPython.cpu/indexing.cpu, askingPython.cpu/asking.cpu
	report.Index, report.IndexPython = float64(report.Images)/indexing.wall, float64(report.Images)/indexingPython.wall
	report.Query, report.QueryPython = 1e3*asking.wall/queriesARound, 1e3*askingPython.wall/queriesARound
	report.SameBest = float64(same) / float64(o.Repeat*queriesARound)
	return report, nil
}

// indexOnce makes an index of the images in the folder; that the graphs are loaded meanwhile counts, too.
func (o Options) indexOnce(ctx context.Context, dir string, best *fastest) (err error) {
	s, err := o.OpenSubject(dir, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	spent, err := costOf(ctx, func(ctx context.Context) error {
		_, err := s.Index.Add(ctx, []string{o.Images}, index.AddOptions{})
		return err
	})
	best.take(spent.Wall.Seconds(), spent.CPU.Seconds())
	return err
}

// askBoth asks new texts, all of them of one and then of the other, since the threads of ONNX Runtime wait for more work a
// while before they sleep, which whoever is asked next would pay. It gives for how many the same image came first.
func (o Options) askBoth(ctx context.Context, dir string, p *pythonPipeline, texts func() string, mine, python *fastest) (same int, err error) {
	s, err := o.OpenSubject(dir, false)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.Index.Warm(ctx); err != nil {
		return 0, err
	}
	all := 0.0
	var here, there fastest // sums of this round
	var asked, best [queriesARound]string
	for i := range asked {
		asked[i] = texts()
		spent, err := costOf(ctx, func(ctx context.Context) error {
			found, err := s.Index.Search(ctx, index.Request{Query: asked[i], Plain: true, MinProbability: &all})
			if err == nil && len(found.Results) > 0 {
				best[i] = found.Results[0].Path
			}
			return err
		})
		if err != nil {
			return 0, err
		}
		here.wall, here.cpu = here.wall+spent.Wall.Seconds(), here.cpu+spent.CPU.Seconds()
	}
	for i, text := range asked {
		a, err := p.ask(map[string]string{"query": text})
		if err != nil {
			return 0, err
		}
		there.wall, there.cpu = there.wall+a.Seconds, there.cpu+a.CPU
		if len(a.Best) > 0 && a.Best[0][1] == best[i] {
			same++
		}
	}
	mine.take(here.wall, here.cpu)
	python.take(there.wall, there.cpu)
	return same, nil
}

// fastest is the least of some times, in seconds; 0 is none yet.
type fastest struct{ wall, cpu float64 }

func (f *fastest) take(wall, cpu float64) {
	if f.wall == 0 {
		f.wall, f.cpu = wall, cpu
	}
	f.wall, f.cpu = min(f.wall, wall), min(f.cpu, cpu)
}
