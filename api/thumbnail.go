package api

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/maypok86/otter/v2"

	"github.com/sightline-search/sightline"
)

const (
	thumbnailCacheBytes = 64 << 20
	thumbnailWidth      = 320 // pixels, when the request names none
	minThumbnailWidth   = 64
	maxThumbnailWidth   = 2048 // sharp on a dense screen when one image fills it
)

// thumbnails keeps small copies in memory, bounded in bytes, and makes each at most once at a time.
type thumbnails struct {
	write func(w io.Writer, path string, width int) error
	cache *otter.Cache[string, []byte]
	slots chan struct{} // a decoded photograph is large: few at a time
}

func newThumbnails(write func(w io.Writer, path string, width int) error, maxBytes uint64, atOnce int) *thumbnails {
	return &thumbnails{
		write: write,
		slots: make(chan struct{}, atOnce),
		cache: otter.Must(&otter.Options[string, []byte]{
			MaximumWeight: maxBytes,
			Weigher:       func(key string, value []byte) uint32 { return uint32(len(key) + len(value)) }, // at most some 100 KB
		}),
	}
}

// get gives the JPEG of an image at a width. Several requests for the same one wait for one decoding; it goes on when the
// first of them hangs up, because the others still want it.
func (t *thumbnails) get(ctx context.Context, img *sightline.Image, width int) ([]byte, error) {
	key := fmt.Sprintf("%s-%d", img.ID, width)
	load := otter.LoaderFunc[string, []byte](func(context.Context, string) ([]byte, error) { return t.make(img, width) })
	return t.cache.Get(context.WithoutCancel(ctx), key, load)
}

func (t *thumbnails) make(img *sightline.Image, width int) ([]byte, error) {
	t.slots <- struct{}{}
	defer func() { <-t.slots }()
	file, _, err := openUnchanged(img)
	if err != nil {
		return nil, err
	}
	if err := file.Close(); err != nil {
		return nil, err
	}
	var small bytes.Buffer
	if err := t.write(&small, file.Name(), width); err != nil {
		return nil, err
	}
	return small.Bytes(), nil
}

func (s *server) imageThumbnail(c *gin.Context) error {
	values, err := readQuery(c, "w")
	if err != nil {
		return err
	}
	wanted := values.number("w")
	if values.err != nil {
		return values.err
	}
	width, err := inRange("w", wanted, minThumbnailWidth, maxThumbnailWidth)
	if err != nil {
		return err
	}
	if width == 0 {
		width = thumbnailWidth
	}
	details, err := s.details(c)
	if err != nil {
		return err
	}
	small, err := s.thumbnails.get(c.Request.Context(), &details.Image, width)
	if err != nil {
		return err
	}
	h := c.Writer.Header()
	h.Set("Content-Type", "image/jpeg")
	h.Set("ETag", fmt.Sprintf(`"%s-%d"`, details.Image.ID, width))
	h.Set("Cache-Control", immutable)
	http.ServeContent(c.Writer, c.Request, "", time.Time{}, bytes.NewReader(small))
	return nil
}
