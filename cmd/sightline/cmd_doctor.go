package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"
)

// The marks of a finding.
const (
	markOK   = "ok"
	markWarn = "warn" // works, but somebody should look
	markFail = "FAIL" // something that is needed does not work
)

// finding is one section of the doctor's report.
type finding struct {
	Section string   `json:"section"`
	Mark    string   `json:"mark"`
	Lines   []string `json:"lines"`          // what was found
	Code    string   `json:"code,omitempty"` // of the error
	Hint    string   `json:"hint,omitempty"` // what to do
}

// diagnosis is doctor --json.
type diagnosis struct {
	OK       bool      `json:"ok"`
	Version  string    `json:"version"`
	Findings []finding `json:"findings"`
}

func newDoctorCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "What was found, what is missing, and what to do",
		Long: `Looks at everything that Sightline needs: settings, ONNX Runtime, the model bundle, the store, the cache, the image
decoders, the device. The exit code is 1 when something that is needed does not work.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runDoctor(cmd.Context()) },
	}
}

func (a *app) runDoctor(ctx context.Context) error {
	d := diagnosis{OK: true, Version: programVersion(), Findings: a.examine(ctx)}
	for _, f := range d.Findings {
		d.OK = d.OK && f.Mark != markFail
	}
	if err := a.printDiagnosis(d); err != nil {
		return err
	}
	if !d.OK {
		return errReported
	}
	return nil
}

func (a *app) printDiagnosis(d diagnosis) error {
	if a.JSON {
		return a.printJSON(d)
	}
	a.printf("sightline %s\n\n", d.Version)
	for _, f := range d.Findings {
		a.printf("%-4s  %-13s %s\n", f.Mark, f.Section, strings.Join(f.Lines, "\n"+strings.Repeat(" ", 20)))
		if f.Hint != "" {
			a.printf("%20s-> %s\n", "", f.Hint)
		}
	}
	if !d.OK {
		a.printf("\nsomething that is needed does not work\n")
	}
	return nil
}
