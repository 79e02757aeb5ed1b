package index

import (
	"context"
	"encoding/binary"
	"math"

	"github.com/sightline-search/sightline"
)

// textQueries makes texts ready for retrieval and for the decoder, from the cache where it has them.
func (x *Index) textQueries(ctx context.Context, texts []string) ([]sightline.TextQuery, error) {
	queries := make([]sightline.TextQuery, len(texts))
	var missing []string
	var places []int
	for i, text := range texts {
		if value, ok := x.cache.Get(ctx, x.textKey(text)); ok {
			if q, ok := unmarshalText(value); ok {
				queries[i] = q
				continue
			}
		}
		missing = append(missing, text)
		places = append(places, i)
	}
	if len(missing) == 0 {
		return queries, nil
	}
	encoded, err := x.texts.Encode(ctx, missing)
	if err != nil {
		return nil, err
	}
	made, err := x.align.Queries(ctx, encoded)
	if err != nil {
		return nil, err
	}
	for i, q := range made {
		queries[places[i]] = q
		x.cache.Set(ctx, x.textKey(missing[i]), marshalText(q))
	}
	return queries, nil
}

// textKey is the cache's key of a text. Whether case matters is the tokenizer's affair, so it is kept.
func (x *Index) textKey(text string) string {
	return "text:" + string(x.bundle.Manifest.ScoringFingerprint) + ":" + text
}

// marshalText lays a text query out as the length of its vector (4 bytes), the vector and the state, little-endian f32.
func marshalText(q sightline.TextQuery) []byte {
	out := make([]byte, 0, 4+4*(len(q.Vector)+len(q.State)))
	out = binary.LittleEndian.AppendUint32(out, uint32(len(q.Vector)))
	return appendFloats(appendFloats(out, q.Vector), q.State)
}

func appendFloats(out []byte, values []float32) []byte {
	for _, v := range values {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(v))
	}
	return out
}

func unmarshalText(b []byte) (sightline.TextQuery, bool) {
	if len(b) < 4 || len(b)%4 != 0 {
		return sightline.TextQuery{}, false
	}
	n := int(binary.LittleEndian.Uint32(b))
	values := make([]float32, len(b)/4-1)
	if n > len(values) {
		return sightline.TextQuery{}, false
	}
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4+4*i:]))
	}
	return sightline.TextQuery{Vector: values[:n:n], State: values[n:]}, true
}
