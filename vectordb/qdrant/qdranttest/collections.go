package qdranttest

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// collections serves qdrant.Collections.
type collections struct {
	qdrant.UnimplementedCollectionsServer
	data *database
}

func (s *collections) Create(_ context.Context, r *qdrant.CreateCollection) (*qdrant.CollectionOperationResponse, error) {
	s.data.mu.Lock()
	defer s.data.mu.Unlock()
	name := r.GetCollectionName()
	_, alias := s.data.aliases[name]
	switch {
	case name == "" || strings.Contains(name, "/"):
		return nil, invalid("Validation error in body: [collection_name: %q is no name]", name)
	case s.data.collections[name] != nil:
		return nil, status.Errorf(codes.AlreadyExists, "Wrong input: Collection `%s` already exists!", name)
	case alias:
		return nil, wrongInput("Can't create collection with name %s. Alias with the same name already exists", name)
	}
	for name, params := range r.GetVectorsConfig().GetParamsMap().GetMap() {
		if params.GetSize() == 0 {
			return nil, invalid("Validation error in body: [vectors.%s.size: value 0 invalid, must be 1 or larger]", name)
		}
		if params.GetDistance() != qdrant.Distance_Dot {
			return nil, unimplemented("the distance " + params.GetDistance().String())
		}
	}
	s.data.collections[name] = &collection{
		of: s.data, config: r, dense: r.GetVectorsConfig().GetParamsMap().GetMap(), sparse: r.GetSparseVectorsConfig().GetMap(),
		indexes: map[string]qdrant.FieldType{}, points: map[pointID]*point{},
	}
	return &qdrant.CollectionOperationResponse{Result: true}, nil
}

func (s *collections) Delete(_ context.Context, r *qdrant.DeleteCollection) (*qdrant.CollectionOperationResponse, error) {
	s.data.mu.Lock()
	defer s.data.mu.Unlock()
	name := r.GetCollectionName()
	_, known := s.data.collections[name]
	delete(s.data.collections, name)
	maps.DeleteFunc(s.data.aliases, func(_, to string) bool { return to == name })
	return &qdrant.CollectionOperationResponse{Result: known}, nil
}

func (s *collections) List(context.Context, *qdrant.ListCollectionsRequest) (*qdrant.ListCollectionsResponse, error) {
	s.data.mu.RLock()
	defer s.data.mu.RUnlock()
	r := &qdrant.ListCollectionsResponse{}
	for _, name := range slices.Sorted(maps.Keys(s.data.collections)) {
		r.Collections = append(r.Collections, &qdrant.CollectionDescription{Name: name})
	}
	return r, nil
}

func (s *collections) Get(_ context.Context, r *qdrant.GetCollectionInfoRequest) (*qdrant.GetCollectionInfoResponse, error) {
	return read(s.data, r.GetCollectionName(), func(c *collection) (*qdrant.GetCollectionInfoResponse, error) {
		n := uint64(len(c.points))
		schema := map[string]*qdrant.PayloadSchemaInfo{}
		for field, kind := range c.indexes {
			schema[field] = &qdrant.PayloadSchemaInfo{DataType: qdrant.PayloadSchemaType(kind + 1)} // the two lists differ by Unknown
		}
		return &qdrant.GetCollectionInfoResponse{Result: &qdrant.CollectionInfo{
			Status: qdrant.CollectionStatus_Green, OptimizerStatus: &qdrant.OptimizerStatus{Ok: true}, PointsCount: &n, PayloadSchema: schema,
			Config: &qdrant.CollectionConfig{Params: &qdrant.CollectionParams{
				VectorsConfig: c.config.GetVectorsConfig(), SparseVectorsConfig: c.config.GetSparseVectorsConfig(),
			}},
		}}, nil
	})
}
