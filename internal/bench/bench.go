// Package bench measures how fast this machine is at what Sightline does, as ratios taken side by side in one run. It
// must not know the command line; its figures mean something only on one machine and beside each other.
package bench

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/bundle"
	"github.com/sightline-search/sightline/index"
	"github.com/sightline-search/sightline/internal/ort"
	"github.com/sightline-search/sightline/vectordb"
)

// Report is what `sightline bench` prints. A section that was not asked for is nil.
type Report struct {
	Machine   Machine        `json:"machine"`
	Decoder   *Decoder       `json:"decoder"`
	Features  *Features      `json:"features"`
	Steps     *Steps         `json:"steps"`
	Retrieval []Retrieval    `json:"retrieval"`
	Indexing  *Indexing      `json:"indexing"`
	Service   *ServiceReport `json:"service"`
	Latency   *LatencyReport `json:"latency"`
	Python    *PythonReport  `json:"python_pipeline"`

	Accelerator *Accelerator `json:"accelerator"` // measured where a card computes, or asked for by name
}

// Options says what to measure and with what.
type Options struct {
	Only    []string                         // names of sections; empty is all
	Repeat  int                              // interleaved repetitions of everything that is compared, at least 1
	Note    func(format string, args ...any) // tells a person what is being measured
	Library string                           // ONNX Runtime; "" searches
	Device  string                           // what the accelerator section measures, as ort.Options; others measure the processor
	OnCard  index.AddOptions                 // how `index` works where a card computes
	Bundle  *bundle.Bundle                   // the model, for the sections that use one
	Program string                           // path of this program, for sections that run it as a process

	Images      string                                   // folder of real images: what is indexed, and varied for larger indexes
	MaxImages   int                                      // sizes of an index over it are left out
	OpenSubject OpenSubject                              // for the sections that search
	Python      string                                   // interpreter with onnxruntime, numpy, Pillow and tokenizers; "" leaves the comparison out
	Dataset     string                                   // images with captions, as `eval` reads them; "" is Images
	OpenStore   func(dir string) (vectordb.Store, error) // makes an index in a folder, or opens the one that is there
}

// section is one group of figures. Sections run one after another, never beside each other.
type section struct {
	name    string
	measure func(ctx context.Context, o Options, r *Report) error
	rows    func(r *Report) [][]string // what measure found, for a person: figure, value, remark
	on      string                     // the device without which it has to be asked for by name; "" is any
}

func sections() []section {
	return []section{
		{"decoder", measureDecoder, decoderRows, ""},
		{"features", measureFeatures, featureRows, ""},
		{"steps", measureSteps, stepsRows, ""},
		{"retrieval", measureRetrieval, retrievalRows, ""},
		{"indexing", measureIndexing, func(r *Report) [][]string { return r.Indexing.rows() }, ""},
		{"service", measureService, serviceRows, ""},
		{"latency", measureLatency, latencyRows, ""},
		{"python", measurePython, pythonRows, ""},
		{"accelerator", measureAccelerator, acceleratorRows, ort.CUDA},
	}
}

// Names lists the sections in the order in which they run.
func Names() []string {
	var names []string
	for _, s := range sections() {
		names = append(names, s.name)
	}
	return names
}

// Run measures the sections that were asked for.
func Run(ctx context.Context, o Options) (*Report, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	machine, err := thisMachine(o.Library, o.Device)
	if err != nil {
		return nil, err
	}
	r := &Report{Machine: machine}
	for _, s := range sections() {
		if !o.wants(s, machine.Device) {
			continue
		}
		o.Note("measuring %s", s.name)
		if err := s.measure(ctx, o, r); err != nil {
			return nil, fmt.Errorf("measure %s: %w", s.name, err)
		}
	}
	return r, nil
}

// Rows are a report's figures for a person, those of the sections that o asked for: figure, value, remark.
func (r *Report) Rows(o Options) [][]string {
	rows := r.Machine.rows()
	for _, s := range sections() {
		if o.wants(s, r.Machine.Device) {
			rows = append(rows, s.rows(r)...)
		}
	}
	return rows
}

func (o Options) check() error {
	for _, name := range o.Only {
		if !slices.Contains(Names(), name) {
			return sightline.Errorf(sightline.CodeInvalid, "there is nothing to measure called %q; there are %s", name, strings.Join(Names(), ", ")).
				WithParam("only")
		}
	}
	if o.Repeat < 1 {
		return sightline.Errorf(sightline.CodeInvalid, "repeat is %d, it must be at least 1", o.Repeat).WithParam("repeat")
	}
	return nil
}

func (o Options) wants(s section, device string) bool {
	return slices.Contains(o.Only, s.name) || (len(o.Only) == 0 && (s.on == "" || s.on == device))
}
