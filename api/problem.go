package api

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/sightline-search/sightline"
)

// problem is an RFC 9457 problem document.
type problem struct {
	Type   string         `json:"type"`
	Title  string         `json:"title"`
	Status int            `json:"status"`
	Detail string         `json:"detail"`
	Code   sightline.Code `json:"code"`
	Param  string         `json:"param,omitempty"`
	Hint   string         `json:"hint,omitempty"`
}

// problemType is where each code is explained.
const problemType = "https://github.com/sightline-search/sightline/blob/main/docs/api.md#"

// statusClientGone is nginx's number for a client that hung up; it appears in the log only.
const statusClientGone = 499

type kind struct {
	status int
	title  string
}

// kinds gives every code its status and title.
var kinds = map[sightline.Code]kind{
	sightline.CodeInvalid:          {http.StatusBadRequest, "Invalid request"},
	sightline.CodeQueryEmpty:       {http.StatusBadRequest, "Empty query"},
	sightline.CodeQueryTooLong:     {http.StatusBadRequest, "Query too long"},
	sightline.CodeQuerySyntax:      {http.StatusBadRequest, "Query cannot be parsed"},
	sightline.CodeNotFound:         {http.StatusNotFound, "Not found"},
	sightline.CodeNameTaken:        {http.StatusConflict, "Name is taken"},
	sightline.CodeNoImages:         {http.StatusNotFound, "No images"},
	sightline.CodeImageCorrupt:     {http.StatusUnprocessableEntity, "Damaged image"},
	sightline.CodeImageEmpty:       {http.StatusUnprocessableEntity, "Empty image file"},
	sightline.CodeImageTooLarge:    {http.StatusRequestEntityTooLarge, "Image too large"},
	sightline.CodeImageUnsupported: {http.StatusUnsupportedMediaType, "Image format not supported"},
	sightline.CodeUnreadable:       {http.StatusConflict, "File cannot be read"},
	sightline.CodeVanished:         {http.StatusNotFound, "File is gone"},
	sightline.CodeChanged:          {http.StatusConflict, "File has changed"},
	sightline.CodeIndexLocked:      {http.StatusConflict, "Index is locked"},
	sightline.CodeIndexMismatch:    {http.StatusServiceUnavailable, "Index was made with another model"},
	sightline.CodeIndexCorrupt:     {http.StatusInternalServerError, "Index is damaged"},
	sightline.CodeIndexVersion:     {http.StatusServiceUnavailable, "Index has another layout"},
	sightline.CodeBundleMissing:    {http.StatusServiceUnavailable, "No model bundle"},
	sightline.CodeBundleCorrupt:    {http.StatusServiceUnavailable, "Damaged model bundle"},
	sightline.CodeBundleNoText:     {http.StatusBadRequest, "The model has no text encoder"},
	sightline.CodeRuntimeMissing:   {http.StatusServiceUnavailable, "No ONNX Runtime"},
	sightline.CodeRuntimeArch:      {http.StatusServiceUnavailable, "ONNX Runtime for another processor"},
	sightline.CodeRuntimeForeign:   {http.StatusServiceUnavailable, "Not ONNX Runtime"},
	sightline.CodeRuntimeOld:       {http.StatusServiceUnavailable, "ONNX Runtime too old"},
	sightline.CodeUnauthorized:     {http.StatusUnauthorized, "API key needed"},
	sightline.CodeForbidden:        {http.StatusForbidden, "Forbidden"},
	sightline.CodeMethod:           {http.StatusMethodNotAllowed, "Method not allowed"},
	sightline.CodeRequestTooLarge:  {http.StatusRequestEntityTooLarge, "Request too large"},
	sightline.CodeMediaType:        {http.StatusUnsupportedMediaType, "Unsupported content type"},
	sightline.CodeTimeout:          {http.StatusServiceUnavailable, "Took too long"},
	sightline.CodeUnavailable:      {http.StatusServiceUnavailable, "Unavailable"},
	sightline.CodeInternal:         {http.StatusInternalServerError, "Internal error"},
}

// problemOf is the one place where an error becomes a problem document. Errors without a code are defects: their text
// is for the log, not for the client.
func problemOf(err error) problem {
	err = translate(err)
	code := sightline.CodeOf(err)
	k, known := kinds[code]
	if !known {
		code, k = sightline.CodeInternal, kinds[sightline.CodeInternal]
	}
	p := problem{Type: problemType + string(code), Title: k.title, Status: k.status, Code: code}
	if e, ok := errors.AsType[*sightline.Error](err); ok {
		p.Detail, p.Param, p.Hint = e.Detail, e.Param, e.Hint
	} else {
		p.Detail = "The server failed to answer."
		p.Hint = "its log has the cause under the request id in the X-Request-Id header"
	}
	return p
}

// translate gives the errors of the standard library that a client can cause a code.
func translate(err error) error {
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return sightline.Errorf(sightline.CodeRequestTooLarge, "the request body is over the limit of %d bytes", tooLarge.Limit)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return sightline.Errorf(sightline.CodeTimeout, "the answer took longer than %s", requestTimeout).
			WithHint("narrow the search with a filter, or leave exhaustive out")
	}
	return err
}

// fail answers with the error's problem document and logs the causes that are the server's own.
func (s *server) fail(c *gin.Context, err error) {
	if errors.Is(err, context.Canceled) && c.Request.Context().Err() != nil {
		c.AbortWithStatus(statusClientGone)
		return
	}
	p := problemOf(err)
	if p.Status >= http.StatusInternalServerError {
		s.Log.LogAttrs(c.Request.Context(), slog.LevelError, "request failed",
			slog.String("request_id", requestID(c)), slog.String("code", string(p.Code)), slog.String("error", err.Error()))
	}
	if c.Writer.Written() {
		return // the answer has begun: all that can be done is to stop
	}
	if p.Status == http.StatusUnauthorized {
		c.Header("WWW-Authenticate", `Bearer realm="sightline"`)
	}
	writeProblem(c, p)
}

func writeProblem(c *gin.Context, p problem) {
	body, err := json.Marshal(p)
	if err != nil {
		body = []byte(`{"status":500,"code":"internal"}`)
	}
	for _, name := range []string{"Content-Length", "Content-Disposition", "ETag", "Last-Modified"} {
		c.Writer.Header().Del(name) // of the answer that was meant to be
	}
	c.Header("Cache-Control", "no-store")
	c.Data(p.Status, "application/problem+json", body)
	c.Abort()
}
