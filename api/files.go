package api

import (
	"errors"
	"io/fs"
	"mime"
	"net/http"
	"os"
	"path/filepath"

	"github.com/gin-gonic/gin"

	"github.com/sightline-search/sightline"
)

// immutable suits everything that is named by the hash of its content. private keeps it out of shared caches.
const immutable = "private, max-age=31536000, immutable"

var contentTypes = map[string]string{
	"jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif", "webp": "image/webp", "bmp": "image/bmp", "tiff": "image/tiff",
}

// imageFile sends the bytes of an indexed image, with ranges and conditional requests. The id decides the file: no path
// ever comes from a request.
func (s *server) imageFile(c *gin.Context) error {
	details, err := s.details(c)
	if err != nil {
		return err
	}
	file, info, err := openUnchanged(&details.Image)
	if err != nil {
		return err
	}
	defer file.Close()
	h := c.Writer.Header()
	kind, known := contentTypes[details.Image.Format]
	if !known {
		kind = "application/octet-stream"
	}
	h.Set("Content-Type", kind)
	h.Set("ETag", `"`+string(details.Image.ID)+`"`)
	h.Set("Cache-Control", immutable)
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	if disposition := mime.FormatMediaType("inline", map[string]string{"filename": filepath.Base(file.Name())}); disposition != "" {
		h.Set("Content-Disposition", disposition)
	}
	http.ServeContent(c.Writer, c.Request, "", info.ModTime(), file)
	return nil
}

// openUnchanged opens the first of the image's files that is still what was indexed: same size, same time. The error
// tells of the first that is not.
func openUnchanged(img *sightline.Image) (*os.File, fs.FileInfo, error) {
	var first error
	for _, known := range img.Files {
		file, info, err := openKnown(known)
		if err == nil {
			return file, info, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, nil, first
}

func openKnown(known sightline.File) (*os.File, fs.FileInfo, error) {
	file, err := os.Open(known.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, sightline.Errorf(sightline.CodeVanished, "%s is gone: %w", known.Path, err).
			WithHint("run sightline index again on its folder")
	}
	if err != nil {
		return nil, nil, sightline.Errorf(sightline.CodeUnreadable, "%s cannot be read: %w", known.Path, err)
	}
	info, err := file.Stat()
	if err == nil && info.Mode().IsRegular() && info.Size() == known.Size && info.ModTime().Equal(known.ModTime) {
		return file, info, nil
	}
	_ = file.Close()
	if err != nil {
		return nil, nil, sightline.Errorf(sightline.CodeUnreadable, "%s cannot be read: %w", known.Path, err)
	}
	return nil, nil, sightline.Errorf(sightline.CodeChanged, "%s has changed since it was indexed", known.Path).
		WithHint("run sightline index again on its folder")
}
