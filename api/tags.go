package api

import (
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/index"
)

// previewDecode is how many images a preview decodes when the request does not say: as many as fit well into the time of
// an answer.
const previewDecode = 10_000

// tagRequest is the body of POST /v1/tags.
type tagRequest struct {
	Name         string   `json:"name"`
	Descriptions []string `json:"descriptions"` // the name when left out
	Threshold    *float64 `json:"threshold"`    // 0..1; the model's own when left out
}

func (r tagRequest) spec() index.TagSpec {
	return index.TagSpec{Name: r.Name, Descriptions: r.Descriptions, Threshold: r.Threshold}
}

// previewRequest is the body of POST /v1/tags/preview.
type previewRequest struct {
	tagRequest
	Limit  *int `json:"limit"`  // 1..1000; 20 when left out
	Decode *int `json:"decode"` // images decoded, those nearest to the descriptions; 10,000 when left out
}

// tagPatch is the body of PATCH /v1/tags/{name}; what is left out stays as it is.
type tagPatch struct {
	Descriptions []string        `json:"descriptions"`
	Threshold    json.RawMessage `json:"threshold"` // null: back to the model's own
}

func (s *server) listTags(c *gin.Context) error {
	values, err := readQuery(c, "user")
	if err != nil {
		return err
	}
	onlyUser := values.flag("user")
	if values.err != nil {
		return values.err
	}
	tags, err := s.Index.Tags(c.Request.Context(), onlyUser)
	if err != nil {
		return err
	}
	return writeJSON(c, map[string]any{"tags": tags})
}

func (s *server) getTag(c *gin.Context) error {
	tag, err := s.Index.Tag(c.Request.Context(), c.Param("name"))
	if err != nil {
		return err
	}
	return writeJSON(c, tag)
}

// addTag stores a tag; its images are scored in the background.
func (s *server) addTag(c *gin.Context) error {
	var body tagRequest
	if err := readJSON(c, &body); err != nil {
		return err
	}
	tag, err := s.Index.AddTag(c.Request.Context(), body.spec())
	if err != nil {
		return err
	}
	c.Header("Location", "/v1/tags/"+url.PathEscape(tag.Name))
	return writeTag(c, http.StatusCreated, tag)
}

func (s *server) changeTag(c *gin.Context) error {
	var body tagPatch
	if err := readJSON(c, &body); err != nil {
		return err
	}
	change := index.TagChange{Descriptions: body.Descriptions}
	switch {
	case string(body.Threshold) == "null":
		change.DefaultThreshold = true
	case len(body.Threshold) > 0:
		if err := json.Unmarshal(body.Threshold, &change.Threshold); err != nil {
			return sightline.Errorf(sightline.CodeInvalid, "threshold is %.60s, not a number or null", body.Threshold).WithParam("threshold")
		}
	case body.Descriptions == nil:
		return sightline.Errorf(sightline.CodeInvalid, "nothing to change: descriptions and threshold are both missing")
	}
	tag, err := s.Index.SetTag(c.Request.Context(), c.Param("name"), change)
	if err != nil {
		return err
	}
	return writeTag(c, http.StatusOK, tag)
}

// writeTag answers 202 while the tag is being scored, otherwise with the given status.
func writeTag(c *gin.Context, status int, tag *index.TagInfo) error {
	if !tag.Scoring.Complete {
		status = http.StatusAccepted
	}
	return writeStatus(c, status, tag)
}

func (s *server) removeTag(c *gin.Context) error {
	if err := s.Index.RemoveTag(c.Request.Context(), c.Param("name")); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

func (s *server) previewTag(c *gin.Context) error {
	var body previewRequest
	if err := readJSON(c, &body); err != nil {
		return err
	}
	o := index.PreviewOptions{Decode: previewDecode}
	var err error
	if o.Limit, err = inRange("limit", body.Limit, 1, maxLimit); err != nil {
		return err
	}
	if body.Decode != nil {
		if o.Decode, err = inRange("decode", body.Decode, 1, maxCandidates); err != nil {
			return err
		}
	}
	preview, err := s.Index.PreviewTag(c.Request.Context(), body.spec(), o)
	if err != nil {
		return err
	}
	return writeJSON(c, preview)
}
