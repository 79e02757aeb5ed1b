package qdrant

import (
	"context"
	"errors"
	"iter"
	"slices"

	api "github.com/qdrant/go-client/qdrant"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

// errEnough ends a listing that has what it was asked for.
var errEnough = errors.New("enough")

func enough(err error) error {
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// Count counts the images under the filter.
func (s *Store) Count(ctx context.Context, filter sightline.Filter) (n int, err error) {
	err = s.read(ctx, "count images", func(v *view) error {
		where, none, err := v.facts(ctx, filter)
		switch {
		case err != nil || none:
			n = 0
			return err
		case filter == nil:
			n = int(v.images)
			return nil
		}
		n, err = s.count(ctx, s.search(v.serving), where)
		return err
	})
	return n, err
}

// facts compiles a filter for the serving generation; none also says that nothing is stored.
func (v *view) facts(ctx context.Context, filter sightline.Filter) (where *api.Filter, none bool, err error) {
	if v.images == 0 {
		return nil, true, v.checkPin(ctx, filter)
	}
	return v.where(ctx, v.serving, filter)
}

// checkPin refuses filters on tags that the pinned model has no data for, also where nothing is stored.
func (v *view) checkPin(ctx context.Context, filter sightline.Filter) error {
	if !asksTags(filter) {
		return nil
	}
	_, err := v.features(ctx)
	return err
}

// asksTags reports whether a filter needs probabilities.
func asksTags(f sightline.Filter) bool {
	switch f := f.(type) {
	case sightline.And:
		return slices.ContainsFunc(f, asksTags)
	case sightline.Or:
		return slices.ContainsFunc(f, asksTags)
	case sightline.Not:
		return asksTags(f.Of)
	case sightline.TagOver:
		return true
	default:
		return false
	}
}

// IDs gives the ids of the images under the filter.
func (s *Store) IDs(ctx context.Context, filter sightline.Filter) (ids []sightline.ImageID, err error) {
	err = s.read(ctx, "list images", func(v *view) error {
		ids = nil
		where, none, err := v.facts(ctx, filter)
		if err != nil || none {
			return err
		}
		request := &api.ScrollPoints{CollectionName: s.search(v.serving), Filter: where, WithPayload: include([]string{"id"}), Limit: api.PtrOf(uint32(10 * pageSize))}
		return s.eachPage(ctx, request, func(points []*api.RetrievedPoint) error {
			for _, p := range points {
				ids = append(ids, sightline.ImageID(p.GetPayload()["id"].GetStringValue()))
			}
			return nil
		})
	})
	slices.Sort(ids)
	return ids, err
}

// Get gives images in the order of ids.
func (s *Store) Get(ctx context.Context, ids []sightline.ImageID) (images []*sightline.Image, err error) {
	err = s.read(ctx, "read images", func(v *view) error {
		found, err := v.versions(ctx, v.serving, ids, imageFields)
		images = nil
		for _, id := range ids {
			if version, ok := found[id]; ok {
				img := version.image
				img.Files = slices.Clone(img.Files)
				images = append(images, &img)
			}
		}
		return err
	})
	return images, err
}

// versions gives the versions of images in a generation that are seen at the view's commit, without vectors.
func (v *view) versions(ctx context.Context, g string, ids []sightline.ImageID, fields []string) (map[sightline.ImageID]*version, error) {
	found := map[sightline.ImageID]*version{}
	err := v.points(ctx, g, ids, include(fields), nil, func(_ sightline.ImageID, p *api.RetrievedPoint) error {
		version, err := versionOf(p)
		if err == nil {
			found[version.image.ID] = version
		}
		return err
	})
	return found, err
}

// keysPerCall is how many images one call asks for by their keys.
const keysPerCall = 500

// points gives the points of images in a generation, with some fields and vectors.
func (v *view) points(
	ctx context.Context, g string, ids []sightline.ImageID, fields *api.WithPayloadSelector, vectors []string,
	each func(sightline.ImageID, *api.RetrievedPoint) error,
) error {
	if v.images == 0 {
		return nil
	}
	dim, err := v.s.dim(ctx, g)
	if err != nil || dim == 0 {
		return err
	}
	asked := make(map[sightline.ImageID]bool, len(ids))
	var keys []string
	for _, id := range ids {
		if !asked[id] {
			keys = append(keys, keyOf(id))
		}
		asked[id] = true
	}
	for _, part := range chunks(keys, keysPerCall) {
		request := &api.ScrollPoints{
			CollectionName: v.s.search(g), Filter: and(visible(v.commit), must(api.NewMatchKeywords("key", part...))),
			WithPayload: fields, Limit: api.PtrOf(uint32(len(part))),
		}
		if len(vectors) > 0 {
			request.WithVectors = api.NewWithVectorsInclude(vectors...)
		}
		err := v.s.eachPage(ctx, request, func(points []*api.RetrievedPoint) error {
			for _, p := range points {
				id := sightline.ImageID(p.GetPayload()["id"].GetStringValue())
				if !asked[id] {
					return sightline.Errorf(sightline.CodeIndexCorrupt, "image %s has the key of another one", id).
						WithHint("remove the image and index it again")
				}
				if err := each(id, p); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Features gives stored features.
func (s *Store) Features(ctx context.Context, ids []sightline.ImageID) (features map[sightline.ImageID]sightline.Features, err error) {
	err = s.read(ctx, "read features", func(v *view) error {
		g, err := v.features(ctx)
		if err != nil {
			return err
		}
		features, err = v.featuresIn(ctx, g, ids)
		return err
	})
	return features, err
}

func (v *view) featuresIn(ctx context.Context, g string, ids []sightline.ImageID) (map[sightline.ImageID]sightline.Features, error) {
	features := make(map[sightline.ImageID]sightline.Features, len(ids))
	places := map[sightline.ImageID]string{}
	var points []string
	err := v.points(ctx, g, ids, include([]string{"id", "patches"}), []string{globalVector}, func(id sightline.ImageID, p *api.RetrievedPoint) error {
		if point := p.GetPayload()["patches"].GetStringValue(); point != "" {
			places[id], points = point, append(points, point)
			features[id] = sightline.Features{Global: p.GetVectors().GetVectors().GetVectors()[globalVector].GetDenseVector().GetData()}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	patches, err := v.s.readPatches(ctx, g, points)
	if err != nil {
		return nil, err
	}
	for id, f := range features {
		data, ok := patches[places[id]]
		if !ok {
			return nil, sightline.Errorf(sightline.CodeIndexCorrupt, "the patches of image %s are not there", id).
				WithHint("remove the image and index it again")
		}
		f.Patches = data
		features[id] = f
	}
	return features, nil
}

// Tags gives stored probabilities, each image's largest first.
func (s *Store) Tags(ctx context.Context, ids []sightline.ImageID) (tags map[sightline.ImageID][]sightline.Tag, err error) {
	err = s.read(ctx, "read tags", func(v *view) error {
		g, err := v.features(ctx)
		if err != nil {
			return err
		}
		tags = make(map[sightline.ImageID][]sightline.Tag, len(ids))
		return v.points(ctx, g, ids, include([]string{"id"}), []string{tagVector}, func(id sightline.ImageID, p *api.RetrievedPoint) error {
			named, err := s.nameTags(ctx, weightsOf(p.GetVectors().GetVectors().GetVectors()[tagVector].GetSparseVector()))
			if err == nil && len(named) > 0 {
				slices.SortFunc(named, likelier)
				tags[id] = named
			}
			return err
		})
	})
	return tags, err
}

// Stats summarises.
func (s *Store) Stats(ctx context.Context) (stats vectordb.Stats, err error) {
	err = s.read(ctx, "count", func(v *view) error {
		stats = vectordb.Stats{Images: int(v.images), Files: int(v.files), BadFiles: int(v.bad), Bytes: v.bytes, Model: v.model}
		pinned := s.pinned.Load()
		if pinned == nil || sameModel(*pinned, v.model) || v.serving == "" {
			return nil
		}
		g, err := v.features(ctx)
		if sightline.CodeOf(err) == sightline.CodeIndexMismatch {
			return nil // nothing answers: the serving one's
		}
		if err == nil && g != v.serving {
			stats.Model, err = s.modelOfGeneration(ctx, g)
		}
		return err
	})
	return stats, err
}

// Images streams the images under the filter.
func (s *Store) Images(ctx context.Context, filter sightline.Filter, order vectordb.Order) iter.Seq2[*sightline.Image, error] {
	return func(yield func(*sightline.Image, error) bool) {
		l := &listing{s: s, doing: "list images", filter: filter, field: "rank"}
		if order != vectordb.ByID {
			l.field, l.falling = "at", order == vectordb.Newest
		}
		if err := l.run(ctx, func(img *sightline.Image) bool { return yield(img, nil) }); err != nil {
			yield(nil, err)
		}
	}
}
