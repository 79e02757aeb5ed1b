// Package gloss looks words up in a dictionary that the user has: a file of names and glosses, or WordNet. It must not
// know what the glosses are for.
package gloss

import (
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/sightline-search/sightline"
)

// Dictionary gives glosses by name.
type Dictionary struct {
	Path   string // where it was read
	Kind   string // "WordNet" or "glosses"
	lookup func(name string) (string, bool)
}

// Lookup gives the gloss of a name, case and the choice of spaces, hyphens and underscores ignored.
func (d *Dictionary) Lookup(name string) (string, bool) { return d.lookup(fold(name)) }

func fold(name string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == ' ' || r == '_' || r == '-' }), " ")
}

// Open reads a dictionary: a folder is WordNet's, a file has lines of a name, a tab and a gloss.
func Open(path string) (*Dictionary, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, sightline.Errorf(sightline.CodeNotFound, "there is no dictionary %s", path).WithParam(path)
	case err != nil:
		return nil, sightline.Errorf(sightline.CodeUnreadable, "%s cannot be read: %w", path, err).WithParam(path)
	case info.IsDir():
		return openWordNet(path)
	}
	return openFile(path)
}

// Usual are the folders where WordNet is installed: Debian's package wordnet-base, and its makers' own default.
func Usual() []string { return []string{"/usr/share/wordnet", "/usr/local/WordNet-3.0/dict"} }

// Find opens WordNet in the first of the folders that has it; nil when none has.
func Find(folders []string) (*Dictionary, error) {
	for _, folder := range folders {
		if _, err := os.Stat(folder + "/" + indexFile); err == nil {
			return openWordNet(folder)
		}
	}
	return nil, nil
}
