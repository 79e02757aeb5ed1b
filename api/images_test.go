package api_test

import (
	"bytes"
	"fmt"
	"image"
	_ "image/jpeg"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestImagesAreListedPageByPage(t *testing.T) {
	lib := newLibrary(t, nil)
	seen := map[any]bool{}
	address := "/v1/images?limit=3"
	for _, size := range []int{3, 1} {
		list := read(t, lib.get(address))
		require.Len(t, list["images"], size)
		for _, img := range list["images"].([]any) {
			seen[img.(map[string]any)["id"]] = true
		}
		address = fmt.Sprintf("/v1/images?limit=3&cursor=%v", list["next_cursor"])
	}
	assert.Len(t, seen, 4)
	assert.True(t, strings.HasSuffix(address, "<nil>"), "the last page has no next one")
}

func TestOneImageWithItsFacts(t *testing.T) {
	lib := newLibrary(t, nil)
	listed := lib.anyImage()
	img := read(t, lib.get("/v1/images/"+listed["id"].(string)))
	assert.Equal(t, listed, img)
	assert.Equal(t, filepath.Join(lib.folder, "red.png"), img["path"])
	assert.Equal(t, "png", img["format"])
	assert.EqualValues(t, 600, img["width"])
	assert.EqualValues(t, 400, img["height"])
	assert.Nil(t, img["taken_at"])
	assert.Len(t, img["files"], 1)
}

func TestFilesAreSentAsTheyAre(t *testing.T) {
	lib := newLibrary(t, nil)
	id := lib.anyImage()["id"].(string)
	want, err := os.ReadFile(filepath.Join(lib.folder, "red.png"))
	require.NoError(t, err)

	response := lib.get("/v1/images/" + id + "/file")
	require.Equal(t, http.StatusOK, response.StatusCode)
	assert.Equal(t, "image/png", response.Header.Get("Content-Type"))
	assert.Equal(t, "nosniff", response.Header.Get("X-Content-Type-Options"))
	assert.Equal(t, `"`+id+`"`, response.Header.Get("ETag"))
	assert.Equal(t, want, response.Body)

	assert.Equal(t, http.StatusNotModified, lib.get("/v1/images/"+id+"/file", "If-None-Match", `"`+id+`"`).StatusCode)
	part := lib.get("/v1/images/"+id+"/file", "Range", "bytes=1-3")
	assert.Equal(t, http.StatusPartialContent, part.StatusCode)
	assert.Equal(t, "PNG", string(part.Body))
	head := lib.do(http.MethodHead, "/v1/images/"+id+"/file", nil)
	assert.Equal(t, strconv.Itoa(len(want)), head.Header.Get("Content-Length"))
	assert.Empty(t, head.Body)
}

func TestThumbnailsAreSmallJPEGs(t *testing.T) {
	lib := newLibrary(t, nil)
	id := lib.anyImage()["id"].(string)
	for address, width := range map[string]int{"": 320, "?w=64": 64, "?w=2048": 600} {
		response := lib.get("/v1/images/" + id + "/thumbnail" + address)
		require.Equal(t, http.StatusOK, response.StatusCode)
		assert.Equal(t, "image/jpeg", response.Header.Get("Content-Type"))
		assert.Contains(t, response.Header.Get("Cache-Control"), "immutable")
		config, format, err := image.DecodeConfig(bytes.NewReader(response.Body))
		require.NoError(t, err)
		assert.Equal(t, "jpeg", format)
		assert.Equal(t, width, config.Width)
		tag := response.Header.Get("ETag")
		assert.Equal(t, http.StatusNotModified, lib.get("/v1/images/"+id+"/thumbnail"+address, "If-None-Match", tag).StatusCode)
	}
	for _, w := range []string{"63", "2049", "0", "-1", "x", "", "1e3"} {
		requireProblem(t, lib.get("/v1/images/"+id+"/thumbnail?w="+w), 400, "invalid_request", "w")
	}
}

func TestFilesThatChangedOrVanishedAreNotSent(t *testing.T) {
	lib := newLibrary(t, nil)
	id := lib.anyImage()["id"].(string)
	path := filepath.Join(lib.folder, "red.png")

	require.NoError(t, os.Chtimes(path, time.Time{}, time.Unix(1_000_000_000, 0)))
	for _, part := range []string{"file", "thumbnail"} {
		p := requireProblem(t, lib.get("/v1/images/"+id+"/"+part), 409, "changed", "")
		assert.Contains(t, p["detail"], path)
		assert.NotEmpty(t, p["hint"])
	}
	require.NoError(t, os.Remove(path))
	for _, part := range []string{"file", "thumbnail"} {
		requireProblem(t, lib.get("/v1/images/"+id+"/"+part), 404, "vanished", "")
	}
	assert.Equal(t, http.StatusOK, lib.get("/v1/images/"+id).StatusCode, "what is known of it stays")
}

func TestAnotherPlaceOfTheSameImageStandsIn(t *testing.T) {
	lib := newLibrary(t, nil)
	id := lib.anyImage()["id"].(string)
	require.NoError(t, os.Remove(filepath.Join(lib.folder, "red.png")))
	assert.Equal(t, http.StatusNotFound, lib.get("/v1/images/"+id+"/file").StatusCode)
}

func TestUnknownImages(t *testing.T) {
	lib := newLibrary(t, nil)
	for _, id := range []string{strings.Repeat("0", 64), "x", strings.Repeat("A", 64), "..%2f..%2fetc%2fpasswd"} {
		for _, part := range []string{"", "/file", "/thumbnail", "/similar"} {
			response := lib.get("/v1/images/" + id + part)
			assert.Equal(t, http.StatusNotFound, response.StatusCode, id+part)
			assert.Equal(t, "not_found", read(t, response)["code"], id+part)
		}
	}
}

func TestBadListAddressesAreExplained(t *testing.T) {
	lib := newLibrary(t, nil)
	for query, want := range map[string][2]string{
		"limit=0": {"invalid_request", "limit"}, "limit=x": {"invalid_request", "limit"}, "sort=best": {"invalid_request", "sort"},
		"cursor=x": {"invalid_request", "cursor"}, "filter=cat": {"query_syntax", "filter"}, "page=2": {"invalid_request", "page"},
	} {
		t.Run(query, func(t *testing.T) { requireProblem(t, lib.get("/v1/images?"+query), 400, want[0], want[1]) })
	}
}
