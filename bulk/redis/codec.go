package redis

import (
	"encoding/json"
	"errors"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/bulk"
)

// What lies on the server is JSON, with base64 for names of files: those are bytes and not always UTF-8.
type (
	item struct {
		ID    sightline.ImageID `json:"id"`
		Paths [][]byte          `json:"paths"`
	}
	failure struct {
		Path   []byte         `json:"path"`
		Code   sightline.Code `json:"code"`
		Reason []byte         `json:"reason"` // may name files
	}
)

func encodeItems(items []bulk.Item) []byte {
	out := make([]item, len(items))
	for i, it := range items {
		out[i].ID = it.ID
		for _, path := range it.Paths {
			out[i].Paths = append(out[i].Paths, []byte(path))
		}
	}
	return mustEncode(out)
}

func decodeItems(raw string) ([]bulk.Item, error) {
	var in []item
	if err := json.Unmarshal([]byte(raw), &in); err != nil {
		return nil, garbage("batch", err)
	}
	if len(in) == 0 {
		return nil, garbage("batch", errors.New("it has no images"))
	}
	items := make([]bulk.Item, len(in))
	for i, it := range in {
		items[i].ID = it.ID
		for _, path := range it.Paths {
			items[i].Paths = append(items[i].Paths, string(path))
		}
	}
	return items, nil
}

func encodeFailure(f bulk.Failure) []byte {
	return mustEncode(failure{Path: []byte(f.Path), Code: f.Code, Reason: []byte(f.Reason)})
}

func decodeFailure(id, raw string) (bulk.Failure, error) {
	var f failure
	if err := json.Unmarshal([]byte(raw), &f); err != nil {
		return bulk.Failure{}, garbage("failure", err)
	}
	return bulk.Failure{ID: sightline.ImageID(id), Path: string(f.Path), Code: f.Code, Reason: string(f.Reason)}, nil
}

func mustEncode(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil { // strings and bytes always can be
		panic(err)
	}
	return raw
}

func garbage(what string, cause error) error {
	return sightline.Errorf(sightline.CodeUnavailable, "what the Redis server holds of the job is not a %s: %w", what, cause).
		WithParam("redis").WithHint("something else writes to the same keys: give the work queue a database of its own")
}
