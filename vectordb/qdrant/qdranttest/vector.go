package qdranttest

import (
	"cmp"
	"slices"

	"github.com/qdrant/go-client/qdrant"
)

// vectorsOf checks the vectors of a point and brings them into the form in which they are stored.
func (c *collection) vectorsOf(v *qdrant.Vectors) (map[string]*qdrant.VectorOutput, error) {
	if v == nil {
		return nil, invalid("Expected some vectors")
	}
	stored := map[string]*qdrant.VectorOutput{}
	for name, vector := range v.GetVectors().GetVectors() {
		var err error
		if stored[name], err = c.stored(name, vector); err != nil {
			return nil, err
		}
	}
	return stored, nil
}

func (c *collection) stored(name string, v *qdrant.Vector) (*qdrant.VectorOutput, error) {
	dense, sparse := v.GetDense(), v.GetSparse()
	switch {
	case c.dense[name] != nil && dense != nil:
		return &qdrant.VectorOutput{Vector: &qdrant.VectorOutput_Dense{Dense: dense}}, fits(c.dense[name], dense)
	case c.sparse[name] != nil && sparse != nil:
		sorted, err := sortedSparse(sparse)
		return &qdrant.VectorOutput{Vector: &qdrant.VectorOutput_Sparse{Sparse: sorted}}, err
	case c.dense[name] == nil && c.sparse[name] == nil:
		return nil, wrongInput("Not existing vector name error: %s", name)
	}
	return nil, wrongInput("Conversion between sparse and regular vectors failed")
}

func fits(params *qdrant.VectorParams, v *qdrant.DenseVector) error {
	if n := uint64(len(v.GetData())); n != params.GetSize() {
		return wrongInput("Vector dimension error: expected dim: %d, got %d", params.GetSize(), n)
	}
	return nil
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

func dot(a, b *qdrant.DenseVector) float32 {
	var sum float32
	for i, x := range a.GetData() {
		sum += x * b.GetData()[i]
	}
	return sum
}

// sparseDot gives the product over the indices that both vectors have, and whether there is one.
func sparseDot(a, b *qdrant.SparseVector) (sum float32, meet bool) {
	for i, j := 0, 0; i < len(a.GetIndices()) && j < len(b.GetIndices()); {
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
			out[name] = v
		}
	}
	return &qdrant.VectorsOutput{VectorsOptions: &qdrant.VectorsOutput_Vectors{Vectors: &qdrant.NamedVectorsOutput{Vectors: out}}}
}
