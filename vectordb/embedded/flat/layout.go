package flat

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"unsafe"
)

// A file is a header and one array after the other, numbers in the byte order of the machine, slots in the order of rows:
//
//	header
//	rows      [n]     int64
//	ids       [n]     ID
//	scales    [n]     float32   of the codes
//	slacks    [n]     float32   how far codes can be off (quantise.go)
//	labels    [l]     labelEntry, by label
//	postings  [p]     Posting, label after label
//	codes     [n x d] int8
//	vectors   [n x d] float32
//
// All but the vectors is mapped. Vectors are read one by one: mapped, each would keep a page in memory.

// magic begins every file; its last byte is the version of the layout.
const magic = "SGLNFLT\x01"

// pageSize aligns what is mapped and what is not.
const pageSize = 4096

type header struct {
	Magic    [8]byte
	Order    uint32 // byteOrder, in the byte order of the machine that wrote the file
	Dim      uint32
	Slots    uint64
	Labels   uint64
	Postings uint64
	Check    uint32 // CRC-32C of what is before it and of rows and labels, which are trusted when they are searched
	_        uint32
}

const (
	byteOrder  = 0x01020304
	headerSize = int64(unsafe.Sizeof(header{}))
	checkedTo  = unsafe.Offsetof(header{}.Check)
)

// labelEntry says where the postings of a label begin; they end where the next label's begin.
type labelEntry struct {
	Label uint32
	_     uint32
	Start uint64
}

// Posting is an image that has a stored probability of a label.
type Posting struct {
	Slot        uint32
	Probability float32
}

// layout is where the arrays begin.
type layout struct{ rows, ids, scales, slacks, labels, postings, codes, vectors, end int64 }

func (h *header) layout() (at layout) {
	n, dim := int64(h.Slots), int64(h.Dim)
	at.rows = headerSize
	at.ids = at.rows + 8*n
	at.scales = at.ids + int64(unsafe.Sizeof(ID{}))*n
	at.slacks = at.scales + 4*n
	at.labels = aligned(at.slacks+4*n, 8)
	at.postings = at.labels + int64(unsafe.Sizeof(labelEntry{}))*int64(h.Labels)
	at.codes = aligned(at.postings+int64(unsafe.Sizeof(Posting{}))*int64(h.Postings), pageSize)
	at.vectors = aligned(at.codes+n*dim, pageSize)
	at.end = at.vectors + 4*n*dim
	return at
}

func aligned(at, to int64) int64 { return (at + to - 1) / to * to }

// readHeader refuses what is not the header of a file of this size.
func readHeader(b []byte, size int64) (h header, err error) {
	if err := binary.Read(bytes.NewReader(b), binary.NativeEndian, &h); err != nil {
		return h, fmt.Errorf("cut within its header: %w", err)
	}
	switch {
	case string(h.Magic[:]) != magic || h.Order != byteOrder:
		return h, errors.New("not a file of this version and kind of machine")
	case h.Slots > 1<<32 || h.Dim > 1<<24 || h.Labels > 1<<32 || h.Postings > 1<<40 || h.layout().end != size:
		return h, fmt.Errorf("%d bytes long, which its header does not say", size)
	}
	return h, nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// check computes the header's checksum.
func (h *header) check(rows []int64, labels []labelEntry) uint32 {
	var b bytes.Buffer
	_ = binary.Write(&b, binary.NativeEndian, h) // a header has a fixed size
	sum := crc32.Checksum(b.Bytes()[:checkedTo], castagnoli)
	sum = crc32.Update(sum, castagnoli, bytesOf(rows))
	return crc32.Update(sum, castagnoli, bytesOf(labels))
}

// bytesOf gives the memory of a slice of numbers or of plain structs.
func bytesOf[T any](s []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(*new(T))))
}

// arrayAt gives n values that lie in b at an offset that is a multiple of their size.
func arrayAt[T any](b []byte, at int64, n uint64) []T {
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&b[at])), n)
}
