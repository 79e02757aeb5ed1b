package bench

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/bundle"
)

func TestWithoutAnInterpreterThereIsNoComparison(t *testing.T) {
	var r Report
	require.NoError(t, measurePython(t.Context(), Options{Note: func(string, ...any) {}}, &r))
	assert.Nil(t, r.Python)
	assert.Empty(t, pythonRows(&r))
}

func TestAnInterpreterThatDoesNotAnswerIsAnError(t *testing.T) {
	ends, err := exec.LookPath("false")
	require.NoError(t, err)
	for _, python := range []string{"/nowhere/python", ends} {
		err := measurePython(t.Context(), Options{Note: func(string, ...any) {}, Repeat: 1, Python: python, Bundle: &bundle.Bundle{}}, &Report{})
		require.Error(t, err)
		assert.Equal(t, sightline.CodeInvalid, sightline.CodeOf(err), "%v", err)
	}
}
