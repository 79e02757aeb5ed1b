package api

import (
	"time"

	"github.com/gin-gonic/gin"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/index"
)

// imageFacts is one indexed image as the API shows it.
type imageFacts struct {
	ID        sightline.ImageID `json:"id"`
	Path      string            `json:"path"`
	Files     []fileFacts       `json:"files"` // every place where the image lies
	Format    string            `json:"format"`
	Width     int               `json:"width"`
	Height    int               `json:"height"`
	Bytes     int64             `json:"bytes"`
	TakenAt   *time.Time        `json:"taken_at"`
	Camera    string            `json:"camera,omitempty"`
	IndexedAt time.Time         `json:"indexed_at"`
	Tags      []index.TagScore  `json:"tags"`
}

type fileFacts struct {
	Path       string    `json:"path"`
	ModifiedAt time.Time `json:"modified_at"`
}

// imageList is one page of images.
type imageList struct {
	Images     []imageFacts `json:"images"`
	NextCursor *string      `json:"next_cursor"`
}

func factsOf(d *index.Details) imageFacts {
	img := &d.Image
	facts := imageFacts{
		ID: img.ID, Path: img.Path(), Files: make([]fileFacts, len(img.Files)), Format: img.Format, Width: img.Width, Height: img.Height,
		Bytes: img.Bytes(), Camera: img.Camera, IndexedAt: img.IndexedAt.UTC(), Tags: d.Tags,
	}
	for i, f := range img.Files {
		facts.Files[i] = fileFacts{f.Path, f.ModTime.UTC()}
	}
	if !img.TakenAt.IsZero() {
		facts.TakenAt = &img.TakenAt
	}
	if facts.Tags == nil {
		facts.Tags = []index.TagScore{}
	}
	return facts
}

func (s *server) listImages(c *gin.Context) error {
	values, err := readQuery(c, "filter", "sort", "limit", "cursor")
	if err != nil {
		return err
	}
	wanted := values.number("limit")
	if values.err != nil {
		return values.err
	}
	limit, err := inRange("limit", wanted, 1, maxLimit)
	if err != nil {
		return err
	}
	order, err := sortOrder(values.text("sort"))
	if err != nil {
		return err
	}
	page, next, err := s.Index.List(c.Request.Context(), values.text("filter"), order, limit, values.text("cursor"))
	if err != nil {
		return err
	}
	list := imageList{Images: make([]imageFacts, len(page)), NextCursor: next}
	for i, d := range page {
		list.Images[i] = factsOf(d)
	}
	return writeJSON(c, list)
}

func (s *server) getImage(c *gin.Context) error {
	details, err := s.details(c)
	if err != nil {
		return err
	}
	return writeJSON(c, factsOf(details))
}

// details finds the image that the route names.
func (s *server) details(c *gin.Context) (*index.Details, error) {
	id, err := imageID(c.Param("id"))
	if err != nil {
		return nil, err
	}
	return s.Index.Get(c.Request.Context(), id)
}
