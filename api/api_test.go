package api_test

import (
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline/align"
	"github.com/sightline-search/sightline/api"
	"github.com/sightline-search/sightline/bundle/bundletest"
	"github.com/sightline-search/sightline/cache"
	"github.com/sightline-search/sightline/encoder"
	"github.com/sightline-search/sightline/index"
	"github.com/sightline-search/sightline/internal/imagefile"
	"github.com/sightline-search/sightline/internal/ort/orttest"
	"github.com/sightline-search/sightline/vectordb/embedded"
	"github.com/sightline-search/sightline/web"
)

// loadModel loads the default bundle once for all tests of this package: it is the slow part, and safe to share.
var loadModel = sync.OnceValue(func() func(t *testing.T) index.Parts {
	var parts index.Parts
	return func(t *testing.T) index.Parts {
		t.Helper()
		if parts.Bundle != nil {
			return parts
		}
		rt, b := orttest.Open(t), bundletest.Open(t)
		images, err := encoder.NewImages(rt, b)
		require.NoError(t, err)
		texts, err := encoder.NewTexts(rt, b)
		require.NoError(t, err)
		aligner, err := align.New(rt, b)
		require.NoError(t, err)
		parts = index.Parts{Bundle: b, Images: images, Texts: texts, Align: aligner}
		return parts
	}
})

// library is a small real index and the API in front of it.
type library struct {
	t       *testing.T
	folder  string // of the image files
	handler http.Handler
	log     *bytes.Buffer
}

// newLibrary indexes four images with the real model into a real store. change may set more options.
func newLibrary(t *testing.T, change func(*api.Options)) *library {
	t.Helper()
	lib := &library{t: t, folder: t.TempDir(), log: &bytes.Buffer{}}
	writePictures(t, lib.folder)
	parts := loadModel()(t)
	store, err := embedded.Open(t.TempDir(), embedded.ReadWrite)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	parts.Store, parts.Cache = store, cache.NewLRU(1<<20)
	x := index.New(parts)
	report, err := x.Add(t.Context(), []string{lib.folder}, index.AddOptions{})
	require.NoError(t, err)
	require.Equal(t, 4, report.Added)
	o := api.Options{
		Index: x, Web: web.Handler(), Log: slog.New(slog.NewTextHandler(lib.log, nil)), Version: "test", Loopback: true,
		Decode: decode, Thumbnail: thumbnail,
	}
	if change != nil {
		change(&o)
	}
	lib.handler = api.New(o)
	return lib
}

func decode(data []byte) (image.Image, error) {
	picture, err := imagefile.Decode(data, imagefile.DefaultLimits, true)
	if err != nil {
		return nil, err
	}
	return picture.Image, nil
}

func thumbnail(w io.Writer, path string, width int) error {
	picture, err := imagefile.Open(path, imagefile.DefaultLimits, true)
	if err != nil {
		return err
	}
	return imagefile.Thumbnail(w, picture.Image, width)
}

// writePictures makes three PNG files and a JPEG that differ from each other.
func writePictures(t *testing.T, folder string) {
	t.Helper()
	for name, c := range map[string]color.RGBA{
		"green.png": {40, 160, 60, 255}, "blue.png": {30, 80, 220, 255}, "red.png": {220, 30, 30, 255}, "sand.jpg": {220, 200, 150, 255},
	} {
		img := image.NewRGBA(image.Rect(0, 0, 600, 400))
		for y := range 400 {
			for x := range 600 {
				img.SetRGBA(x, y, color.RGBA{c.R, uint8(int(c.G) * (y + 100) / 500), c.B, 255})
			}
		}
		file, err := os.Create(filepath.Join(folder, name))
		require.NoError(t, err)
		if filepath.Ext(name) == ".jpg" {
			err = jpeg.Encode(file, img, nil)
		} else {
			err = png.Encode(file, img)
		}
		require.NoError(t, err)
		require.NoError(t, file.Close())
	}
}

// get asks as a browser on this machine does.
func (l *library) get(path string, headers ...string) answer {
	return l.do(http.MethodGet, path, nil, headers...)
}

// post sends a JSON body.
func (l *library) post(path, body string, headers ...string) answer {
	return l.do(http.MethodPost, path, bytes.NewReader([]byte(body)), append([]string{"Content-Type", "application/json"}, headers...)...)
}

// answer is what came back.
type answer struct {
	StatusCode int
	Header     http.Header
	Body       []byte
}

// do sends one request; headers are names and values in turn.
func (l *library) do(method, path string, body io.Reader, headers ...string) answer {
	l.t.Helper()
	r := httptest.NewRequestWithContext(l.t.Context(), method, path, body)
	r.Host = "localhost:8080"
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		} else {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	w := httptest.NewRecorder()
	l.handler.ServeHTTP(w, r)
	return answer{w.Code, w.Result().Header, w.Body.Bytes()}
}

// document is any JSON answer.
type document map[string]any

func read(t *testing.T, response answer) document {
	t.Helper()
	var d document
	require.NoError(t, json.Unmarshal(response.Body, &d), "%s", response.Body)
	return d
}

// requireProblem checks the whole shape of an error, and its code and parameter.
func requireProblem(t *testing.T, response answer, status int, code, param string) document {
	t.Helper()
	require.Equal(t, "application/problem+json", response.Header.Get("Content-Type"))
	p := read(t, response)
	require.Equal(t, status, response.StatusCode, "%v", p)
	require.Equal(t, code, p["code"], "%v", p)
	require.EqualValues(t, status, p["status"])
	require.NotEmpty(t, p["title"])
	require.NotEmpty(t, p["detail"])
	require.Contains(t, p["type"], "docs/api.md#"+code)
	if param == "" {
		require.NotContains(t, p, "param")
	} else {
		require.Equal(t, param, p["param"], "%v", p)
	}
	return p
}

// anyImage gives one image of the library as the API lists it.
func (l *library) anyImage() document {
	l.t.Helper()
	list := read(l.t, l.get("/v1/images?filter=name:red.png"))
	require.Len(l.t, list["images"], 1)
	image, ok := list["images"].([]any)[0].(map[string]any)
	require.True(l.t, ok)
	return image
}
