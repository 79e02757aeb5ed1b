package index

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"sync"

	"golang.org/x/sync/singleflight"

	"github.com/sightline-search/sightline"
)

// textQueries makes texts ready for retrieval and for the decoder, from the cache where it has them. A text that several
// searches want at the same time is encoded once: every search first announces all its texts, and only then looks into
// the cache, in one journey for all of them; so a text is either announced, or kept, or to be encoded by the one who has
// announced it first. Work on a text goes on when the search that began it leaves, since others may wait for it.
func (x *Index) textQueries(ctx context.Context, texts []string) ([]sightline.TextQuery, error) {
	w := &textWork{x: x, ctx: context.WithoutCancel(ctx), looked: make(chan struct{})}
	waits := make([]<-chan singleflight.Result, len(texts))
	keys := make([]string, len(texts))
	for i, text := range texts {
		keys[i] = x.textKey(text)
		waits[i] = x.encoding.DoChan(keys[i], func() (any, error) { return w.query(i, keys[i], text) })
	}
	w.values = x.cache.GetMany(ctx, keys)
	close(w.looked)

	queries := make([]sightline.TextQuery, len(texts))
	for i, wait := range waits {
		select {
		case done := <-wait:
			if done.Err != nil {
				return nil, done.Err
			}
			queries[i], _ = done.Val.(sightline.TextQuery)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return queries, nil
}

// textWork is what one search does about the texts that nobody else works on.
type textWork struct {
	x      *Index
	ctx    context.Context //nolint:containedctx // outlives the search on purpose
	looked chan struct{}   // closed when values are there
	values [][]byte        // from the cache, in the order of the texts
	turn   sync.Mutex      // texts run one by one
}

func (w *textWork) query(i int, key, text string) (sightline.TextQuery, error) {
	<-w.looked
	if q, ok := w.x.unmarshalText(w.values[i]); ok {
		return q, nil
	}
	w.turn.Lock()
	defer w.turn.Unlock()
	encoded, err := w.x.texts.Encode(w.ctx, []string{text})
	if err != nil {
		return sightline.TextQuery{}, err
	}
	made, err := w.x.align.Queries(w.ctx, encoded)
	if err != nil {
		return sightline.TextQuery{}, err
	}
	w.x.cache.Set(w.ctx, key, marshalText(made[0]))
	return made[0], nil
}

// textKey is the cache's key of a text: the version of marshalText's layout, the model, and a hash, since what people
// search for is theirs and the cache may be on another machine. Whether case matters is the tokenizer's affair, so it is kept.
func (x *Index) textKey(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "text:1:" + string(x.bundle.Manifest.ScoringFingerprint) + ":" + hex.EncodeToString(sum[:])
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

// unmarshalText takes exactly what marshalText makes of this model's text queries.
func (x *Index) unmarshalText(b []byte) (sightline.TextQuery, bool) {
	dim, state := x.bundle.Manifest.Features.Global, x.bundle.Manifest.Decoder.State
	if len(b) != 4+4*(dim+state) || int(binary.LittleEndian.Uint32(b)) != dim {
		return sightline.TextQuery{}, false
	}
	values := make([]float32, dim+state)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4+4*i:]))
	}
	return sightline.TextQuery{Vector: values[:dim:dim], State: values[dim:]}, true
}
