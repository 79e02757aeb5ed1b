// Package api is the HTTP interface: gin routes, request and response types, the guard in front of them, and the one
// place where an error becomes a problem document. It asks index/ for everything and must not know which store, which
// cache or which model runtime stands behind it.
package api

import (
	"image"
	"io"
	"log/slog"
	"net/http"
	"runtime"

	"github.com/gin-gonic/gin"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/index"
)

// Options is what the API is made of.
type Options struct {
	Index   *index.Index
	Web     http.Handler // serves "/" and the page's files; nil leaves them out
	Log     *slog.Logger
	Version string // of the program, for /v1/stats

	// Decode makes pixels of an image file's bytes, as the model wants to see them (a query image).
	Decode func(data []byte) (image.Image, error)
	// Thumbnail writes a JPEG of the image file that is no wider than width pixels.
	Thumbnail func(w io.Writer, path string, width int) error

	// Key is the static API key. It is asked for when the server can be reached from other machines
	// (Loopback is false) and of requests that came through a proxy.
	Key string
	// Loopback says that the listener is bound to a loopback address. Requests must then name a loopback host, so that
	// a foreign web page cannot reach the server through a name that it controls (DNS rebinding).
	Loopback bool
}

// server holds what the handlers share.
type server struct {
	Options
	thumbnails *thumbnails
}

// New joins the routes. The handler is safe for concurrent use.
func New(o Options) http.Handler {
	s := &server{Options: o, thumbnails: newThumbnails(o.Thumbnail, thumbnailCacheBytes, runtime.GOMAXPROCS(0))}
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.HandleMethodNotAllowed = true
	r.RedirectTrailingSlash = false
	r.UseRawPath = true // a tag's name may have a slash
	r.Use(s.logRequest, s.recoverPanic, secureHeaders, s.guardHost, s.guardOrigin, limitBody, limitTime)
	r.NoRoute(s.handle(noRoute))
	r.NoMethod(s.handle(noMethod))
	get(r, "/healthz", s.health)
	get(r, "/readyz", s.handle(s.ready))
	s.routePage(r)
	s.routeV1(r.Group("/v1", s.requireKey))
	return r
}

// get routes GET, and HEAD with it: net/http leaves the body out.
func get(r gin.IRoutes, path string, h gin.HandlerFunc) {
	r.Match([]string{http.MethodGet, http.MethodHead}, path, h)
}

func (s *server) routeV1(v1 *gin.RouterGroup) {
	v1.POST("/search", s.handle(s.searchPost))
	v1.POST("/tags", s.handle(s.addTag))
	v1.POST("/tags/preview", s.handle(s.previewTag))
	v1.PATCH("/tags/:name", s.handle(s.changeTag))
	v1.DELETE("/tags/:name", s.handle(s.removeTag))
	for path, h := range map[string]func(*gin.Context) error{
		"/search":               s.searchGet,
		"/images":               s.listImages,
		"/images/:id":           s.getImage,
		"/images/:id/file":      s.imageFile,
		"/images/:id/thumbnail": s.imageThumbnail,
		"/images/:id/similar":   s.similarImages,
		"/tags":                 s.listTags,
		"/tags/:name":           s.getTag,
		"/stats":                s.stats,
	} {
		get(v1, path, s.handle(h))
	}
}

// routePage mounts the page: it is served without a key, because it asks the person for one and sends it with every
// call.
func (s *server) routePage(r *gin.Engine) {
	if s.Web == nil {
		return
	}
	page := gin.WrapH(s.Web)
	for _, path := range []string{"/", "/favicon.ico", "/assets/*file"} {
		get(r, path, page)
	}
}

// handle makes a gin handler of one that returns its error, so that every error takes the same way out.
func (s *server) handle(h func(c *gin.Context) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := h(c); err != nil {
			s.fail(c, err)
		}
	}
}

func noRoute(c *gin.Context) error {
	return sightline.Errorf(sightline.CodeNotFound, "there is no %s", c.Request.URL.Path).
		WithHint("docs/api.md lists the routes")
}

func noMethod(c *gin.Context) error {
	return sightline.Errorf(sightline.CodeMethod, "%s does not take %s", c.Request.URL.Path, c.Request.Method)
}
