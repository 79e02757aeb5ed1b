package bench

import (
	"fmt"
	"runtime"
	"strings"

	"github.com/klauspost/cpuid/v2"

	"github.com/sightline-search/sightline/internal/ort"
)

// Machine says where the figures were taken.
type Machine struct {
	CPU     string   `json:"cpu"`
	SIMD    []string `json:"simd"` // what the figures depend on: the widest vectors and the dot products of bytes
	Cores   int      `json:"cores"`
	OS      string   `json:"os"`
	Go      string   `json:"go"`
	Runtime string   `json:"onnxruntime"`
	Device  string   `json:"device"` // what --device chose: cpu or cuda
}

// thisMachine opens ONNX Runtime for the device before any section does, since a process has one library.
func thisMachine(library, device string) (Machine, error) {
	rt, err := ort.Open(ort.Options{Library: library, Device: device})
	if err != nil {
		return Machine{}, err
	}
	return Machine{
		CPU: processor(), SIMD: simd(), Cores: runtime.NumCPU(), OS: runtime.GOOS + "/" + runtime.GOARCH,
		Go: runtime.Version(), Runtime: rt.Version, Device: rt.Device,
	}, nil
}

// processor is the maker's name of the CPU; ARM's do not carry one.
func processor() string {
	cpu := cpuid.CPU
	name := strings.TrimSpace(cpu.BrandName)
	if name == "" {
		name = "unnamed"
	}
	return fmt.Sprintf("%s (family %d, model %d)", name, cpu.Family, cpu.Model)
}

func simd() []string {
	names := []string{}
	for _, f := range []cpuid.FeatureID{cpuid.AVX2, cpuid.AVX512F, cpuid.AVXVNNI, cpuid.AVX512VNNI, cpuid.AMXINT8, cpuid.ASIMD, cpuid.ASIMDDP, cpuid.SVE} {
		if cpuid.CPU.Supports(f) {
			names = append(names, f.String())
		}
	}
	return names
}

func (m Machine) rows() [][]string {
	return [][]string{
		{"processor", m.CPU, strings.Join(m.SIMD, " ")},
		{"cores", fmt.Sprint(m.Cores), m.OS},
		{"ONNX Runtime", m.Runtime, m.Go},
	}
}
