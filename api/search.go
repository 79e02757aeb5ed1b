package api

import (
	"encoding/base64"
	"errors"
	"image"

	"github.com/gin-gonic/gin"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/index"
)

// maxLimit is the most results that one page holds.
const maxLimit = 1000

// searchRequest is the body of POST /v1/search. Exactly one of Query, ImageID and Image is set.
type searchRequest struct {
	Query   *string `json:"query"`
	ImageID *string `json:"image_id"`
	Image   *string `json:"image"` // base64 of an image file

	Plain          bool     `json:"plain"` // the query is one sentence without operators
	Filter         string   `json:"filter"`
	Limit          *int     `json:"limit"` // 1..1000; 20 when left out
	Cursor         string   `json:"cursor"`
	MinProbability *float64 `json:"min_probability"` // 0..1; the model's own threshold when left out
	Sort           string   `json:"sort"`
	Candidates     *int     `json:"candidates"`
	Exhaustive     bool     `json:"exhaustive"`
}

func (s *server) searchPost(c *gin.Context) error {
	var body searchRequest
	if err := readJSON(c, &body); err != nil {
		return err
	}
	return renameParam(s.search(c, body), "id", "image_id")
}

func (s *server) searchGet(c *gin.Context) error {
	values, err := readQuery(c, "q", "plain", "filter", "limit", "cursor", "min_probability", "sort", "candidates", "exhaustive")
	if err != nil {
		return err
	}
	q := values.text("q")
	body := searchRequest{
		Query: &q, Plain: values.flag("plain"), Filter: values.text("filter"), Limit: values.number("limit"), Cursor: values.text("cursor"),
		MinProbability: values.fraction("min_probability"), Sort: values.text("sort"), Candidates: values.number("candidates"),
		Exhaustive: values.flag("exhaustive"),
	}
	if values.err != nil {
		return values.err
	}
	return renameParam(s.search(c, body), "query", "q")
}

func (s *server) similarImages(c *gin.Context) error {
	values, err := readQuery(c, "filter", "limit", "cursor", "min_probability", "sort", "candidates", "exhaustive")
	if err != nil {
		return err
	}
	id := c.Param("id")
	body := searchRequest{
		ImageID: &id, Filter: values.text("filter"), Limit: values.number("limit"), Cursor: values.text("cursor"),
		MinProbability: values.fraction("min_probability"), Sort: values.text("sort"), Candidates: values.number("candidates"),
		Exhaustive: values.flag("exhaustive"),
	}
	if values.err != nil {
		return values.err
	}
	return s.search(c, body)
}

func (s *server) search(c *gin.Context, body searchRequest) error {
	request, err := s.indexRequest(body)
	if err != nil {
		return err
	}
	result, err := s.Index.Search(c.Request.Context(), request)
	if err != nil {
		return err
	}
	return writeJSON(c, result)
}

// indexRequest checks what the shape of the request alone decides; the rest is the index's to judge.
func (s *server) indexRequest(body searchRequest) (index.Request, error) {
	request := index.Request{
		Plain: body.Plain, Filter: body.Filter, Cursor: body.Cursor, MinProbability: body.MinProbability, Exhaustive: body.Exhaustive,
	}
	var err error
	if request.Limit, err = inRange("limit", body.Limit, 1, maxLimit); err != nil {
		return request, err
	}
	if request.Candidates, err = inRange("candidates", body.Candidates, 1, maxCandidates); err != nil {
		return request, err
	}
	if p := body.MinProbability; p != nil && (*p < 0 || *p > 1) {
		return request, sightline.Errorf(sightline.CodeInvalid, "min_probability is %g, outside 0..1", *p).WithParam("min_probability")
	}
	if request.Sort, err = sortOrder(body.Sort); err != nil {
		return request, err
	}
	return request, s.subject(&request, body)
}

// maxCandidates bounds the work of one query; exhaustive is the honest way to ask for more.
const maxCandidates = 100_000

// subject fills in what is searched for: a query, an indexed image or an image file.
func (s *server) subject(request *index.Request, body searchRequest) error {
	given := 0
	for _, field := range []*string{body.Query, body.ImageID, body.Image} {
		if field != nil {
			given++
		}
	}
	switch {
	case given == 0:
		return sightline.Errorf(sightline.CodeInvalid, "nothing to search for: query, image_id and image are all missing").WithParam("query")
	case given > 1:
		return sightline.Errorf(sightline.CodeInvalid, "query, image_id and image exclude each other").WithParam("query")
	case body.ImageID != nil:
		id, err := imageID(*body.ImageID)
		request.Like = id
		return err
	case body.Image != nil:
		img, err := s.decodeImage(*body.Image)
		request.Image = img
		return withParam(err, "image")
	default:
		request.Query = *body.Query
		if request.Query == "" {
			return sightline.Errorf(sightline.CodeQueryEmpty, "the query is empty").WithParam("query").
				WithHint("describe what is in the image, for example: a dog on a beach")
		}
		return nil
	}
}

func (s *server) decodeImage(text string) (image.Image, error) {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, sightline.Errorf(sightline.CodeInvalid, "the image is not base64: %w", err)
	}
	return s.Decode(data)
}

func sortOrder(text string) (index.Sort, error) {
	switch order := index.Sort(text); order {
	case "", index.Relevance, index.Newest, index.Oldest:
		return order, nil
	default:
		return "", sightline.Errorf(sightline.CodeInvalid, "sort is %q, not relevance, newest or oldest", text).WithParam("sort")
	}
}

func imageID(text string) (sightline.ImageID, error) {
	id := sightline.ImageID(text)
	if !id.Valid() {
		return "", sightline.Errorf(sightline.CodeNotFound, "%q is not an image id", text).WithParam("id").
			WithHint("an id is 64 hexadecimal digits in lower case, as results give it")
	}
	return id, nil
}

// withParam names the request field that an error of a deeper layer is about.
func withParam(err error, name string) error {
	if e, ok := errors.AsType[*sightline.Error](err); ok {
		named := *e
		named.Param = name
		return &named
	}
	return err
}

// renameParam is withParam for errors that are about the field from.
func renameParam(err error, from, to string) error {
	if e, ok := errors.AsType[*sightline.Error](err); ok && e.Param == from {
		return withParam(err, to)
	}
	return err
}

func inRange(name string, value *int, low, high int) (int, error) {
	if value == nil {
		return 0, nil
	}
	if *value < low || *value > high {
		return 0, sightline.Errorf(sightline.CodeInvalid, "%s is %d, outside %d..%d", name, *value, low, high).WithParam(name)
	}
	return *value, nil
}
