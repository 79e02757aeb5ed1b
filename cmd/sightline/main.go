// Command sightline finds images by what is in them. This package is flags, wiring, signals and exit codes, one
// cmd_<verb>.go per verb; what the verbs do lies in the packages that they call.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal stops the work cleanly; stop gives the second one its usual effect.
	context.AfterFunc(ctx, stop)
	program := Program{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Environ: os.Environ()}
	os.Exit(program.Run(ctx, os.Args[1:]))
}
