package qdranttest

import (
	"context"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// served lists what of the protocol is imitated: the fields of each message that may be set; * is all of them.
// Everything else is refused, so that a test cannot pass because a wish was overheard.
var served = fieldsOf(map[protoreflect.FullName]string{
	"qdrant.HealthCheckRequest":       "",
	"qdrant.ListCollectionsRequest":   "",
	"qdrant.ListAliasesRequest":       "",
	"qdrant.GetCollectionInfoRequest": "collection_name",
	"qdrant.DeleteCollection":         "collection_name",
	"qdrant.CreateSnapshotRequest":    "collection_name", "qdrant.ListSnapshotsRequest": "collection_name", "qdrant.CollectionClusterInfoRequest": "collection_name",
	"qdrant.CreateCollection": "collection_name vectors_config sparse_vectors_config hnsw_config optimizers_config on_disk_payload " +
		"shard_number replication_factor",
	"qdrant.VectorsConfig": "params_map", "qdrant.VectorParamsMap": "*", "qdrant.VectorParams": "size distance on_disk quantization_config",
	"qdrant.QuantizationConfig": "scalar", "qdrant.ScalarQuantization": "*", "qdrant.SparseVectorConfig": "*", "qdrant.SparseVectorParams": "index",
	"qdrant.SparseIndexConfig": "*", "qdrant.HnswConfigDiff": "*", "qdrant.OptimizersConfigDiff": "*", "qdrant.MaxOptimizationThreads": "*",
	"qdrant.ChangeAliases": "actions", "qdrant.AliasOperations": "create_alias delete_alias", "qdrant.CreateAlias": "*", "qdrant.DeleteAlias": "*",

	"qdrant.CreateFieldIndexCollection": "collection_name wait field_name field_type field_index_params", "qdrant.PayloadIndexParams": "keyword_index_params uuid_index_params", "qdrant.KeywordIndexParams": "on_disk", "qdrant.UuidIndexParams": "on_disk",
	"qdrant.UpsertPoints":        "collection_name wait points ordering update_filter",
	"qdrant.DeletePoints":        "collection_name wait points ordering",
	"qdrant.SetPayloadPoints":    "collection_name wait payload points_selector ordering",
	"qdrant.DeletePayloadPoints": "collection_name wait keys points_selector ordering",
	"qdrant.UpdatePointVectors":  "collection_name wait points ordering",
	"qdrant.WriteOrdering":       "type", "qdrant.PointsSelector": "points filter", "qdrant.PointsIdsList": "*",
	"qdrant.PointStruct": "id payload vectors", "qdrant.PointVectors": "*", "qdrant.PointId": "*", "qdrant.Vectors": "vectors", "qdrant.NamedVectors": "*",
	"qdrant.Vector": "dense sparse", "qdrant.DenseVector": "*", "qdrant.SparseVector": "*",
	"qdrant.Value": "*", "qdrant.ListValue": "*", "qdrant.Struct": "*",

	"qdrant.GetPoints":    "collection_name ids with_payload with_vectors",
	"qdrant.ScrollPoints": "collection_name filter offset limit with_payload with_vectors order_by",
	"qdrant.OrderBy":      "key direction",
	"qdrant.QueryPoints":  "collection_name query using filter params limit with_payload",
	"qdrant.Query":        "nearest", "qdrant.VectorInput": "dense sparse", "qdrant.SearchParams": "exact hnsw_ef quantization", "qdrant.QuantizationSearchParams": "*",
	"qdrant.CountPoints": "collection_name filter exact",
	"qdrant.FacetCounts": "collection_name key limit exact",

	"qdrant.WithPayloadSelector": "enable include", "qdrant.PayloadIncludeSelector": "*", "qdrant.WithVectorsSelector": "*", "qdrant.VectorsSelector": "*",

	"qdrant.Filter": "must should must_not", "qdrant.Condition": "field has_id has_vector filter",
	"qdrant.HasIdCondition": "*", "qdrant.HasVectorCondition": "*", "qdrant.FieldCondition": "key match range",
	"qdrant.Match": "keyword keywords integer integers", "qdrant.RepeatedStrings": "*", "qdrant.RepeatedIntegers": "*", "qdrant.Range": "*",
})

func fieldsOf(table map[protoreflect.FullName]string) map[protoreflect.FullName]map[string]bool {
	out := make(map[protoreflect.FullName]map[string]bool, len(table))
	for message, list := range table {
		out[message] = map[string]bool{}
		for field := range strings.FieldsSeq(list) {
			out[message][field] = true
		}
	}
	return out
}

// maxDepth is how deep a server lets messages nest; an entry of a map counts as one.
const maxDepth = 100

// check refuses calls that a server could not read, and those that the stand-in cannot answer.
func check(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	if m, ok := request.(proto.Message); ok {
		if err := checkMessage(m.ProtoReflect(), 0); err != nil {
			return nil, err
		}
	}
	return handler(ctx, request)
}

func checkMessage(m protoreflect.Message, depth int) (err error) {
	if depth > maxDepth {
		return status.Error(codes.Internal, "failed to decode Protobuf message: recursion limit reached")
	}
	name := m.Descriptor().FullName()
	fields := served[name]
	m.Range(func(field protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if !fields["*"] && !fields[string(field.Name())] {
			err = unimplemented(string(name) + "." + string(field.Name()))
			return false
		}
		err = checkField(field, v, depth)
		return err == nil
	})
	return err
}

func checkField(field protoreflect.FieldDescriptor, v protoreflect.Value, depth int) (err error) {
	switch {
	case field.IsMap() && field.MapValue().Message() != nil:
		v.Map().Range(func(_ protoreflect.MapKey, entry protoreflect.Value) bool {
			err = checkMessage(entry.Message(), depth+2)
			return err == nil
		})
	case field.IsMap() || field.Message() == nil:
	case field.IsList():
		for i := 0; i < v.List().Len() && err == nil; i++ {
			err = checkMessage(v.List().Get(i).Message(), depth+1)
		}
	default:
		err = checkMessage(v.Message(), depth+1)
	}
	return err
}
