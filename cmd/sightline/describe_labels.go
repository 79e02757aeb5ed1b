package main

import (
	"bufio"
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/internal/describe"
)

// labelsToDescribe takes the arguments, the file's lines or the bundle's labels; only those have aliases.
func (a *app) labelsToDescribe(file string, args []string) (entries []describe.Entry, err error) {
	names := args
	switch {
	case file != "" && len(args) > 0:
		return nil, usageError{errors.New("name the labels either as arguments or in a file with --labels, not both")}
	case file != "":
		if names, err = readNames(file); err != nil {
			return nil, err
		}
	case len(args) == 0:
		b, err := a.findBundle()
		if err != nil {
			return nil, err
		}
		for _, label := range b.Labels {
			entries = append(entries, describe.Entry{Name: label.Name, Aliases: label.Aliases})
			names = append(names, label.Name)
		}
		return entries, describe.CheckNames(names)
	}
	for _, name := range names {
		entries = append(entries, describe.Entry{Name: strings.TrimSpace(name)})
	}
	if err := describe.CheckNames(names); err != nil && file != "" {
		return nil, sightline.Errorf(sightline.CodeInvalid, "%s: %w", file, err).WithParam(file)
	} else if err != nil {
		return nil, err
	}
	return entries, nil
}

// readNames reads one label a line; empty lines are left out.
func readNames(path string) (names []string, err error) {
	f, err := os.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, sightline.Errorf(sightline.CodeNotFound, "there is no file of labels %s", path).WithParam(path)
	case err != nil:
		return nil, sightline.Errorf(sightline.CodeUnreadable, "%s cannot be read: %w", path, err).WithParam(path)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if name := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff")); name != "" {
			names = append(names, name)
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return nil, sightline.Errorf(sightline.CodeInvalid, "%s has a line of more than %d bytes after %d labels; it must have one label a line", path, bufio.MaxScanTokenSize, len(names)).WithParam(path)
	}
	if err := lines.Err(); err != nil {
		return nil, sightline.Errorf(sightline.CodeUnreadable, "%s cannot be read: %w", path, err).WithParam(path)
	}
	return names, nil
}
