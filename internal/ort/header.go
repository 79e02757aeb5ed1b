package ort

import (
	"bytes"
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// image says for which system a shared library was built, and whether it exports ONNX Runtime's entry point.
type image struct {
	format string // "ELF", "Mach-O" or "PE"
	arch   string // as runtime.GOARCH, or the format's own name for it
	entry  bool   // exports entryPoint; true for PE, whose export table is left to the loader
}

// entryPoint is the one symbol that every ONNX Runtime exports.
const entryPoint = "OrtGetApiBase"

// errNotLibrary is the answer to a file that is no shared library of any known system.
var errNotLibrary = errors.New("it is not a shared library")

// readImage reads a library's header without loading it: loading runs the library's own code.
func readImage(path string) (image, error) {
	f, err := os.Open(path)
	if err != nil {
		return image{}, err
	}
	defer f.Close()
	magic := make([]byte, 4)
	_, err = io.ReadFull(f, magic)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return image{}, errNotLibrary
	}
	if err != nil {
		return image{}, err
	}
	switch {
	case string(magic) == elf.ELFMAG:
		return readELF(f)
	case string(magic[:2]) == "MZ":
		return readPE(f)
	case bytes.HasSuffix(magic, []byte{0xfa, 0xed, 0xfe}), bytes.Equal(magic, []byte{0xca, 0xfe, 0xba, 0xbe}):
		return readMachO(f)
	}
	return image{}, errNotLibrary
}

func readELF(r io.ReaderAt) (image, error) {
	f, err := elf.NewFile(r)
	if err != nil {
		return image{}, fmt.Errorf("%w: damaged ELF header: %w", errNotLibrary, err)
	}
	img := image{format: "ELF", arch: archName(f.Machine.String(), map[string]string{"EM_X86_64": "amd64", "EM_AARCH64": "arm64"})}
	symbols, err := f.DynamicSymbols()
	if err != nil && !errors.Is(err, elf.ErrNoSymbols) {
		return image{}, fmt.Errorf("%w: damaged symbol table: %w", errNotLibrary, err)
	}
	for _, s := range symbols {
		img.entry = img.entry || (s.Name == entryPoint && s.Section != elf.SHN_UNDEF)
	}
	return img, nil
}

func readMachO(r io.ReaderAt) (image, error) {
	arches := map[string]string{"CpuAmd64": "amd64", "CpuArm64": "arm64"}
	fat, err := macho.NewFatFile(r)
	if err == nil {
		img := image{format: "Mach-O"}
		var names []string
		for _, a := range fat.Arches {
			names = append(names, archName(a.Cpu.String(), arches))
			img.entry = img.entry || exportsMachO(a.File)
		}
		img.arch = strings.Join(names, "+")
		return img, nil
	}
	f, err := macho.NewFile(r)
	if err != nil {
		return image{}, fmt.Errorf("%w: damaged Mach-O header: %w", errNotLibrary, err)
	}
	return image{format: "Mach-O", arch: archName(f.Cpu.String(), arches), entry: exportsMachO(f)}, nil
}

func exportsMachO(f *macho.File) bool {
	if f.Symtab == nil {
		return false
	}
	for _, s := range f.Symtab.Syms {
		if s.Name == "_"+entryPoint && s.Sect != 0 {
			return true
		}
	}
	return false
}

func readPE(r io.ReaderAt) (image, error) {
	f, err := pe.NewFile(r)
	if err != nil {
		return image{}, fmt.Errorf("%w: damaged PE header: %w", errNotLibrary, err)
	}
	arch := fmt.Sprintf("machine 0x%x", f.Machine)
	switch f.Machine {
	case pe.IMAGE_FILE_MACHINE_AMD64:
		arch = "amd64"
	case pe.IMAGE_FILE_MACHINE_ARM64:
		arch = "arm64"
	}
	return image{format: "PE", arch: arch, entry: true}, nil
}

func archName(name string, known map[string]string) string {
	if arch, ok := known[name]; ok {
		return arch
	}
	return name
}

// formatOf is the library format of a system.
func formatOf(goos string) string {
	switch goos {
	case "darwin":
		return "Mach-O"
	case "windows":
		return "PE"
	}
	return "ELF"
}
