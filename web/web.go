// Package web is the search page: plain HTML, CSS and ES modules, embedded, served as an http.Handler. The page talks to
// the HTTP API only; this package must not know what the API does or where it runs.
package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed static
var static embed.FS

// assetsMark stands in index.html for the folder that holds the page's other files.
const assetsMark = "{{assets}}"

// policy forbids the page everything but its own files, its own API and pictures that it made itself (blob:, for
// pictures fetched with a key). There is no inline script and no inline style, so neither is allowed.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// contentTypes are those of the embedded files, spelled out because the system's own table differs between machines.
var contentTypes = map[string]string{
	".css":  "text/css; charset=utf-8",
	".html": "text/html; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
}

// asset is one file as it is sent.
type asset struct {
	contentType  string
	cacheControl string
	etag         string
	body         []byte
}

// Handler serves the page at /, its files below /assets/ and /favicon.ico; every other path is 404. The files' address
// contains a hash of all of them, so browsers keep them for good and a new version is fetched at once.
func Handler() http.Handler {
	assets := load()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "only GET and HEAD are answered here", http.StatusMethodNotAllowed)
			return
		}
		a, ok := assets[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		a.send(w, r)
	})
}

// load maps URL paths to the embedded files. Failing here means that the program was built wrongly.
func load() map[string]asset {
	bodies := map[string][]byte{}
	all := sha256.New()
	err := fs.WalkDir(static, "static", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := static.ReadFile(name)
		if err != nil {
			return err
		}
		short := strings.TrimPrefix(name, "static/")
		bodies[short] = body
		fmt.Fprintf(all, "%s %d\n%s", short, len(body), body)
		return nil
	})
	if err != nil {
		panic("web: embedded files: " + err.Error())
	}

	version := hex.EncodeToString(all.Sum(nil))[:16]
	folder := "assets/" + version
	assets := map[string]asset{}
	for name, body := range bodies {
		if name == "index.html" {
			body = bytes.ReplaceAll(body, []byte(assetsMark), []byte(folder))
			assets["/"] = newAsset(name, body, "no-cache")
			continue
		}
		assets["/"+folder+"/"+name] = newAsset(name, body, "public, max-age=31536000, immutable")
	}
	assets["/favicon.ico"] = newAsset("logo.svg", bodies["logo.svg"], "public, max-age=86400")
	return assets
}

func newAsset(name string, body []byte, cacheControl string) asset {
	sum := sha256.Sum256(body)
	return asset{
		contentType:  contentTypes[path.Ext(name)],
		cacheControl: cacheControl,
		etag:         `"` + hex.EncodeToString(sum[:8]) + `"`,
		body:         body,
	}
}

func (a asset) send(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", a.contentType)
	h.Set("Cache-Control", a.cacheControl)
	h.Set("Etag", a.etag)
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.body))
}
