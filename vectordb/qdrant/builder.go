package qdrant

import (
	"context"
	"iter"
	"strconv"

	api "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

// builder fills one generation. It needs no lease: any number of processes may fill the same one.
type builder struct {
	s *Store
	g string
}

// Build gives the generation of the model to fill.
func (s *Store) Build(ctx context.Context, m vectordb.Model) (b vectordb.Builder, err error) {
	if err := checkModel(m); err != nil {
		return nil, err
	}
	err = s.read(ctx, "begin a generation", func(v *view) error {
		g, err := v.build(ctx, m)
		b = &builder{s: s, g: g}
		return err
	})
	if err != nil {
		return nil, err
	}
	return b, nil
}

func (v *view) build(ctx context.Context, m vectordb.Model) (string, error) {
	if v.serving != "" && sameModel(v.model, m) {
		return v.serving, nil
	}
	if err := v.s.createMeta(ctx); err != nil {
		return "", err
	}
	for {
		others, err := v.s.otherGenerations(ctx, v.serving)
		if err != nil {
			return "", err
		}
		for _, g := range others {
			if sameModel(g.Model, m) {
				return g.ID, nil
			}
			if g.State == vectordb.Building {
				return "", vectordb.BuildingAnother(g.ID, g.Model, m)
			}
		}
		if err := v.offerBuilding(ctx, m); err != nil {
			return "", err
		}
	}
}

// offerBuilding begins a generation if none is being built; a generation that was switched to leaves its point for an
// instant, or for good when its process was killed.
func (v *view) offerBuilding(ctx context.Context, m vectordb.Model) error {
	g := vectordb.Generation{ID: newGeneration(), Model: m}
	stale := must(api.NewMatchKeyword("generation", v.serving))
	if v.serving == "" {
		stale = never()
	}
	return v.s.upsertIf(ctx, stale, pointID(buildingID()), generationPayload("building", g))
}

// ID is part of the names of the generation's collections.
func (b *builder) ID() string { return b.g }

// read is Store.read while the generation exists.
func (b *builder) read(ctx context.Context, doing string, work func(*view) error) error {
	return b.s.read(ctx, doing, func(v *view) error {
		if _, err := v.find(ctx, b.g); err != nil {
			return err
		}
		return work(v)
	})
}

// rounds is how often Put looks again at images that were changed while it wrote.
const rounds = 10

// Put stores features and tags of known images.
func (b *builder) Put(ctx context.Context, encoded []vectordb.Encoded) error {
	names := map[string]bool{}
	for i := range encoded {
		if err := vectordb.CheckEncoded(&encoded[i]); err != nil {
			return err
		}
		addNames(names, encoded[i].Tags)
	}
	var numbers map[string]uint32
	remaining := encoded
	for n := 0; len(remaining) > 0 && n < rounds; n++ {
		err := b.read(ctx, "store features", func(v *view) (err error) {
			if numbers == nil {
				if numbers, err = b.s.takeNumbers(ctx, names); err != nil {
					return err
				}
			}
			remaining, err = b.put(ctx, v, remaining, numbers)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// put writes features and gives back those whose image was changed meanwhile: their facts have to be written again.
func (b *builder) put(ctx context.Context, v *view, encoded []vectordb.Encoded, numbers map[string]uint32) ([]vectordb.Encoded, error) {
	if err := b.fits(ctx, encoded); err != nil {
		return nil, err
	}
	ids := make([]sightline.ImageID, len(encoded))
	for i := range encoded {
		ids[i] = encoded[i].ID
	}
	current, err := v.versions(ctx, v.serving, ids, versionFields)
	if err != nil {
		return nil, err
	}
	there, err := v.versions(ctx, b.g, ids, versionFields)
	if err != nil {
		return nil, err
	}
	var patches []*api.PointStruct
	var made []*version
	for i := range encoded {
		if now, known := current[encoded[i].ID]; known {
			version, patch := b.version(&encoded[i], now, there[encoded[i].ID], numbers)
			made, patches = append(made, version), append(patches, patch)
		}
	}
	if err := b.s.upsert(ctx, b.s.patchesOf(b.g), patches); err != nil {
		return nil, err
	}
	if err := b.write(ctx, v, made); err != nil {
		return nil, err
	}
	return b.changed(ctx, current, encoded)
}

func (b *builder) fits(ctx context.Context, encoded []vectordb.Encoded) error {
	dim, err := b.s.createGeneration(ctx, b.g, len(encoded[0].Features.Global))
	if err != nil {
		return err
	}
	for i := range encoded {
		if err := fitsIn(encoded[i].ID, encoded[i].Features.Global, dim); err != nil {
			return err
		}
	}
	return nil
}

// version joins features to the facts of an image. Equal features of an image have equal names, whoever makes them.
func (b *builder) version(e *vectordb.Encoded, now, there *version, numbers map[string]uint32) (*version, *api.PointStruct) {
	made := *now
	made.point, made.since = uuid("built", string(e.ID)), 0
	if there != nil {
		made.point, made.since = there.point, there.since
	}
	packed := packFeatures(e.Features)
	made.patches = uuid("built patches", string(e.ID), strconv.FormatInt(now.facts, 10), packed)
	made.global, made.tags = e.Features.Global, weightsFor(e.Tags, numbers)
	patch := featurePoint(made.patches, packed, 0)
	made.bytes = int64(proto.Size(made.stored()) + len(packed))
	return &made, patch
}

// write stores versions: whole ones beside the serving generation, and in that only what features are, because the
// writer may end a version at any moment.
func (b *builder) write(ctx context.Context, v *view, made []*version) error {
	if b.g != v.serving {
		points := make([]*api.PointStruct, len(made))
		for i, m := range made {
			points[i] = m.stored()
		}
		return b.s.upsert(ctx, b.s.search(b.g), points)
	}
	for _, m := range made {
		if err := b.fill(ctx, m); err != nil && !missing(err) {
			return err
		}
	}
	return nil
}

// fill gives a version of the serving generation its features, the vectors first: what has no patches yet is missing.
func (b *builder) fill(ctx context.Context, m *version) error {
	_, err := ask(ctx, b.s.server, writeLimit, func(ctx context.Context) (*api.UpdateResult, error) {
		return b.s.server.client.UpdateVectors(ctx, &api.UpdatePointVectors{
			CollectionName: b.s.search(b.g), Wait: new(true),
			Points: []*api.PointVectors{{Id: pointID(m.point), Vectors: m.vectors()}},
		})
	})
	if err != nil {
		return err
	}
	p := m.stored().GetPayload()
	return b.s.setPayload(ctx, b.s.search(b.g), []string{m.point}, map[string]*api.Value{
		"patches": p["patches"], "levels": p["levels"], "featured": p["featured"], "bytes": p["bytes"],
	})
}

// changed gives those whose image is no longer as it was when its features were written.
func (b *builder) changed(ctx context.Context, before map[sightline.ImageID]*version, encoded []vectordb.Encoded) ([]vectordb.Encoded, error) {
	v, err := b.s.look(ctx)
	if err != nil {
		return nil, err
	}
	ids := make([]sightline.ImageID, 0, len(before))
	for id := range before {
		ids = append(ids, id)
	}
	if b.g != v.serving {
		if _, err := v.align(ctx, b.g, ids); err != nil { // also deletes what is gone
			return nil, err
		}
		return nil, nil
	}
	has, err := v.featuredOf(ctx, b.g, ids)
	if err != nil {
		return nil, err
	}
	var again []vectordb.Encoded
	for i := range encoded {
		if before[encoded[i].ID] != nil && !has[encoded[i].ID] {
			again = append(again, encoded[i])
		}
	}
	return again, nil
}

// piece is how many images Missing compares at once.
const piece = keysPerCall

// Missing streams the images without features, in the order of ids.
func (b *builder) Missing(ctx context.Context, after sightline.ImageID) iter.Seq2[*sightline.Image, error] {
	return func(yield func(*sightline.Image, error) bool) {
		var batch []*sightline.Image
		stopped := false
		flush := func() error {
			lacking, err := b.lacking(ctx, batch)
			for _, img := range lacking {
				if !stopped && !yield(img, nil) {
					stopped = true
				}
			}
			batch = nil
			return err
		}
		l := &listing{s: b.s, doing: "list images without features", field: "rank", after: after}
		var failed error
		err := l.run(ctx, func(img *sightline.Image) bool {
			batch = append(batch, img)
			if len(batch) == piece {
				failed = flush()
			}
			return failed == nil && !stopped
		})
		if err == nil && failed == nil && !stopped {
			failed = flush()
		}
		if err == nil {
			err = failed
		}
		if err != nil && !stopped {
			yield(nil, err)
		}
	}
}

// lacking gives those of the images that the generation has no features of.
func (b *builder) lacking(ctx context.Context, images []*sightline.Image) (lacking []*sightline.Image, err error) {
	ids := make([]sightline.ImageID, len(images))
	for i, img := range images {
		ids[i] = img.ID
	}
	err = b.read(ctx, "list images without features", func(v *view) error {
		has, err := v.featuredOf(ctx, b.g, ids)
		lacking = nil
		for _, img := range images {
			if !has[img.ID] {
				lacking = append(lacking, img)
			}
		}
		return err
	})
	return lacking, err
}

// Count counts the images with features, and all of them.
func (b *builder) Count(ctx context.Context) (built, all int, err error) {
	err = b.read(ctx, "count features", func(v *view) error {
		built, err = v.featured(ctx, b.g)
		all = int(v.images)
		return err
	})
	return built, all, err
}
