package qdrant

import (
	"context"

	api "github.com/qdrant/go-client/qdrant"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

// state is the point that says what holds: it names the last commit and the generation that serves. Whatever else a
// commit writes is seen from the moment on in which the state says so.
type state struct {
	layout  int64  // 0 while an index is being made
	steps   string // the ledger (history.go)
	moving  int64  // the step that is being made or taken back; 0 for none
	commit  int64
	token   string // of the lease whose holder may write the next one
	serving string // "" before the first model
	model   vectordb.Model
	images  int64
	files   int64
	bad     int64
	bytes   int64 // of points and patches as they were sent

	swept   int64 // versions that ended at this commit or before may have been deleted
	flipped int64 // when this commit was made, by its writer's clock, ms

	// What has yet to be carried into the generations that do not serve; only recover reads it.
	pending []sightline.ImageID // whose facts have changed
	untag   string              // a user's tag that was removed
}

func stateID() *api.PointId { return pointID(uuid("state")) }

// readState gives the state; the zero state while nothing has been stored yet.
func (s *Store) readState(ctx context.Context) (state, error) {
	points, err := s.get(ctx, s.meta(), []*api.PointId{stateID()}, include(stateFields), false)
	if missing(err) || err == nil && len(points) == 0 {
		return state{}, nil
	}
	if err != nil {
		return state{}, s.server.explain(err, "read the state of the index")
	}
	p := points[0].GetPayload()
	st := state{
		layout: layoutOf(p), steps: p["steps"].GetStringValue(), moving: p["moving"].GetIntegerValue(),
		commit: p["commit"].GetIntegerValue(), token: p["token"].GetStringValue(), serving: p["serving"].GetStringValue(),
		model: modelOf(p), images: p["images"].GetIntegerValue(), files: p["files"].GetIntegerValue(),
		bad: p["bad_files"].GetIntegerValue(), bytes: p["bytes"].GetIntegerValue(),
		swept: p["swept"].GetIntegerValue(), flipped: p["flipped"].GetIntegerValue(),
	}
	return st, s.knows(st)
}

var stateFields = []string{
	"layout", "steps", "moving", "commit", "token", "serving", "model", "feature", "scoring", "images", "files", "bad_files", "bytes", "swept", "flipped",
}

// readPending gives what the last commit may not have carried into the other generations.
func (s *Store) readPending(ctx context.Context) (pending []sightline.ImageID, untag string, err error) {
	points, err := s.get(ctx, s.meta(), []*api.PointId{stateID()}, include([]string{"pending", "untag"}), false)
	if err != nil || len(points) == 0 {
		return nil, "", err
	}
	p := points[0].GetPayload()
	return imageIDs(texts(p["pending"])), decodeText(p["untag"].GetStringValue()), nil
}

// writeState replaces the state if it is still the one before, and says whether it was.
func (s *Store) writeState(ctx context.Context, before, after state) (bool, error) {
	payload := map[string]*api.Value{
		"kind": text("state"), "layout": integer(after.layout), "steps": text(after.steps), "moving": integer(after.moving),
		"commit": integer(after.commit), "token": text(after.token), "serving": text(after.serving),
		"images": integer(after.images), "files": integer(after.files), "bad_files": integer(after.bad), "bytes": integer(after.bytes),
		"swept": integer(after.swept), "flipped": integer(after.flipped),
		"pending": list(after.pending, func(id sightline.ImageID) *api.Value { return text(string(id)) }), "untag": text(encodeText(after.untag)),
	}
	putModel(payload, after.model)
	same := &api.Filter{Must: []*api.Condition{api.NewMatchInt("commit", before.commit), api.NewMatchKeyword("token", before.token)}}
	if err := s.upsertIf(ctx, same, stateID(), payload); err != nil {
		return false, err
	}
	written, err := s.readState(ctx)
	return err == nil && written.commit == after.commit && written.token == after.token, err
}

// upsertIf writes a point of the meta collection when there is none yet or when the one that is there passes the filter.
func (s *Store) upsertIf(ctx context.Context, filter *api.Filter, id *api.PointId, payload map[string]*api.Value) error {
	_, err := ask(ctx, s.server, writeLimit, func(ctx context.Context) (*api.UpdateResult, error) {
		return s.server.client.Upsert(ctx, &api.UpsertPoints{
			CollectionName: s.meta(), Wait: new(true), UpdateFilter: filter, Ordering: strongly(),
			Points: []*api.PointStruct{{Id: id, Payload: payload, Vectors: api.NewVectorsMap(nil)}},
		})
	})
	return s.server.explain(err, "write the state of the index")
}

// never is a filter that no point passes: what is upserted under it is inserted or left alone.
func never() *api.Filter {
	return &api.Filter{Must: []*api.Condition{api.NewMatchKeyword("kind", "never")}}
}

func strongly() *api.WriteOrdering { return &api.WriteOrdering{Type: api.WriteOrderingType_Strong} }

func modelOf(p map[string]*api.Value) vectordb.Model {
	return vectordb.Model{
		Name:    decodeText(p["model"].GetStringValue()),
		Feature: sightline.Fingerprint(decodeText(p["feature"].GetStringValue())),
		Scoring: sightline.Fingerprint(decodeText(p["scoring"].GetStringValue())),
	}
}

func putModel(p map[string]*api.Value, m vectordb.Model) {
	p["model"], p["feature"], p["scoring"] = text(encodeText(m.Name)), text(encodeText(string(m.Feature))), text(encodeText(string(m.Scoring)))
}

func imageIDs(list []string) []sightline.ImageID {
	ids := make([]sightline.ImageID, len(list))
	for i, id := range list {
		ids[i] = sightline.ImageID(id)
	}
	return ids
}

// visible is the condition under which a version is seen at a commit.
func visible(commit int64) *api.Filter {
	end := float64(commit)
	return &api.Filter{
		Must:    []*api.Condition{api.NewRange("since", &api.Range{Lte: &end})},
		MustNot: []*api.Condition{api.NewRange("until", &api.Range{Lte: &end})},
	}
}

// ended is the condition of versions that nobody sees who asks from that commit on.
func ended(commit int64) *api.Filter {
	end := float64(commit)
	return &api.Filter{Must: []*api.Condition{api.NewRange("until", &api.Range{Lte: &end})}}
}

// unborn is the condition of versions whose commit never was.
func unborn(commit int64) *api.Filter {
	end := float64(commit)
	return &api.Filter{Must: []*api.Condition{api.NewRange("since", &api.Range{Gt: &end})}}
}

// spared is the condition of versions that such a commit would have ended.
func spared(commit int64) *api.Filter {
	end := float64(commit)
	return &api.Filter{Must: []*api.Condition{api.NewRange("until", &api.Range{Gt: &end})}}
}
