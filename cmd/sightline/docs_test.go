package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// section is the part of a Markdown document below a heading.
func section(t *testing.T, document, heading string) string {
	t.Helper()
	_, rest, found := strings.Cut(document, "\n## "+heading+"\n")
	require.True(t, found, "docs/cli.md has no section %q", heading)
	body, _, _ := strings.Cut(rest, "\n## ")
	return body
}

// documentedFlags are the flags in the first column of a section's tables.
func documentedFlags(body string) (names []string) {
	for _, match := range regexp.MustCompile("(?m)^\\| `--([a-z-]+)").FindAllStringSubmatch(body, -1) {
		names = append(names, match[1])
	}
	slices.Sort(names)
	return names
}

func flagsOf(set *pflag.FlagSet, except ...string) (names []string) {
	set.VisitAll(func(f *pflag.Flag) {
		if !slices.Contains(except, f.Name) {
			names = append(names, f.Name)
		}
	})
	slices.Sort(names)
	return names
}

func cliDocument(t *testing.T) string {
	t.Helper()
	document, err := os.ReadFile("../../docs/cli.md")
	require.NoError(t, err)
	return string(document)
}

func TestTheDocumentationHasEveryCommandAndFlag(t *testing.T) {
	document := cliDocument(t)
	root := newRoot(&app{})
	for _, cmd := range root.Commands() {
		if cmd.Hidden || cmd.Name() == "help" || cmd.Name() == "completion" {
			continue
		}
		assert.Contains(t, document, "`sightline "+cmd.Name(), "the table of commands")
		if cmd.Name() == "version" {
			continue
		}
		body := section(t, document, cmd.Name())
		flags := flagsOf(cmd.LocalNonPersistentFlags(), "help", "listen")
		for _, sub := range cmd.Commands() {
			assert.Contains(t, body, "sightline "+cmd.Name()+" "+sub.Name())
			flags = append(flags, flagsOf(sub.LocalNonPersistentFlags(), "help", "describe-key")...)
		}
		slices.Sort(flags)
		assert.Equal(t, slices.Compact(flags), documentedFlags(body), "flags of %s", cmd.Name())
	}
	for _, match := range regexp.MustCompile("`sightline ([a-z]+)").FindAllStringSubmatch(document, -1) {
		found, _, err := root.Find([]string{match[1]})
		require.NoError(t, err)
		assert.NotEqual(t, root, found, "the documentation names a command that is not there: %s", match[1])
	}
}

func TestTheDocumentationHasEveryExitCode(t *testing.T) {
	body := section(t, cliDocument(t), "Exit codes")
	for _, code := range []string{"0", "1", "2", "3", "130"} {
		assert.Contains(t, body, "| "+code+" |")
	}
}

func TestEveryCommandHasAShortHelpWithoutAFullStop(t *testing.T) {
	var check func(cmd *cobra.Command)
	check = func(cmd *cobra.Command) {
		assert.NotEmpty(t, cmd.Short, cmd.CommandPath())
		assert.False(t, strings.HasSuffix(cmd.Short, "."), cmd.CommandPath())
		for _, sub := range cmd.Commands() {
			check(sub)
		}
	}
	check(newRoot(&app{}))
}
