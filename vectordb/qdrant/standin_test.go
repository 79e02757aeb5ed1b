package qdrant_test

import (
	"testing"

	"github.com/sightline-search/sightline/vectordb/qdrant/qdranttest"
	"github.com/sightline-search/sightline/vectordb/vectordbtest"
)

// TestConformanceOfTheStandIn runs everywhere. It has one server for each test, as the tests may not see each other.
func TestConformanceOfTheStandIn(t *testing.T) {
	vectordbtest.Run(t, func(t *testing.T) vectordbtest.Place {
		t.Helper()
		return fresh(t, qdranttest.Start(t, qdranttest.Options{}).Address())
	})
}
