package align

import "math"

// Vector is where the tag lies among global vectors: the mean of its descriptions, of unit length.
func (c Concept) Vector() []float32 {
	equal := make([]float64, len(c.queries))
	for i := range equal {
		equal[i] = 1
	}
	mean := mix(equal, c.vectors())
	length := float32(math.Sqrt(dot(mean, mean)))
	for i := range mean {
		mean[i] /= max(length, math.SmallestNonzeroFloat32)
	}
	return mean
}

func (c Concept) vectors() [][]float32 {
	vectors := make([][]float32, len(c.queries))
	for i, q := range c.queries {
		vectors[i] = q.Vector
	}
	return vectors
}

// weights tells how much each description counts for an image: the softmax of their cosines, sharpened.
func (a *Aligner) weights(c Concept, global []float32) []float64 {
	weights := make([]float64, len(c.queries))
	best := math.Inf(-1)
	for i, q := range c.queries {
		weights[i] = a.manifest.Decoder.Sharpness() * dot(q.Vector, global)
		best = max(best, weights[i])
	}
	sum := 0.0
	for i, w := range weights {
		weights[i] = math.Exp(w - best)
		sum += weights[i]
	}
	for i := range weights {
		weights[i] /= sum
	}
	return weights
}

// mix adds vectors up by their weights.
func mix(weights []float64, vectors [][]float32) []float32 {
	sum := make([]float32, len(vectors[0]))
	for v, vector := range vectors {
		for i, x := range vector {
			sum[i] += float32(weights[v]) * x
		}
	}
	return sum
}
