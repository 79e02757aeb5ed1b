package qdrant

import (
	"context"
	"time"

	api "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
)

// Names of the vectors in a search collection.
const (
	globalVector = "global"
	tagVector    = "tags"
)

// indexed says which fields of a collection have an index, and of which type.
type indexed map[string]api.FieldType

const (
	integerIndex = api.FieldType_FieldTypeInteger
	keywordIndex = api.FieldType_FieldTypeKeyword
	uuidIndex    = api.FieldType_FieldTypeUuid
)

var (
	metaFields    = indexed{"since": integerIndex, "until": integerIndex, "kind": keywordIndex, "path": keywordIndex, "name": keywordIndex, "commit": integerIndex, "token": keywordIndex}
	patchesFields = indexed{"since": integerIndex, "until": integerIndex}
	searchFields  = indexed{
		"since": integerIndex, "until": integerIndex, "key": uuidIndex, "rank": integerIndex, "featured": integerIndex,
		"format": keywordIndex, "camera": keywordIndex, "pixels": integerIndex, "taken": integerIndex, "at": integerIndex,
		"paths": keywordIndex, "within": keywordIndex, "folders": keywordIndex, "names": keywordIndex, "words": keywordIndex,
		"levels": integerIndex,
	}
	// onDisk are the fields with about as many values as images. In memory their indexes would be four times what the vectors are.
	onDisk = map[string]bool{"paths": true, "within": true, "folders": true, "names": true, "words": true, "key": true}
)

// paramsOf says where the index of a field lies; nil is in memory.
func paramsOf(field string, kind api.FieldType) *api.PayloadIndexParams {
	switch {
	case !onDisk[field]:
		return nil
	case kind == uuidIndex:
		return api.NewPayloadIndexParamsUUID(&api.UuidIndexParams{OnDisk: new(true)})
	}
	return api.NewPayloadIndexParamsKeyword(&api.KeywordIndexParams{OnDisk: new(true)})
}

func (s *Store) meta() string                  { return s.target.Prefix + "-meta" }
func (s *Store) search(g string) string        { return s.target.Prefix + "-" + g + "-search" }
func (s *Store) patchesOf(g string) string     { return s.target.Prefix + "-" + g + "-patches" }
func (s *Store) searchAlias() string           { return s.target.Prefix + "-search" }
func (s *Store) patchesAlias() string          { return s.target.Prefix + "-patches" }
func (s *Store) both(g string) [2]string       { return [2]string{s.search(g), s.patchesOf(g)} }
func unvectored() map[string]*api.VectorParams { return map[string]*api.VectorParams{} }

// createMeta makes the collection of everything that is not features.
func (s *Store) createMeta(ctx context.Context) error {
	_, err := s.ensure(ctx, &api.CreateCollection{CollectionName: s.meta(), VectorsConfig: api.NewVectorsConfigMap(unvectored()), ShardNumber: new(uint32(1))}, metaFields)
	return err
}

// The layout of a search collection. A segment is counted in KB of its largest vector: without a limit the server makes
// segments whose index takes hours to build anew.
const (
	largestSegment = 2_000_000 // KB
	int8Quantile   = 0.99
)

// createGeneration makes both collections of a generation and gives the length of its global vectors.
func (s *Store) createGeneration(ctx context.Context, g string, dim int) (int, error) {
	_, err := s.ensure(ctx, &api.CreateCollection{
		CollectionName: s.patchesOf(g), VectorsConfig: api.NewVectorsConfigMap(unvectored()), OnDiskPayload: new(true),
	}, patchesFields)
	if err != nil {
		return 0, err
	}
	return s.ensure(ctx, &api.CreateCollection{
		CollectionName: s.search(g),
		VectorsConfig: api.NewVectorsConfigMap(map[string]*api.VectorParams{globalVector: {
			Size: uint64(dim), Distance: api.Distance_Dot, OnDisk: new(true),
			QuantizationConfig: api.NewQuantizationScalar(&api.ScalarQuantization{
				Type: api.QuantizationType_Int8, Quantile: new(float32(int8Quantile)), AlwaysRam: new(true),
			}),
		}}),
		SparseVectorsConfig: api.NewSparseVectorsConfig(map[string]*api.SparseVectorParams{tagVector: {}}),
		OptimizersConfig:    &api.OptimizersConfigDiff{MaxSegmentSize: new(uint64(largestSegment))},
		OnDiskPayload:       new(true),
	}, searchFields)
}

