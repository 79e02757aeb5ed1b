package sightline

import (
	"errors"
	"fmt"
)

// Code is the stable name of an error's kind: HTTP problem documents and JSON results carry it, exit codes and status
// codes follow from it. Codes are part of the interface.
type Code string

// The codes.
const (
	CodeInvalid          Code = "invalid_request"    // a value that is not allowed
	CodeQueryEmpty       Code = "query_empty"        // nothing to search for
	CodeQueryTooLong     Code = "query_too_long"     // over the limit of the query language
	CodeQuerySyntax      Code = "query_syntax"       // cannot be parsed
	CodeNotFound         Code = "not_found"          // no such image, folder, tag or route
	CodeNameTaken        Code = "name_taken"         // a name that something else has already
	CodeNoImages         Code = "no_images"          // a folder without a single image file
	CodeImageCorrupt     Code = "image_corrupt"      // truncated, damaged or not what its name says
	CodeImageEmpty       Code = "image_empty"        // a file of 0 bytes
	CodeImageTooLarge    Code = "image_too_large"    // over the pixel or byte limit
	CodeImageUnsupported Code = "image_unsupported"  // a format that is not decoded
	CodeUnreadable       Code = "unreadable"         // the operating system refuses to read it
	CodeVanished         Code = "vanished"           // removed while it was being worked on
	CodeIndexLocked      Code = "index_locked"       // another process writes to the index
	CodeIndexMismatch    Code = "index_mismatch"     // the index was made with another model
	CodeIndexCorrupt     Code = "index_corrupt"      // stored data is damaged
	CodeIndexVersion     Code = "index_version"      // the index has another layout than this program knows
	CodeBundleMissing    Code = "bundle_missing"     // no bundle where one was looked for
	CodeBundleCorrupt    Code = "bundle_corrupt"     // a bundle whose bytes are not what its manifest says
	CodeBundleNoText     Code = "bundle_no_text"     // free text asked of a bundle that serves its labels only
	CodeRuntimeMissing   Code = "runtime_missing"    // no ONNX Runtime library found
	CodeRuntimeArch      Code = "runtime_wrong_arch" // a library for another processor or system
	CodeRuntimeForeign   Code = "runtime_not_onnx"   // a library, but not ONNX Runtime
	CodeRuntimeOld       Code = "runtime_too_old"    // ONNX Runtime, but older than needed
	CodeChanged          Code = "changed"            // a file that is no longer what was indexed
	CodeUnauthorized     Code = "unauthorized"       // no key, or a wrong one
	CodeForbidden        Code = "forbidden"          // asked by a page or under a name that may not ask
	CodeMethod           Code = "method_not_allowed" // a route that does not take this HTTP method
	CodeMediaType        Code = "unsupported_type"   // a request body of another kind than the route takes
	CodeRequestTooLarge  Code = "request_too_large"  // a request body over the limit
	CodeTimeout          Code = "timeout"            // the answer took too long
	CodeUnavailable      Code = "unavailable"        // a part that is needed cannot be reached
	CodeInternal         Code = "internal"           // a defect of Sightline
)

// Error is an error that a person reads: what went wrong, with which value, against which limit, and what to do.
type Error struct {
	Code   Code
	Param  string // the flag, field or file that it is about; may be empty
	Detail string // one sentence: what, which value, which limit
	Hint   string // what to do about it; may be empty
	Err    error  // the cause, for logs; may be nil
}

// Error gives the detail and the hint in one line. The detail already names the cause.
func (e *Error) Error() string {
	s := e.Detail
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an Error from a code and a formatted detail; %w in the format also sets the cause.
func Errorf(code Code, format string, args ...any) *Error {
	wrapped := fmt.Errorf(format, args...)
	return &Error{Code: code, Detail: wrapped.Error(), Err: errors.Unwrap(wrapped)}
}

// WithHint returns the error with what to do about it.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// WithParam returns the error with the name of what it is about.
func (e *Error) WithParam(name string) *Error {
	e.Param = name
	return e
}

// CodeOf finds the code of an error; CodeInternal when it carries none, "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return CodeInternal
}
