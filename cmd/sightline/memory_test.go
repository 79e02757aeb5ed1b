package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestPeakMemoryIsThisProcessOwn(t *testing.T) {
	assert.EqualValues(t, 123<<10, peakIn([]byte("Name:\tsightline\nVmPeak:\t  999 kB\nVmHWM:\t     123 kB\nVmRSS:\t 55 kB\n")))
	for _, other := range []string{"", "VmHWM:", "VmHWM:\tmany kB\n", "VmRSS:\t55 kB\n"} {
		assert.Zero(t, peakIn([]byte(other)), other)
	}
	assert.Greater(t, peakMemory(), int64(1<<20))
}
