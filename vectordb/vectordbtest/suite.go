// Package vectordbtest is the conformance suite of vectordb.Store: what the contract says MUST be, as tests that every
// driver passes, measured against a simple model of a store in memory. It must not know any driver.
package vectordbtest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline/vectordb"
)

// Place is where one store lies. It is opened many times: by one writer at a time, and by readers beside it.
type Place interface {
	Writer() (vectordb.Store, error)
	Reader() (vectordb.Store, error)
}

// Run holds a driver to the contract. fresh gives a place where nothing has been stored yet.
func Run(t *testing.T, fresh func(t *testing.T) Place) {
	t.Helper()
	for _, test := range []struct {
		name string
		run  func(*testing.T, Place)
	}{
		{"an empty store answers", emptyStore},
		{"everything stored comes back", everythingComesBack},
		{"put again replaces and adds", putAgain},
		{"a path belongs to one image", pathOwnership},
		{"two images swap their paths", swappedPaths},
		{"the last file takes the image with it", lastFile},
		{"bad files come and go", badFiles},
		{"tags are replaced", setTags},
		{"a user's tag changes nothing else", userTagApart},
		{"a removed user's tag leaves nothing", removedUserTag},
		{"user tags that are refused", refusedUserTags},
		{"big batches", bigBatch},
		{"records that are refused", refusedRecords},
		{"the model guards the features", modelGuards},
		{"listing below a folder", belowFolders},
		{"orders of images", imageOrders},
		{"ties and limits", tiesAndLimits},
		{"words find names and cameras", wordsFind},
		{"long and deep filters", longAndDeepFilters},
		{"random filters mean what MatchFilter says", randomFilters},
		{"random operations agree with the model", randomOperations},
		{"a finished context", finishedContext},
		{"loops may stop and may ask more", loops},
		{"a reader beside a writer", readerBesideWriter},
		{"one writer at a time", oneWriter},
		{"a new generation takes over", newGeneration},
		{"changes while a generation is built", changesWhileBuilding},
		{"a generation with gaps", partialSwitch},
		{"back to a generation, and away with it", backAndAway},
		{"a pinned handle keeps to its model", pinned},
		{"what a builder refuses", refusedEncoded},
		{"readers while generations are switched", readersWhileSwitching},
		{"a closed store", closedStore},
		{"readers and a writer at once", readersAndWriter},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, fresh(t)) })
	}
}

// model is the model that the suite's stores are made with.
var model = vectordb.Model{Name: "suite 1", Feature: "feature-fingerprint", Scoring: "scoring-fingerprint"}

// writer opens the place for writing, sets the model and closes the store when the test ends.
func writer(t *testing.T, p Place) vectordb.Store {
	t.Helper()
	store, err := p.Writer()
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, store.Close()) })
	require.NoError(t, store.SetModel(context.Background(), model))
	return store
}

// reader opens the place for reading and closes the store when the test ends.
func reader(t *testing.T, p Place) vectordb.Store {
	t.Helper()
	store, err := p.Reader()
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, store.Close()) })
	return store
}
