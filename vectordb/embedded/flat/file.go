package flat

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"
)

// File is an open file. It is safe for concurrent use; Close must wait for the others.
type File struct {
	file   *os.File
	mapped []byte
	dim    int
	check  uint32
	at     layout

	rows     []int64
	ids      []ID
	scales   []float32
	slacks   []float32
	labels   []labelEntry
	postings []Posting
	codes    []int8
}

// Open maps a file whose vectors have that many numbers. It reads the rows and the labels and nothing else.
func Open(path string, dim int) (*File, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	f := &File{file: file, dim: dim}
	if err := f.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	return f, nil
}

func (f *File) open() error {
	info, err := f.file.Stat()
	if err != nil {
		return err
	}
	start := make([]byte, min(headerSize, info.Size()))
	if _, err := f.file.ReadAt(start, 0); err != nil {
		return err
	}
	h, err := readHeader(start, info.Size())
	if err != nil {
		return err
	}
	if int(h.Dim) != f.dim {
		return fmt.Errorf("vectors of %d numbers instead of %d", h.Dim, f.dim)
	}
	f.check, f.at = h.Check, h.layout()
	f.mapped, err = syscall.Mmap(int(f.file.Fd()), 0, int(f.at.vectors), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return fmt.Errorf("map: %w", err)
	}
	f.cut(&h)
	if h.Check != h.check(f.rows, f.labels) {
		return errors.New("its checksum does not fit")
	}
	return nil
}

func (f *File) cut(h *header) {
	f.rows = arrayAt[int64](f.mapped, f.at.rows, h.Slots)
	f.ids = arrayAt[ID](f.mapped, f.at.ids, h.Slots)
	f.scales = arrayAt[float32](f.mapped, f.at.scales, h.Slots)
	f.slacks = arrayAt[float32](f.mapped, f.at.slacks, h.Slots)
	f.labels = arrayAt[labelEntry](f.mapped, f.at.labels, h.Labels)
	f.postings = arrayAt[Posting](f.mapped, f.at.postings, h.Postings)
	f.codes = arrayAt[int8](f.mapped, f.at.codes, h.Slots*uint64(h.Dim))
}

// Close unmaps the file.
func (f *File) Close() error {
	var err error
	if f.mapped != nil {
		err = syscall.Munmap(f.mapped)
	}
	return errors.Join(err, f.file.Close())
}

// Check is a checksum of the rows and of the labels with the places of their postings.
func (f *File) Check() uint32 { return f.check }

// Len is the number of slots.
func (f *File) Len() int { return len(f.rows) }

// Rows gives the row of each slot; they rise.
func (f *File) Rows() []int64 { return f.rows }

// ID gives the id of the image in a slot.
func (f *File) ID(slot int) ID { return f.ids[slot] }

// Find gives the slot of a row.
func (f *File) Find(row int64) (slot int, found bool) { return slices.BinarySearch(f.rows, row) }

// Vector reads the vector in a slot.
func (f *File) Vector(slot int, vector []float32) error {
	size := 4 * int64(f.dim)
	if _, err := f.file.ReadAt(bytesOf(vector[:f.dim]), f.at.vectors+int64(slot)*size); err != nil {
		return fmt.Errorf("read a vector: %w", err)
	}
	return nil
}

// quantised gives the codes in a slot.
func (f *File) quantised(slot int) (codes []int8, scale, slack float32) {
	return f.codes[slot*f.dim : (slot+1)*f.dim], f.scales[slot], f.slacks[slot]
}

// Labels gives the labels that images have, in order.
func (f *File) Labels() []uint32 {
	labels := make([]uint32, len(f.labels))
	for i, entry := range f.labels {
		labels[i] = entry.Label
	}
	return labels
}

// Postings gives the images that have a label, in no order. Only a damaged file has slots beyond its end.
func (f *File) Postings(label uint32) []Posting {
	i, found := slices.BinarySearchFunc(f.labels, label, func(e labelEntry, l uint32) int { return cmp.Compare(e.Label, l) })
	if !found {
		return nil
	}
	start, end := f.labels[i].Start, uint64(len(f.postings))
	if i+1 < len(f.labels) {
		end = f.labels[i+1].Start
	}
	return f.postings[start:end]
}
