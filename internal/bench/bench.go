// Package bench measures how fast this machine is at what Sightline does, as ratios taken side by side in one run. It
// must not know the command line; its figures mean something only on one machine and beside each other.
package bench

import (
	"context"
	"fmt"
	"runtime"
)

// Report is what `sightline bench` prints. A section that was not asked for is nil.
type Report struct {
	Machine Machine `json:"machine"`
}

// Machine says where the figures were taken.
type Machine struct {
	CPU     string `json:"cpu"`
	Cores   int    `json:"cores"`
	OS      string `json:"os"`
	Go      string `json:"go"`
	Runtime string `json:"onnxruntime"`
}

// Options says what to measure and with what.
type Options struct {
	Only   []string                         // names of sections; empty is all
	Repeat int                              // interleaved repetitions of everything that is compared
	Note   func(format string, args ...any) // tells a person what is being measured
}

// section is one group of figures. Sections run one after another, never beside each other.
type section struct {
	name    string
	measure func(ctx context.Context, o Options, r *Report) error
}

func sections() []section {
	return []section{}
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
	r := &Report{Machine: Machine{Cores: runtime.NumCPU(), OS: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version()}}
	for _, s := range sections() {
		if !o.wants(s.name) {
			continue
		}
		o.Note("measuring %s", s.name)
		if err := s.measure(ctx, o, r); err != nil {
			return nil, fmt.Errorf("measure %s: %w", s.name, err)
		}
	}
	return r, nil
}

func (o Options) wants(name string) bool {
	for _, only := range o.Only {
		if only == name {
			return true
		}
	}
	return len(o.Only) == 0
}
