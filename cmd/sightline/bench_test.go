package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestBenchTellsRatiosAndTheMachine(t *testing.T) {
	p := newPlace(t)
	photos := photographs(t, 3)
	report := p.json(exitDone, "bench", "--only", "features,steps", "--images", photos, "--repeat", "1")
	assert.NotEmpty(t, report["machine"].(map[string]any)["cpu"])
	assert.Nil(t, report["decoder"], "it was not asked for")
	features := report["features"].(map[string]any)
	assert.InDelta(t, 74_304, features["bytes_per_image"], 0)
	assert.Greater(t, features["rank_correlation"], 0.9)
	assert.InDelta(t, 1, features["same_top_20"], 0, "three images are the top 20 of three")
	steps := report["steps"].(map[string]any)
	assert.InDelta(t, 1, steps["same_answers"], 0, "three images are all decoded")
	assert.InDelta(t, 3, steps["decoded"], 0)
	assert.Positive(t, steps["cpu_ms"])
}
