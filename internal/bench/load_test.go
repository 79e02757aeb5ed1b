package bench

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

// echo answers every search as the API does and notes what was asked.
type echo struct {
	mu    sync.Mutex
	texts []string
	fail  bool
}

func (e *echo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var question struct{ Query string }
	if err := json.NewDecoder(r.Body).Decode(&question); err != nil || e.fail {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	e.mu.Lock()
	e.texts = append(e.texts, question.Query)
	e.mu.Unlock()
	_, _ = w.Write([]byte(`{"took_ms": {"text": 2.5, "total": 4}, "searched": {"decoded": 200}}`))
}

func TestAClosedLoopAsksWhatItShallAndLeavesOutTheFirstOfEveryClient(t *testing.T) {
	for _, clients := range []int{1, 4, 16} {
		server := &echo{}
		target, err := listen(t.Context(), server)
		require.NoError(t, err)
		answers, perSecond, err := target.closedLoop(t.Context(), clients, 50, func(int) string { return "a text" })
		require.NoError(t, err)
		require.NoError(t, target.close())
		assert.Len(t, server.texts, 50+clients)
		assert.GreaterOrEqual(t, len(answers), 50, "a client that came too late for a first one is counted from its second")
		assert.Positive(t, perSecond)
		assert.InDelta(t, 2.5, answers[0].Took.Text, 0)
		assert.Positive(t, answers[0].ms)
	}
}

func TestAFailedSearchEndsTheLoad(t *testing.T) {
	target, err := listen(t.Context(), &echo{fail: true})
	require.NoError(t, err)
	_, _, err = target.closedLoop(t.Context(), 4, 50, func(int) string { return "a text" })
	require.ErrorContains(t, err, "503")
	require.NoError(t, target.close())
}

func TestPercentiles(t *testing.T) {
	values := []float64{5, 1, 4, 2, 3}
	assert.InDelta(t, 3, percentile(values, 0.5), 0)
	assert.InDelta(t, 5, percentile(values, 0.99), 0)
	assert.InDelta(t, 0, percentile(nil, 0.5), 0)
	assert.Equal(t, []float64{5, 1, 4, 2, 3}, values, "the values stay in their order")
}

func TestTextsAreNewOnes(t *testing.T) {
	next, met := newTexts(), map[string]bool{}
	for range 3000 {
		text := next()
		require.False(t, met[text], text)
		met[text] = true
	}
}

func TestVariationsAreOtherImagesOfTheSameSize(t *testing.T) {
	r := vectordb.Record{
		Image:    sightline.Image{ID: "original", Files: []sightline.File{{Path: "/a.jpg"}}, Format: "jpeg", Width: 4, Height: 3},
		Features: sightline.Features{Global: []float32{0.6, 0.8, 0, 0}, Patches: []byte{0x10, 0x3c, 0x20, 0xb8}},
	}
	random := rand.New(rand.NewPCG(1, 2))
	a, b := vary(r, 1, random), vary(r, 2, random)
	assert.NotEqual(t, a.Image.ID, b.Image.ID)
	assert.True(t, a.Image.ID.Valid())
	assert.NotEqual(t, a.Image.Path(), b.Image.Path())
	assert.NotEqual(t, a.Features.Global, b.Features.Global)
	require.NoError(t, vectordb.CheckRecord(&a))
	var square float64
	for _, v := range a.Features.Global {
		square += float64(v) * float64(v)
	}
	assert.InDelta(t, 1, math.Sqrt(square), 1e-6)
	for i, v := range a.Features.Patches {
		assert.Equal(t, r.Features.Patches[i]&0xf0, v&0xf0)
	}
	assert.Equal(t, []byte{0x10, 0x3c, 0x20, 0xb8}, r.Features.Patches, "the original stays")
}