// ensure makes a collection and its indexes as far as they are not there yet, and gives the length of its global
// vectors. Two processes may do so at once.
func (s *Store) ensure(ctx context.Context, create *api.CreateCollection, fields indexed) (int, error) {
	name := create.GetCollectionName()
	if dim, known := s.ready.Load(name); known {
		return dim.(int), nil //nolint:forcetypeassert // only this function stores there
	}
	info, err := s.collection(ctx, name)
	if missing(err) {
		_, err = ask(ctx, s.server, setUpLimit, func(ctx context.Context) (struct{}, error) {
			return struct{}{}, s.server.client.CreateCollection(ctx, create)
		})
		if err == nil || codeOf(err) == codes.AlreadyExists {
			info, err = s.collection(ctx, name)
		}
	}
	if err != nil {
		return 0, s.server.explain(err, "make a collection")
	}
	if err := s.indexFields(ctx, name, fields, info); err != nil {
		return 0, err
	}
	dim := dimOf(info)
	s.ready.Store(name, dim)
	return dim, nil
}

func (s *Store) indexFields(ctx context.Context, name string, fields indexed, info *api.CollectionInfo) error {
	for field, kind := range fields {
		if _, done := info.GetPayloadSchema()[field]; done {
			continue
		}
		_, err := ask(ctx, s.server, setUpLimit, func(ctx context.Context) (*api.UpdateResult, error) {
			return s.server.client.CreateFieldIndex(ctx, &api.CreateFieldIndexCollection{
				CollectionName: name, FieldName: field, FieldType: kind.Enum(), FieldIndexParams: paramsOf(field, kind), Wait: new(true),
			})
		})
		if err != nil {
			return s.server.explain(err, "make the index of "+field)
		}
	}
	return nil
}

func (s *Store) collection(ctx context.Context, name string) (*api.CollectionInfo, error) {
	return ask(ctx, s.server, readLimit, func(ctx context.Context) (*api.CollectionInfo, error) {
		return s.server.client.GetCollectionInfo(ctx, name)
	})
}

// dimOf gives the length of the global vectors of a collection, 0 where it has none.
func dimOf(info *api.CollectionInfo) int {
	return int(info.GetConfig().GetParams().GetVectorsConfig().GetParamsMap().GetMap()[globalVector].GetSize())
}

// dim gives the length of the global vectors of a generation; 0 while nothing has been stored there.
func (s *Store) dim(ctx context.Context, g string) (int, error) {
	if g == "" {
		return 0, nil
	}
	if dim, known := s.ready.Load("dim of " + g); known {
		return dim.(int), nil //nolint:forcetypeassert // only this function stores there
	}
	info, err := s.collection(ctx, s.search(g))
	if missing(err) {
		return 0, nil
	}
	if err != nil {
		return 0, s.server.explain(err, "look at a collection")
	}
	s.ready.Store("dim of "+g, dimOf(info))
	return dimOf(info), nil
}

// dropGeneration deletes both collections of a generation.
func (s *Store) dropGeneration(ctx context.Context, g string) error {
	for _, name := range s.both(g) {
		_, err := ask(ctx, s.server, setUpLimit, func(ctx context.Context) (*api.CollectionOperationResponse, error) {
			return s.server.client.GetCollectionsClient().Delete(ctx, &api.DeleteCollection{CollectionName: name})
		})
		if err != nil && !missing(err) {
			return s.server.explain(err, "delete a collection")
		}
		s.ready.Delete(name)
	}
	s.ready.Delete("dim of " + g)
	return nil
}

// now is what this machine takes for the time, in milliseconds since 1970.
func now() int64 { return time.Now().UnixMilli() }
