//go:build !cgo

package flat

func dots(codes []int8, query []int16, slots []uint32, out []int32) { dotsGo(codes, query, slots, out) }
