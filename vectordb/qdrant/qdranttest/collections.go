package qdranttest

import (
	"context"
	"maps"
	"slices"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// collections serves qdrant.Collections.
type collections struct {
	qdrant.UnimplementedCollectionsServer
	data *database
}

var done = &qdrant.CollectionOperationResponse{Result: true}

func (s *collections) Create(_ context.Context, r *qdrant.CreateCollection) (*qdrant.CollectionOperationResponse, error) {
	s.data.mu.Lock()
	defer s.data.mu.Unlock()
	name := r.GetCollectionName()
	if name == "" {
		return nil, invalid("Validation error in body: [collection_name: must not be empty]")
	}
	if s.data.collections[name] != nil {
		return nil, status.Errorf(codes.AlreadyExists, "Wrong input: Collection `%s` already exists!", name)
	}
	if _, taken := s.data.aliases[name]; taken {
		return nil, wrongInput("Can't create collection with name %s. Alias with the same name already exists", name)
	}
	c := &collection{
		config: r, dense: r.GetVectorsConfig().GetParamsMap().GetMap(), sparse: r.GetSparseVectorsConfig().GetMap(),
		indexes: map[string]qdrant.PayloadSchemaType{}, points: map[pointID]*point{},
	}
	if single := r.GetVectorsConfig().GetParams(); single != nil {
		c.dense = map[string]*qdrant.VectorParams{"": single}
	}
	for name, params := range c.dense {
		if err := checkParams(name, params); err != nil {
			return nil, err
		}
	}
	s.data.collections[name] = c
	return done, nil
}

func checkParams(name string, p *qdrant.VectorParams) error {
	switch {
	case p.GetSize() == 0:
		return invalid("Validation error in body: [vectors.%s.size: value 0 invalid, must be 1 or larger]", name)
	case p.GetMultivectorConfig() != nil:
		return unimplemented("multivectors")
	case p.GetDistance() != qdrant.Distance_Cosine && p.GetDistance() != qdrant.Distance_Dot:
		return unimplemented("the distance " + p.GetDistance().String())
	}
	return nil
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

func (s *collections) CollectionExists(_ context.Context, r *qdrant.CollectionExistsRequest) (*qdrant.CollectionExistsResponse, error) {
	s.data.mu.RLock()
	defer s.data.mu.RUnlock()
	_, err := s.data.find(r.GetCollectionName())
	return &qdrant.CollectionExistsResponse{Result: &qdrant.CollectionExists{Exists: err == nil}}, nil
}

func (s *collections) Get(_ context.Context, r *qdrant.GetCollectionInfoRequest) (*qdrant.GetCollectionInfoResponse, error) {
	return read(s.data, r.GetCollectionName(), func(c *collection) (*qdrant.GetCollectionInfoResponse, error) {
		return &qdrant.GetCollectionInfoResponse{Result: c.info()}, nil
	})
}

func (c *collection) info() *qdrant.CollectionInfo {
	n := uint64(len(c.points))
	schema := map[string]*qdrant.PayloadSchemaInfo{}
	for field, kind := range c.indexes {
		schema[field] = &qdrant.PayloadSchemaInfo{DataType: kind}
	}
	return &qdrant.CollectionInfo{
		Status: qdrant.CollectionStatus_Green, OptimizerStatus: &qdrant.OptimizerStatus{Ok: true},
		SegmentsCount: 1, PointsCount: &n, IndexedVectorsCount: &n, PayloadSchema: schema,
		Config: &qdrant.CollectionConfig{
			Params: &qdrant.CollectionParams{
				ShardNumber: max(c.config.GetShardNumber(), 1), OnDiskPayload: c.config.GetOnDiskPayload(),
				VectorsConfig: c.config.GetVectorsConfig(), SparseVectorsConfig: c.config.GetSparseVectorsConfig(),
				ReplicationFactor: c.config.ReplicationFactor, WriteConsistencyFactor: c.config.WriteConsistencyFactor,
			},
			HnswConfig: c.config.GetHnswConfig(), OptimizerConfig: c.config.GetOptimizersConfig(), WalConfig: c.config.GetWalConfig(),
			QuantizationConfig: c.config.GetQuantizationConfig(), StrictModeConfig: c.config.GetStrictModeConfig(),
			Metadata: c.config.GetMetadata(),
		},
	}
}
