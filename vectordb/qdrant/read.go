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
	if !vectordb.AsksTags(filter) {
		return nil
	}
	_, err := v.features(ctx)
	return err
}

// IDs gives the ids of the images under the filter.
func (s *Store) IDs(ctx context.Context, filter sightline.Filter) (ids []sightline.ImageID, err error) {
	err = s.read(ctx, "list images", func(v *view) error {
		ids = nil
		where, none, err := v.facts(ctx, filter)
		if err != nil || none {
			return err
		}
		request := &api.ScrollPoints{CollectionName: s.search(v.serving), Filter: where, WithPayload: include([]string{"id"}), Limit: new(uint32(10 * pageSize))}
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

// points gives the points of images in a generation, with some fields, "id" among them, and vectors.
func (v *view) points(
	ctx context.Context, g string, ids []sightline.ImageID, fields *api.WithPayloadSelector, vectors []string,
	each func(sightline.ImageID, *api.RetrievedPoint) error,
) error {
	asked := make(map[sightline.ImageID]bool, len(ids))
	for _, id := range ids {
		asked[id] = true
	}
	return v.byKeys(ctx, g, ids, fields, vectors, func(p *api.RetrievedPoint) error {
		id := sightline.ImageID(p.GetPayload()["id"].GetStringValue())
		if !asked[id] {
			return sightline.Errorf(sightline.CodeIndexCorrupt, "image %s has the key of another one", id).
				WithHint("remove the image and index it again")
		}
		return each(id, p)
	})
}

// byKeys gives the points of images by their keys.
func (v *view) byKeys(
	ctx context.Context, g string, ids []sightline.ImageID, fields *api.WithPayloadSelector, vectors []string, each func(*api.RetrievedPoint) error,
) error {
	if v.images == 0 {
		return nil
	}
	dim, err := v.s.dim(ctx, g)
	if err != nil || dim == 0 {
		return err
	}
	keys := make([]string, len(ids))
	for i, id := range ids {
		keys[i] = keyOf(id)
	}
	slices.Sort(keys)
	for _, part := range chunks(slices.Compact(keys), keysPerCall) {
		request := &api.ScrollPoints{
			CollectionName: v.s.search(g), Filter: and(visible(v.commit), must(api.NewMatchKeywords("key", part...))),
			WithPayload: fields, Limit: new(uint32(len(part))),
		}
		if len(vectors) > 0 {
			request.WithVectors = api.NewWithVectorsInclude(vectors...)
		}
		err := v.s.eachPage(ctx, request, func(points []*api.RetrievedPoint) error {
			for _, p := range points {
				if err := each(p); err != nil {
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

// Features gives stored features; they may be shared with other callers, who must not change them.
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
	places, points, err := v.featurePoints(ctx, g, ids)
	if err != nil {
		return nil, err
	}
	stored, err := v.s.readFeatures(ctx, g, points)
	if err != nil {
		return nil, err
	}
	for id, point := range places {
		f, ok := stored[point]
		if !ok {
			return nil, sightline.Errorf(sightline.CodeIndexCorrupt, "the features of image %s are not there", id).
				WithHint("remove the image and index it again")
		}
		features[id] = f
	}
	return features, nil
}

// featurePoints finds the points that hold the features of images.
func (v *view) featurePoints(ctx context.Context, g string, ids []sightline.ImageID) (byImage map[sightline.ImageID]string, points []string, err error) {
	var versions []string
	err = v.byKeys(ctx, g, ids, include(nil), nil, func(p *api.RetrievedPoint) error {
		versions = append(versions, p.GetId().GetUuid())
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	places, err := v.s.places(ctx, g, versions, true)
	byImage = make(map[sightline.ImageID]string, len(places))
	for _, place := range places {
		if place.patches != "" {
			byImage[place.id], points = place.patches, append(points, place.patches)
		}
	}
	return byImage, points, err
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
