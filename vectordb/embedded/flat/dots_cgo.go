//go:build cgo

package flat

/*
#cgo CFLAGS: -O3
#include <stddef.h>
#include <stdint.h>

// The sum fits into 32 bits because codes and query are made so (quantise.go), so that it is the same in any order.
// The second code path of x86-64 is for processors with AVX2, twice as wide as what every one of them has.
#define DOTS(name, target) \
	target static void name(const int8_t *codes, ptrdiff_t dim, const int16_t *query, const uint32_t *slots, ptrdiff_t n, int32_t *dots) { \
		for (ptrdiff_t i = 0; i < n; i++) { \
			const int8_t *code = codes + dim * (slots ? (ptrdiff_t)slots[i] : i); \
			int32_t sum = 0; \
			for (ptrdiff_t d = 0; d < dim; d++) { \
				int16_t wide = code[d]; \
				sum += (int32_t)wide * (int32_t)query[d]; \
			} \
			dots[i] = sum; \
		} \
	}

DOTS(dots_plain, )
#if defined(__x86_64__) && defined(__GNUC__)
DOTS(dots_avx2, __attribute__((target("avx2"))))
#endif

static void dots(const int8_t *codes, ptrdiff_t dim, const int16_t *query, const uint32_t *slots, ptrdiff_t n, int32_t *out) {
#if defined(__x86_64__) && defined(__GNUC__)
	if (__builtin_cpu_supports("avx2")) {
		dots_avx2(codes, dim, query, slots, n, out);
		return;
	}
#endif
	dots_plain(codes, dim, query, slots, n, out);
}
*/
import "C"

import "unsafe"

// dots computes what dotsGo does, with the processor's vector instructions.
func dots(codes []int8, query []int16, slots []uint32, out []int32) {
	if len(out) == 0 || len(query) == 0 {
		clear(out)
		return
	}
	C.dots((*C.int8_t)(unsafe.SliceData(codes)), C.ptrdiff_t(len(query)), (*C.int16_t)(unsafe.SliceData(query)),
		(*C.uint32_t)(unsafe.SliceData(slots)), C.ptrdiff_t(len(out)), (*C.int32_t)(unsafe.SliceData(out)))
}
