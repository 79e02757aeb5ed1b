package index_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/index"
	"github.com/sightline-search/sightline/vectordb"
	"github.com/sightline-search/sightline/vectordb/embedded"
)

// TestTagScoringChild adds a tag to an index and prints a line at every progress. By itself it only shows that this works.
func TestTagScoringChild(t *testing.T) {
	data := os.Getenv(childData)
	if data == "" {
		data = t.TempDir()
	}
	p := partsAt(t, data)
	if os.Getenv(childData) == "" {
		noise(t, p, 3)
	}
	_, err := index.New(p).AddTag(t.Context(), party)
	require.NoError(t, err)
	require.NoError(t, index.New(p).ScoreTags(t.Context(), func(p index.TagProgress) { fmt.Fprintln(os.Stderr, "progress", p.Done) }))
}

func TestKilledTagScoringLosesAtMostABatch(t *testing.T) {
	data := t.TempDir()
	p := openAt(t, data)
	ids := noise(t, p, 700)
	require.NoError(t, p.Store.Close())
	before := 0
	for _, line := range []int{2, 3, 2, 1} {
		require.True(t, killTagScoring(t, data, line))
		p := partsAt(t, data)
		tag, err := index.New(p).Tag(t.Context(), party.Name)
		require.NoError(t, err)
		assert.GreaterOrEqual(t, tag.Scoring.Scored, before+128*(line-1), "what was told is stored")
		before = tag.Scoring.Scored
		require.NoError(t, p.Store.Close())
	}
	require.False(t, killTagScoring(t, data, 1000))
	p = partsAt(t, data)
	tag, err := index.New(p).Tag(t.Context(), party.Name)
	require.NoError(t, err)
	assert.True(t, tag.Scoring.Complete)
	requireTag(t, p.Store, party.Name, wantTag(t, p, ids, party.Descriptions))
}

// killTagScoring scores in a child process, which it kills at the given progress line. It reports whether it did.
func killTagScoring(t *testing.T, data string, line int) (killed bool) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestTagScoringChild$", "-test.count=1")
	child.Env = append(os.Environ(), childData+"="+data)
	out, err := child.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); {
		if n++; n == line {
			require.NoError(t, child.Process.Kill())
			killed = true
		}
	}
	err = child.Wait()
	if !killed {
		require.NoError(t, err)
	}
	return killed
}

// A server holds the store for reading and writes only while it has something to write.
func TestScoringInTheBackgroundWaitsForAnotherWriter(t *testing.T) {
	data := t.TempDir()
	p := openAt(t, data)
	ids := noise(t, p, 300)
	require.NoError(t, p.Store.Close())
	var err error
	p.Store, err = embedded.Open(data, embedded.ReadOnly)
	require.NoError(t, err)
	defer p.Store.Close()
	refused := make(chan struct{}, 1000)
	p.OpenWriter = func() (vectordb.Store, error) {
		store, err := embedded.Open(data, embedded.ReadWrite)
		if sightline.CodeOf(err) == sightline.CodeIndexLocked {
			refused <- struct{}{}
		}
		return store, err
	}
	x := index.New(p)
	_, err = x.AddTag(t.Context(), party)
	require.NoError(t, err)

	other, err := embedded.Open(data, embedded.ReadWrite)
	require.NoError(t, err, "the server has given the lock back")
	half := 0.5
	_, err = x.SetTag(t.Context(), party.Name, index.TagChange{Threshold: &half})
	require.Equal(t, sightline.CodeIndexLocked, sightline.CodeOf(err))
	require.ErrorContains(t, err, fmt.Sprint(os.Getpid()))
	<-refused
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		x.KeepTagsScored(ctx, func(err error) { assert.NoError(t, err) })
	}()
	<-refused // by the background
	require.NoError(t, other.Close())
	untilComplete(t, x)
	requireTag(t, p.Store, party.Name, wantTag(t, p, ids, party.Descriptions))

	_, err = x.AddTag(t.Context(), index.TagSpec{Name: "snow at night"}) // wakes it
	require.NoError(t, err)
	untilComplete(t, x)
	stop()
	<-done
}

// What another process does to a tag while a batch is scored wins over the batch.
func TestChangesOfATagThatIsBeingScored(t *testing.T) {
	rain := []string{"rain"}
	for name, c := range map[string]struct {
		change func(t *testing.T, x *index.Index)
		then   func(t *testing.T, p index.Parts, ids []sightline.ImageID)
	}{
		"threshold": {
			func(t *testing.T, x *index.Index) {
				half := 0.5
				_, err := x.SetTag(t.Context(), party.Name, index.TagChange{Threshold: &half})
				require.NoError(t, err)
			},
			func(t *testing.T, p index.Parts, ids []sightline.ImageID) {
				tag, err := index.New(p).Tag(t.Context(), party.Name)
				require.NoError(t, err)
				assert.InDelta(t, 0.5, tag.Threshold, 0)
				requireTag(t, p.Store, party.Name, wantTag(t, p, ids, party.Descriptions))
			},
		},
		"descriptions": {
			func(t *testing.T, x *index.Index) {
				_, err := x.SetTag(t.Context(), party.Name, index.TagChange{Descriptions: rain})
				require.NoError(t, err)
			},
			func(t *testing.T, p index.Parts, ids []sightline.ImageID) {
				requireTag(t, p.Store, party.Name, wantTag(t, p, ids, rain))
			},
		},
		"removed": {
			func(t *testing.T, x *index.Index) { require.NoError(t, x.RemoveTag(t.Context(), party.Name)) },
			func(t *testing.T, p index.Parts, _ []sightline.ImageID) {
				requireTag(t, p.Store, party.Name, nil)
				tags, err := p.Store.UserTags(t.Context())
				require.NoError(t, err)
				assert.Empty(t, tags)
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := parts(t)
			x, ids := index.New(p), noise(t, p, 300)
			_, err := x.AddTag(t.Context(), party)
			require.NoError(t, err)
			changed := false
			require.NoError(t, x.ScoreTags(t.Context(), func(p index.TagProgress) {
				if p.Done > 0 && !changed {
					changed = true
					c.change(t, x)
				}
			}))
			require.True(t, changed)
			c.then(t, p, ids)
		})
	}
}
