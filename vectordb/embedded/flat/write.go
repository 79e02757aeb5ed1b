package flat

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"os"
	"slices"
)

// Source is where the images of a new file come from: another file, or memory.
type Source interface {
	Len() int
	Rows() []int64
	ID(slot int) ID
	Vector(slot int, vector []float32) error
	Labels() []uint32
	Postings(label uint32) []Posting
}

// Live is a source and the slots of it that count; a row may count in one source only.
type Live struct {
	Source Source
	Counts func(slot int) bool
}

// origin is where an image comes from.
type origin struct {
	row    int64
	source int
	slot   int
}

// writer writes one file. The first error stays.
type writer struct {
	out     *bufio.Writer
	at      int64
	err     error
	header  header
	sources []Live
	origins []origin   // by the new slot
	slots   [][]uint32 // the new slot by source and old slot; gone where it does not count
	rows    []int64
	labels  []labelEntry
}

const gone = ^uint32(0)

// Write writes what counts in the sources to a new file. It does not wait for the disk.
func Write(path string, dim int, sources []Live) (err error) {
	w := &writer{sources: sources, header: header{Order: byteOrder, Dim: uint32(dim)}}
	copy(w.header.Magic[:], magic)
	w.plan()
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(path))
		}
	}()
	w.out = bufio.NewWriterSize(file, 1<<20)
	w.write()
	return errors.Join(w.err, w.out.Flush(), file.Close())
}

// plan finds the order of the images and the places of the postings.
func (w *writer) plan() {
	for s, live := range w.sources {
		slots := make([]uint32, live.Source.Len())
		for slot, row := range live.Source.Rows() {
			slots[slot] = gone
			if live.Counts(slot) {
				w.origins = append(w.origins, origin{row: row, source: s, slot: slot})
			}
		}
		w.slots = append(w.slots, slots)
	}
	slices.SortFunc(w.origins, func(a, b origin) int { return cmp.Compare(a.row, b.row) })
	for slot, from := range w.origins {
		w.slots[from.source][from.slot] = uint32(slot)
		w.rows = append(w.rows, from.row)
	}
	var postings uint64
	for _, label := range w.allLabels() {
		before := postings
		w.postings(label, func(Posting) { postings++ })
		if postings > before {
			w.labels = append(w.labels, labelEntry{Label: label, Start: before})
		}
	}
	w.header.Slots, w.header.Labels, w.header.Postings = uint64(len(w.rows)), uint64(len(w.labels)), postings
	w.header.Check = w.header.check(w.rows, w.labels)
}

func (w *writer) allLabels() []uint32 {
	var labels []uint32
	for _, live := range w.sources {
		labels = append(labels, live.Source.Labels()...)
	}
	slices.Sort(labels)
	return slices.Compact(labels)
}

// postings hands over the postings of a label that count, with their new slots.
func (w *writer) postings(label uint32, each func(Posting)) {
	for s, live := range w.sources {
		for _, p := range live.Source.Postings(label) {
			if int(p.Slot) >= len(w.slots[s]) || w.slots[s][p.Slot] == gone {
				continue
			}
			each(Posting{Slot: w.slots[s][p.Slot], Probability: p.Probability})
		}
	}
}

func (w *writer) write() {
	at := w.header.layout()
	header, _ := binary.Append(nil, binary.NativeEndian, &w.header) // a header has a fixed size
	w.bytes(header)
	w.bytes(bytesOf(w.rows))
	for _, from := range w.origins {
		id := w.sources[from.source].Source.ID(from.slot)
		w.bytes(id[:])
	}
	w.quantised(at)
	w.padTo(at.vectors)
	vector := make([]float32, w.header.Dim)
	for _, from := range w.origins {
		w.fail(w.sources[from.source].Source.Vector(from.slot, vector))
		w.bytes(bytesOf(vector))
	}
}

// quantised writes scales, slacks, tags and codes.
func (w *writer) quantised(at layout) {
	n, dim := len(w.origins), int(w.header.Dim)
	scales, slacks, codes := make([]float32, n), make([]float32, n), make([]int8, n*dim)
	vector := make([]float32, dim)
	for slot, from := range w.origins {
		code := codes[slot*dim : (slot+1)*dim]
		if file, ok := w.sources[from.source].Source.(*File); ok {
			var known []int8
			known, scales[slot], slacks[slot] = file.quantised(from.slot)
			copy(code, known)
			continue
		}
		w.fail(w.sources[from.source].Source.Vector(from.slot, vector))
		scales[slot], slacks[slot] = quantise(vector, code)
	}
	w.bytes(bytesOf(scales))
	w.bytes(bytesOf(slacks))
	w.padTo(at.labels)
	w.bytes(bytesOf(w.labels))
	for _, entry := range w.labels {
		w.postings(entry.Label, func(p Posting) { w.bytes(bytesOf([]Posting{p})) })
	}
	w.padTo(at.codes)
	w.bytes(bytesOf(codes))
}

func (w *writer) bytes(b []byte) {
	n, err := w.out.Write(b)
	w.at += int64(n)
	w.fail(err)
}

func (w *writer) padTo(at int64) { w.bytes(make([]byte, at-w.at)) }

func (w *writer) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}
