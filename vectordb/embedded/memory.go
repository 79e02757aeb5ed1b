package embedded

import (
	"errors"
	"sync"

	"github.com/sightline-search/sightline/vectordb/embedded/flat"
)

// memory holds the global vectors and tags of the serving generation, as of one commit: most of them in flat files that
// are mapped (folder.go), the images that have changed since in recent.
type memory struct {
	root   root
	limits limits

	mu     sync.RWMutex
	folder folder // of the files of this generation
	head   head
	loaded bool   // false: what the folder holds has to be looked at first
	seen   string // the list of files that was looked at or written last
	parts  []part
	recent recent

	putOff      int            // the number of recent images below which fold is not tried again
	unlock      func()         // not nil: this process has the right to write files
	unpublished *fileList      // what the files hold that no list names yet
	publishing  bool           // a list is being written
	background  sync.WaitGroup // what publishes
}

// limits say when images go from recent into a file.
type limits struct {
	fold int // recent images that make a file; a process that starts reads at most about as many from SQLite
	most int // images in a file that is made of others, and recent images while everything is read anew
}

var usualLimits = limits{fold: 4096, most: 65536}

// part is a flat file and the images in it that have changed or gone since it was written.
type part struct {
	name string
	file *flat.File
	dead slotSet
	live int
}

// close waits for what is being published and unmaps the files. Nobody may search any more.
func (m *memory) close() error {
	m.background.Wait()
	return closeAll(m.parts)
}

func closeAll(parts []part) error {
	var errs []error
	for _, p := range parts {
		errs = append(errs, p.file.Close())
	}
	return errors.Join(errs...)
}

// forget takes an image out.
func (m *memory) forget(row int64) {
	m.recent.remove(row)
	m.outdate(row)
}

// outdate marks an image in the files as changed or gone.
func (m *memory) outdate(row int64) {
	for i := range m.parts {
		p := &m.parts[i]
		if slot, found := p.file.Find(row); found && p.dead.add(slot) {
			p.live--
		}
	}
}

func (m *memory) len() int {
	n := m.recent.len()
	for _, p := range m.parts {
		n += p.live
	}
	return n
}
