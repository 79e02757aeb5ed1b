package qdrant

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	api "github.com/qdrant/go-client/qdrant"

	"github.com/sightline-search/sightline"
)

// Points are known by UUIDs, images by 256 bits: a UUID is made of the first 128 bits of a hash over what it stands for,
// and the full id lies in the payload.

// uuid names a point after the things that it stands for.
func uuid(parts ...string) string {
	h := sha256.New()
	for _, part := range parts {
		_ = binary.Write(h, binary.LittleEndian, uint64(len(part))) // so that no two lists of parts read the same; a hash takes everything
		h.Write([]byte(part))
	}
	b := h.Sum(nil)[:16]
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80 // version 8: made as one likes
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// keyOf stands for an image in indexes.
func keyOf(id sightline.ImageID) string { return uuid("image", string(id)) }

// versionID names the version of something that a commit makes.
func versionID(of string, id sightline.ImageID, commit int64) string {
	return uuid(of, string(id), strconv.FormatInt(commit, 10))
}

// rankOf orders images nearly as their ids do: by their first 52 bits, which bounds of ranges still hold exactly.
func rankOf(id sightline.ImageID) int64 {
	n, err := strconv.ParseInt(string(id[:min(len(id), 13)]), 16, 64)
	if err != nil {
		return 0 // no id: CheckRecord lets none through
	}
	return n
}

func pointID(uuid string) *api.PointId { return api.NewIDUUID(uuid) }

func pointIDs(uuids []string) []*api.PointId {
	ids := make([]*api.PointId, len(uuids))
	for i, id := range uuids {
		ids[i] = pointID(id)
	}
	return ids
}

// Names of files may hold any bytes, the protocol takes UTF-8 only: what it does not take, and NUL, is written as NUL and
// two hex digits.

func encodeText(s string) string {
	if utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		_, size := utf8.DecodeRuneInString(s[i:])
		if r == 0 || r == utf8.RuneError && size == 1 {
			fmt.Fprintf(&b, "\x00%02x", s[i])
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

func decodeText(s string) string {
	head, rest, escaped := strings.Cut(s, "\x00")
	if !escaped || len(rest) < 2 {
		return head
	}
	n, err := strconv.ParseUint(rest[:2], 16, 8)
	if err != nil || n > math.MaxUint8 {
		return s
	}
	return head + string([]byte{byte(n)}) + decodeText(rest[2:])
}

// Values of payloads.

func text(s string) *api.Value   { return api.NewValueString(s) }
func integer(n int64) *api.Value { return api.NewValueInt(n) }

func list[T any](items []T, value func(T) *api.Value) *api.Value {
	values := make([]*api.Value, len(items))
	for i, item := range items {
		values[i] = value(item)
	}
	return api.NewValueList(&api.ListValue{Values: values})
}

func texts(v *api.Value) []string {
	items := v.GetListValue().GetValues()
	list := make([]string, len(items))
	for i, item := range items {
		list[i] = item.GetStringValue()
	}
	return list
}

func integers(v *api.Value) []int64 {
	items := v.GetListValue().GetValues()
	list := make([]int64, len(items))
	for i, item := range items {
		list[i] = item.GetIntegerValue()
	}
	return list
}
