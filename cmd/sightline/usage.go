package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// atLeastOne refuses a command line without arguments; what says what to give.
func atLeastOne(what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			return errors.New(what)
		}
		return nil
	}
}

// exactlyOne refuses anything but one argument; what says what to give.
func exactlyOne(what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != 1 {
			return errors.New(what)
		}
		return nil
	}
}

// noArguments refuses every argument.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%s takes no arguments, not %q", cmd.Name(), args[0])
	}
	return nil
}

// valueWords say what a flag of each type takes.
var valueWords = map[string]string{"int": "a whole number", "float64": "a number", "bool": "true or false", "duration": "a time such as 90s or 2m"}

// flagError puts a flag that cannot be understood into this program's words.
func flagError(cmd *cobra.Command, err error) error {
	if e, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		if words, known := valueWords[e.GetFlag().Value.Type()]; known {
			return fmt.Errorf("--%s is %q: it must be %s", e.GetFlag().Name, e.GetValue(), words)
		}
	}
	if e, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		return fmt.Errorf("--%s needs a value", e.GetFlag().Name)
	}
	if e, ok := errors.AsType[*pflag.NotExistError](err); ok && e.GetSpecifiedShortnames() != "" {
		return unknownShort(cmd, e.GetSpecifiedShortnames())
	}
	return err
}

// unknownShort explains -NAME. After search it is more likely a word that is not wanted than a flag.
func unknownShort(cmd *cobra.Command, name string) error {
	if cmd.Name() == "search" {
		return fmt.Errorf("there is no flag -%s; to leave out what shows it, write 'NOT %s', or put -- before the query: sightline search -- '-%s'", name, name, name)
	}
	return fmt.Errorf("there is no flag -%s", name)
}
