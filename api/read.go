package api

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/sightline-search/sightline"
)

// readJSON reads exactly one JSON document into v. Unknown fields are errors: a misspelt option must not be ignored.
func readJSON(c *gin.Context, v any) error {
	kind, _, err := mime.ParseMediaType(c.GetHeader("Content-Type"))
	if err != nil || kind != "application/json" {
		return sightline.Errorf(sightline.CodeMediaType, "the content type is %q, not application/json", c.GetHeader("Content-Type")).
			WithParam("Content-Type")
	}
	decoder := json.NewDecoder(c.Request.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		return jsonError(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return sightline.Errorf(sightline.CodeInvalid, "something follows the JSON document in the request body")
	}
	return nil
}

// jsonError says what is wrong with a request body. encoding/json gives unknown fields no error type, only a text.
func jsonError(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return err
	}
	if mismatch, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return mismatchError(mismatch)
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		field := strings.Trim(name, `"`)
		return sightline.Errorf(sightline.CodeInvalid, "there is no field %q", field).WithParam(field)
	}
	if errors.Is(err, io.EOF) {
		return sightline.Errorf(sightline.CodeInvalid, "the request body is empty").WithHint("send a JSON document")
	}
	return sightline.Errorf(sightline.CodeInvalid, "the request body is not JSON: %w", err)
}

// typeWords say what a field of each Go type takes.
var typeWords = map[reflect.Kind]string{
	reflect.Int: "a whole number", reflect.Float64: "a number", reflect.String: "a string", reflect.Bool: "true or false", reflect.Struct: "an object",
	reflect.Slice: "a list",
}

func mismatchError(e *json.UnmarshalTypeError) error {
	field := e.Field
	if field == "" {
		field = "the request body"
	}
	return sightline.Errorf(sightline.CodeInvalid, "%s is a JSON %s, not %s", field, e.Value, typeWords[e.Type.Kind()]).WithParam(e.Field)
}

// query reads the values of a query string and remembers the first that cannot be read.
type query struct {
	values url.Values
	err    error
}

// readQuery parses the query string; parameters other than the named ones, and repeated ones, are errors.
func readQuery(c *gin.Context, names ...string) (*query, error) {
	values, err := url.ParseQuery(c.Request.URL.RawQuery)
	if err != nil {
		return nil, sightline.Errorf(sightline.CodeInvalid, "the query string cannot be parsed: %w", err)
	}
	for name, given := range values {
		if !slices.Contains(names, name) {
			return nil, sightline.Errorf(sightline.CodeInvalid, "there is no parameter %q", name).WithParam(name).
				WithHint("known are %s", strings.Join(names, ", "))
		}
		if len(given) > 1 {
			return nil, sightline.Errorf(sightline.CodeInvalid, "%s is given %d times", name, len(given)).WithParam(name)
		}
	}
	return &query{values: values}, nil
}

func (q *query) text(name string) string { return q.values.Get(name) }

func (q *query) flag(name string) bool {
	if !q.values.Has(name) {
		return false
	}
	value, err := strconv.ParseBool(q.values.Get(name))
	q.note(err, name, "true or false")
	return value
}

func (q *query) number(name string) *int {
	if !q.values.Has(name) {
		return nil
	}
	value, err := strconv.Atoi(q.values.Get(name))
	q.note(err, name, "a whole number")
	return &value
}

func (q *query) fraction(name string) *float64 {
	if !q.values.Has(name) {
		return nil
	}
	value, err := strconv.ParseFloat(q.values.Get(name), 64)
	if value != value { // NaN passes every range check
		err = strconv.ErrRange
	}
	q.note(err, name, "a number")
	return &value
}

func (q *query) note(err error, name, want string) {
	if err != nil && q.err == nil {
		q.err = sightline.Errorf(sightline.CodeInvalid, "%s is %q, not %s", name, q.values.Get(name), want).WithParam(name)
	}
}

// writeJSON answers 200.
func writeJSON(c *gin.Context, v any) error { return writeStatus(c, http.StatusOK, v) }

// writeStatus marshals before the status is sent, so that a value that cannot be marshalled is still a clean error.
func writeStatus(c *gin.Context, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if c.Writer.Header().Get("Cache-Control") == "" {
		c.Header("Cache-Control", "no-store")
	}
	c.Data(status, "application/json", append(body, '\n'))
	return nil
}
