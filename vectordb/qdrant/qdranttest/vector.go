package qdranttest

import (
	"cmp"
	"math"
	"slices"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"
)

// vectorsOf checks the vectors of a point and brings them into the form in which they are stored.
func (c *collection) vectorsOf(v *qdrant.Vectors) (map[string]*qdrant.Vector, error) {
	given := v.GetVectors().GetVectors()
	if single := v.GetVector(); single != nil {
		given = map[string]*qdrant.Vector{"": single}
	}
	stored := make(map[string]*qdrant.Vector, len(given))
	for name, vector := range given {
		var err error
		if stored[name], err = c.stored(name, vector); err != nil {
			return nil, err
		}
	}
	return stored, nil
}

func (c *collection) stored(name string, v *qdrant.Vector) (*qdrant.Vector, error) {
	sparse, dense := v.GetSparse(), v.GetDense()
	if sparse == nil && v.GetIndices() != nil { // the form of clients before 1.16
		sparse = &qdrant.SparseVector{Indices: v.GetIndices().GetData(), Values: v.GetData()}
	} else if dense == nil && sparse == nil {
		dense = &qdrant.DenseVector{Data: v.GetData()}
	}
	if c.sparse[name] != nil {
		if sparse == nil {
			return nil, wrongInput("Conversion between sparse and regular vectors failed")
		}
		sorted, err := sortedSparse(sparse)
		return &qdrant.Vector{Vector: &qdrant.Vector_Sparse{Sparse: sorted}}, err
	}
	params := c.dense[name]
	switch {
	case params == nil:
		return nil, wrongInput("Not existing vector name error: %s", name)
	case sparse != nil:
		return nil, wrongInput("Conversion between sparse and regular vectors failed")
	}
	data, err := fitting(params, dense.GetData())
	return &qdrant.Vector{Vector: &qdrant.Vector_Dense{Dense: &qdrant.DenseVector{Data: data}}}, err
}

// fitting checks a dense vector and normalises it where the distance is the cosine, as a server stores it.
func fitting(params *qdrant.VectorParams, data []float32) ([]float32, error) {
	if n := uint64(len(data)); n != params.GetSize() {
		return nil, wrongInput("Vector dimension error: expected dim: %d, got %d", params.GetSize(), n)
	}
	if params.GetDistance() != qdrant.Distance_Cosine {
		return data, nil
	}
	length := math.Sqrt(float64(dot(data, data)))
	if length == 0 {
		return data, nil
	}
	unit := make([]float32, len(data))
	for i, x := range data {
		unit[i] = x / float32(length)
	}
	return unit, nil
}

func sortedSparse(v *qdrant.SparseVector) (*qdrant.SparseVector, error) {
	if len(v.GetIndices()) != len(v.GetValues()) {
		return nil, invalid("Validation error in body: [values: must be the same length as indices]")
	}
	order := make([]int, len(v.GetIndices()))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(v.Indices[a], v.Indices[b]) })
	out := &qdrant.SparseVector{}
	for n, i := range order {
		if n > 0 && out.Indices[n-1] == v.Indices[i] {
			return nil, invalid("Validation error in body: [indices: must be unique]")
		}
		out.Indices, out.Values = append(out.Indices, v.Indices[i]), append(out.Values, v.Values[i])
	}
	return out, nil
}

func dot(a, b []float32) float32 {
	var sum float32
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

// sparseDot gives the product over the indices that both vectors have, and whether there is one.
func sparseDot(a, b *qdrant.SparseVector) (float32, bool) {
	var sum float32
	meet := false
	for i, j := 0, 0; i < len(a.Indices) && j < len(b.Indices); {
		switch cmp.Compare(a.Indices[i], b.Indices[j]) {
		case -1:
			i++
		case 1:
			j++
		default:
			sum, meet = sum+a.Values[i]*b.Values[j], true
			i, j = i+1, j+1
		}
	}
	return sum, meet
}

// output gives the vectors that an answer carries.
func (p *point) output(s *qdrant.WithVectorsSelector) *qdrant.VectorsOutput {
	names := s.GetInclude().GetNames()
	if !s.GetEnable() && len(names) == 0 {
		return nil
	}
	out := map[string]*qdrant.VectorOutput{}
	for name, v := range p.vectors {
		if s.GetEnable() || slices.Contains(names, name) {
			out[name] = vectorOutput(v)
		}
	}
	if single := out[""]; single != nil {
		return &qdrant.VectorsOutput{VectorsOptions: &qdrant.VectorsOutput_Vector{Vector: single}}
	}
	return &qdrant.VectorsOutput{VectorsOptions: &qdrant.VectorsOutput_Vectors{Vectors: &qdrant.NamedVectorsOutput{Vectors: out}}}
}

func vectorOutput(v *qdrant.Vector) *qdrant.VectorOutput {
	if sparse := v.GetSparse(); sparse != nil {
		return &qdrant.VectorOutput{Vector: &qdrant.VectorOutput_Sparse{Sparse: proto.CloneOf(sparse)}}
	}
	return &qdrant.VectorOutput{Vector: &qdrant.VectorOutput_Dense{Dense: v.GetDense()}}
}
