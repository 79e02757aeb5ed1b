package qdrant

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strings"
	"time"

	api "github.com/qdrant/go-client/qdrant"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

// Files gives the known places below a folder. The server has no order of texts: the places are sorted here, some hundred
// bytes each.
func (s *Store) Files(ctx context.Context, below string) iter.Seq2[vectordb.KnownFile, error] {
	return sortedByPath(func() (files []vectordb.KnownFile, err error) {
		err = s.read(ctx, "list files", func(v *view) error {
			files = nil
			if v.images == 0 {
				return nil
			}
			request := &api.ScrollPoints{
				CollectionName: s.search(v.serving), Filter: and(visible(v.commit), belowFilter(below)), WithPayload: include(imageFields),
			}
			return s.eachPage(ctx, request, func(points []*api.RetrievedPoint) error {
				for _, p := range points {
					img, err := imageOf(p.GetPayload())
					if err != nil {
						return err
					}
					for _, f := range img.Files {
						if isBelow(f.Path, below) {
							files = append(files, vectordb.KnownFile{File: f, ID: img.ID})
						}
					}
				}
				return nil
			})
		})
		return files, err
	}, func(k vectordb.KnownFile) string { return k.File.Path })
}

// BadFiles gives the remembered bad files below a folder.
func (s *Store) BadFiles(ctx context.Context, below string) iter.Seq2[vectordb.BadFile, error] {
	return sortedByPath(func() (bad []vectordb.BadFile, err error) {
		err = s.read(ctx, "list bad files", func(v *view) error {
			bad = nil
			if v.bad == 0 {
				return nil
			}
			request := &api.ScrollPoints{CollectionName: s.meta(), Filter: and(visible(v.commit), ofKind("bad")), WithPayload: api.NewWithPayload(true)}
			return s.eachPage(ctx, request, func(points []*api.RetrievedPoint) error {
				for _, p := range points {
					if b := badOf(p.GetPayload()); isBelow(b.File.Path, below) {
						bad = append(bad, b)
					}
				}
				return nil
			})
		})
		return bad, err
	}, func(b vectordb.BadFile) string { return b.File.Path })
}

// sortedByPath streams what read gives, in the order of the bytes of paths.
func sortedByPath[T any](read func() ([]T, error), place func(T) string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		items, err := read()
		if err != nil {
			var none T
			yield(none, err)
			return
		}
		slices.SortFunc(items, func(a, b T) int { return cmp.Compare(place(a), place(b)) })
		for _, item := range items {
			if !yield(item, nil) {
				return
			}
		}
	}
}

func isBelow(place, folder string) bool {
	return place == folder || strings.HasPrefix(place, strings.TrimSuffix(folder, "/")+"/")
}

// belowFilter lets through what lies below a folder when case is ignored, and perhaps more.
func belowFilter(folder string) *api.Filter {
	folder = strings.ToLower(strings.TrimSuffix(folder, "/"))
	if folder == "" {
		return nil
	}
	return must(api.NewMatchKeywords("within", encodeText(folder), encodeText(folder+"/")))
}

func ofKind(kind string) *api.Filter { return must(api.NewMatchKeyword("kind", kind)) }

// badPoint is how a bad file is stored, seen from a commit on.
func badPoint(b vectordb.BadFile, since int64) *api.PointStruct {
	return &api.PointStruct{
		Id: pointID(versionID("bad", sightline.ImageID(b.File.Path), since)), Vectors: api.NewVectorsMap(nil),
		Payload: map[string]*api.Value{
			"kind": text("bad"), "since": integer(since), "path": text(encodeText(b.File.Path)), "size": integer(b.File.Size),
			"seconds": integer(b.File.ModTime.Unix()), "nanos": integer(int64(b.File.ModTime.Nanosecond())),
			"code": text(encodeText(string(b.Code))), "reason": text(encodeText(b.Reason)),
		},
	}
}

func badOf(p map[string]*api.Value) vectordb.BadFile {
	return vectordb.BadFile{
		File: sightline.File{
			Path: decodeText(p["path"].GetStringValue()), Size: p["size"].GetIntegerValue(),
			ModTime: time.Unix(p["seconds"].GetIntegerValue(), p["nanos"].GetIntegerValue()).UTC(),
		},
		Code: sightline.Code(decodeText(p["code"].GetStringValue())), Reason: decodeText(p["reason"].GetStringValue()),
	}
}
