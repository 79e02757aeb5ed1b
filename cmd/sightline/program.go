package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sightline-search/sightline/internal/config"
	"github.com/sightline-search/sightline/internal/progress"
)

// Program is the command line with everything of the process that it touches, so that tests run commands as a person
// does, without a process.
type Program struct {
	Stdin   io.Reader
	Stdout  io.Writer // results and nothing else
	Stderr  io.Writer // progress, warnings, reasons
	Environ []string  // as os.Environ gives it
}

// Run executes one command and gives its exit code. Cancelling the context interrupts it.
func (p Program) Run(ctx context.Context, args []string) int {
	out := bufio.NewWriter(p.Stdout)
	a := &app{in: p.Stdin, out: out, err: p.Stderr, environ: p.Environ}
	root := newRoot(a)
	root.SetArgs(args)
	command, err := root.ExecuteContextC(ctx)
	if err != nil && !a.started {
		// cobra refused the command, a flag or the number of arguments
		err = usageError{fmt.Errorf("%w ('%s --help' tells how)", err, command.CommandPath())}
	}
	if flushErr := out.Flush(); err == nil && flushErr != nil {
		err = fmt.Errorf("the results cannot be written: %w", flushErr)
	}
	a.explain(err)
	return exitCode(err)
}

// app is one run of the program.
type app struct {
	in      io.Reader
	out     *bufio.Writer
	err     io.Writer
	environ []string
	started bool // the command line was understood

	config.Config
	log *slog.Logger
}

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "sightline",
		Short: "Find images by what is in them",
		Long: `Sightline finds images by what is in them. Index folders once, then search them with words, a sentence,
a boolean of both, or another image. Every hit carries a calibrated probability.`,
		Args:              needsCommand,
		SilenceErrors:     true,
		SilenceUsage:      true,
		Version:           programVersion(),
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
		RunE:              noCommand,

		SuggestionsMinimumDistance: 2,
	}
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetUsageTemplate(strings.Replace(root.UsageTemplate(), "{{if .Runnable}}", "{{if and .Runnable (not .HasAvailableSubCommands)}}", 1))
	root.SetFlagErrorFunc(flagError)
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	config.Register(root.PersistentFlags())
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return a.configure(cmd) }
	root.AddCommand(
		newIndexCommand(a), newSearchCommand(a), newTagCommand(a), newTagsCommand(a), newServeCommand(a),
		newReindexCommand(a), newMigrateCommand(a), newCopyCommand(a),
		newBackupCommand(a), newRestoreCommand(a), newCheckCommand(a),
		newEvalCommand(a), newBenchCommand(a), newBundleCommand(a), newDoctorCommand(a), newVersionCommand(a),
	)
	return root
}

// needsCommand refuses words that are no command of cmd, which only groups others.
func needsCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return errors.New("no command was given")
	}
	text := fmt.Sprintf("there is no command %q", args[0])
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		text += fmt.Sprintf("; did you mean %q?", near[0])
	}
	return errors.New(text)
}

// noCommand never runs, because needsCommand refuses everything; cobra asks Args of runnable commands only.
func noCommand(*cobra.Command, []string) error { return nil }

// configure reads the configuration once the command line has been understood.
func (a *app) configure(cmd *cobra.Command) error {
	loaded, err := config.Load(cmd.Flags(), a.environ)
	if err != nil {
		return usageError{err}
	}
	a.Config = loaded
	a.log = slog.New(slog.NewTextHandler(a.err, &slog.HandlerOptions{Level: a.LogLevel}))
	a.started = true
	return nil
}

// explain writes an error for a person. An interruption says what to do.
func (a *app) explain(err error) {
	switch {
	case err == nil, errors.Is(err, errReported):
	case exitCode(err) == exitInterrupted:
		a.warn("interrupted; what was done is kept, running the same command again goes on from there")
	default:
		a.warn("sightline: " + err.Error())
	}
}

// warn tells about an input that could not be used. Warnings are part of the answer: --quiet keeps them. What was printed
// before goes out first, so that a terminal shows both in their order; Run reports a stdout that cannot be written.
// A stderr that cannot be written is nothing that could be told to anybody.
func (a *app) warn(line string) {
	_ = a.out.Flush()
	_, _ = fmt.Fprintln(a.err, line)
}

// say tells what a person likes to know and a script does not.
func (a *app) say(format string, args ...any) {
	if !a.Quiet {
		a.warn(fmt.Sprintf(format, args...))
	}
}

// progress shows how far long work is, unless the person asked for quiet.
func (a *app) progress(verb, unit string) progress.Reporter {
	if a.Quiet {
		return notesOnly{progress.Silent(), a}
	}
	return progress.New(a.err, verb, unit, progressInterval)
}

// notesOnly keeps the reasons for bad inputs where progress is silent.
type notesOnly struct {
	progress.Reporter
	a *app
}

// Note implements progress.Reporter.
func (n notesOnly) Note(line string) { n.a.warn(line) }
