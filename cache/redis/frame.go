package redis

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
)

// keyPrefix is in front of every key. Its number is the version of the frame: another layout gets another one, so that
// old and new programs can share a server.
const keyPrefix = "sightline:cache:1:"

// A stored value is this word, the value's length (4 bytes, little-endian), a SHA-256 over key and value, and the value.
const (
	frameMagic  = "SLC1"
	frameHeader = len(frameMagic) + 4 + sha256.Size // bytes
)

func sealFrame(key string, value []byte) []byte {
	sum := frameSum(key, value)
	frame := make([]byte, 0, frameHeader+len(value))
	frame = append(frame, frameMagic...)
	frame = binary.LittleEndian.AppendUint32(frame, uint32(len(value)))
	frame = append(frame, sum[:]...)
	return append(frame, value...)
}

// openFrame gives the value, never nil, if the frame is exactly what sealFrame made of it under this key.
func openFrame(key string, frame []byte) ([]byte, bool) {
	if size := claimedSize(frame); size < 0 || size != len(frame)-frameHeader {
		return nil, false
	}
	value := frame[frameHeader:]
	sum := frameSum(key, value)
	return value, bytes.Equal(sum[:], frame[frameHeader-sha256.Size:frameHeader])
}

// claimedSize is the value's length by the frame's own word; -1 when it is no frame.
func claimedSize(frame []byte) int {
	if len(frame) < frameHeader || !bytes.HasPrefix(frame, []byte(frameMagic)) {
		return -1
	}
	return int(binary.LittleEndian.Uint32(frame[len(frameMagic):]))
}

// frameSum covers the key and where it ends, so that a value under another key is refused.
func frameSum(key string, value []byte) [sha256.Size]byte {
	h := sha256.New()
	var length [8]byte
	binary.LittleEndian.PutUint64(length[:], uint64(len(key)))
	h.Write(length[:])
	h.Write([]byte(key))
	h.Write(value)
	return [sha256.Size]byte(h.Sum(nil))
}
