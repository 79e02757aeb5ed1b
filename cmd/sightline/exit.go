package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/sightline-search/sightline"
)

// Exit codes are part of the interface.
const (
	exitDone        = 0
	exitFailed      = 1   // nothing could be done
	exitUsage       = 2   // the command line is wrong
	exitPartial     = 3   // done, but some inputs were bad
	exitInterrupted = 130 // stopped by a signal; running it again resumes
)

// usageError is a command line that cannot be understood.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

// partialError says that a command did its work, but not for every input. The inputs have been listed already.
type partialError struct{ bad, of int }

func (e partialError) Error() string {
	return fmt.Sprintf("%d of %d inputs could not be used", e.bad, e.of)
}

// errReported is a failure whose reasons have been printed already.
var errReported = errors.New("failed")

// exitCode is the one place where an error becomes an exit code.
func exitCode(err error) int {
	if err == nil {
		return exitDone
	}
	if _, ok := errors.AsType[usageError](err); ok {
		return exitUsage
	}
	if _, ok := errors.AsType[partialError](err); ok {
		return exitPartial
	}
	if errors.Is(err, context.Canceled) {
		return exitInterrupted
	}
	switch sightline.CodeOf(err) {
	case sightline.CodeInvalid, sightline.CodeQueryEmpty, sightline.CodeQueryTooLong, sightline.CodeQuerySyntax:
		return exitUsage
	default:
		return exitFailed
	}
}
