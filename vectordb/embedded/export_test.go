package embedded

import "github.com/sightline-search/sightline/vectordb"

// OpenFolding opens a store that writes its flat files after so few images that small tests see it, and never makes one
// of more than most out of others.
func OpenFolding(dir string, mode Mode, fold, most int) (vectordb.Store, error) {
	opened, err := Open(dir, mode)
	if err == nil {
		opened.(*Store).memory.limits = limits{fold: fold, most: most}
	}
	return opened, err
}
