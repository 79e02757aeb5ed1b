package bench

import (
	"bufio"
	"embed"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"github.com/sightline-search/sightline/internal/ort"
)

// officialGraphs are the decoder's forms at the size of the released RAM++ model, without weights. `python -m
// training.official_graphs` writes them.
//
//go:embed graphs
var officialGraphs embed.FS

// The official sizes: those of ram_plus_swin_large_14m at 384 pixels.
const (
	officialTokens = 144 // stored; token 0, their mean, is recomputed
	officialDim    = 512
	officialHidden = 768
	officialFFN    = 3072
	officialHeads  = 4
)

// official is a folder with the official-size graphs and random weights beside them. All forms of the decoder read the
// same weights.
type official struct {
	dir string
	rt  *ort.Runtime
}

// openOfficial lays the graphs and seeded random weights (56 MB) into a temporary folder. One run takes threads threads.
func openOfficial(library string, threads int) (*official, error) {
	rt, err := ort.Open(ort.Options{Library: library, Threads: threads})
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "sightline-bench-")
	if err != nil {
		return nil, fmt.Errorf("make a temporary folder: %w", err)
	}
	o := &official{dir, rt}
	if err := o.write(); err != nil {
		return nil, errors.Join(err, o.Close())
	}
	return o, nil
}

// Close removes the folder.
func (o *official) Close() error { return os.RemoveAll(o.dir) }

func (o *official) write() error {
	files, err := officialGraphs.ReadDir("graphs")
	if err != nil {
		return err
	}
	for _, file := range files {
		content, err := officialGraphs.ReadFile("graphs/" + file.Name())
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(o.dir, file.Name()), content, 0o600); err != nil {
			return fmt.Errorf("write a graph to measure: %w", err)
		}
	}
	return o.writeWeights()
}

// load opens one of the graphs by its name without the extension.
func (o *official) load(name string) (*ort.Session, error) {
	return o.rt.Load(filepath.Join(o.dir, name+".onnx"))
}

// weight is one tensor of weights.bin.
type weight struct {
	Name  string `json:"name"`
	Shape []int  `json:"shape"`
}

func (o *official) writeWeights() (err error) {
	content, err := officialGraphs.ReadFile("graphs/weights.json")
	if err != nil {
		return err
	}
	var list []weight
	if err := json.Unmarshal(content, &list); err != nil {
		return fmt.Errorf("weights.json: %w", err)
	}
	file, err := os.Create(filepath.Join(o.dir, "weights.bin"))
	if err != nil {
		return fmt.Errorf("write random weights: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	out, random := bufio.NewWriterSize(file, 1<<20), seeded(1)
	for _, w := range list {
		if err := w.write(out, random); err != nil {
			return fmt.Errorf("write random weights: %w", err)
		}
	}
	return out.Flush()
}

// write draws numbers that keep a network's values at about one.
func (w weight) write(out io.Writer, random *rand.Rand) error {
	count := 1
	for _, n := range w.Shape {
		count *= n
	}
	mean, deviation := 0.0, 0.1
	switch {
	case len(w.Shape) == 2: // a projection [out, in]
		deviation = 1 / math.Sqrt(float64(w.Shape[1]))
	case strings.HasSuffix(w.Name, ".weight"): // of a layer norm
		mean = 1
	}
	raw := make([]byte, 0, 4*count)
	for range count {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(float32(mean+deviation*random.NormFloat64())))
	}
	_, err := out.Write(raw)
	return err
}

// seeded gives the same numbers on every run and every machine.
func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

func normal(random *rand.Rand, count int) []float32 {
	values := make([]float32, count)
	for i := range values {
		values[i] = float32(random.NormFloat64())
	}
	return values
}
