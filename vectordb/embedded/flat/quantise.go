package flat

import "math"

// A vector is stored in full and as codes: x[i] is about scale * codes[i], codes are -127..127. The dot product of codes
// and a query of 16-bit numbers proposes; how far it can be off is known, so that what it rules out is out:
//
//	|dot(query, x) - approximation| <= slack * |query|
//
// The slack of a vector is the length of what its codes leave out, and a little for rounding: of the query to 16 bits and
// of both sums of 32-bit floats.

// maxCode is the largest code.
const maxCode = 127

// maxQuery is the largest number of a quantised query: a dot product with codes must fit into 32 bits.
func maxQuery(dim int) float64 {
	return min(math.MaxInt16, float64(math.MaxInt32/(maxCode*dim)))
}

// rounding is what the slack of a vector has for rounding, as a share of the vector's length.
func rounding(dim int) float64 {
	const float32Step = 1.0 / (1 << 23)
	return math.Sqrt(float64(dim))/(2*maxQuery(dim)) + float64(dim+16)*float32Step
}

// quantise fills codes, which must have the vector's length.
func quantise(vector []float32, codes []int8) (scale, slack float32) {
	most := largest(vector)
	if most == 0 {
		clear(codes)
		return 0, 0
	}
	scale = float32(most / maxCode)
	var left, length float64 // squares of lengths
	for i, x := range vector {
		code := math.RoundToEven(float64(x) / most * maxCode)
		codes[i] = int8(code)
		rest := float64(x) - float64(scale)*code
		left += rest * rest
		length += float64(x) * float64(x)
	}
	exactly := math.Sqrt(left) + math.Sqrt(length)*rounding(len(vector))
	return scale, float32(exactly * (1 + 1e-6)) // never rounded below
}

// query is a quantised query: numbers[i] * scale is about vector[i].
type query struct {
	vector  []float32
	numbers []int16
	scale   float32
	length  float32
}

func newQuery(vector []float32) query {
	q := query{vector: vector, numbers: make([]int16, len(vector))}
	most := largest(vector)
	if most == 0 {
		return q
	}
	fits := maxQuery(len(vector))
	q.scale = float32(most / fits)
	var length float64
	for i, x := range vector {
		q.numbers[i] = int16(math.RoundToEven(float64(x) / most * fits))
		length += float64(x) * float64(x)
	}
	q.length = float32(math.Sqrt(length) * (1 + 1e-6))
	return q
}

func largest(vector []float32) (most float64) {
	for _, x := range vector {
		most = max(most, math.Abs(float64(x)))
	}
	return most
}

// Dot sums in a fixed order: equal vectors have equal scores.
func Dot(a, b []float32) float32 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float32
	for len(a) >= 8 && len(b) >= 8 {
		s0 += a[0]*b[0] + a[4]*b[4]
		s1 += a[1]*b[1] + a[5]*b[5]
		s2 += a[2]*b[2] + a[6]*b[6]
		s3 += a[3]*b[3] + a[7]*b[7]
		a, b = a[8:], b[8:]
	}
	for i := range a {
		s0 += a[i] * b[i]
	}
	return (s0 + s1) + (s2 + s3)
}
