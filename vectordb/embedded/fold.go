package embedded

import (
	"crypto/rand"
	"errors"
	"slices"

	"github.com/sightline-search/sightline/vectordb/embedded/flat"
)

// fold moves the recent images into a file, as far as nothing keeps it from that: what cannot be written stays in memory
// and is tried again when there is twice as much. now is the snapshot that memory was read from.
func (m *memory) fold(now head) {
	if m.recent.len() < m.putOff {
		return
	}
	unlock, ok := m.folder.lock()
	if !ok {
		m.putOff = 2 * m.recent.len()
		return
	}
	defer unlock()
	if m.folder.list().id() != m.seen {
		m.loaded = false // another process was first: go on from what it has written
		return
	}
	if err := m.write(now); err != nil {
		m.putOff = 2 * m.recent.len()
		return
	}
	m.putOff = 0
}

// write makes a new file of the recent images and of the files that are to be merged with them, and a new list.
func (m *memory) write(now head) error {
	merged, kept := m.choose()
	sources := []flat.Live{{Source: m.recent.source(), Counts: func(int) bool { return true }}}
	for _, p := range merged {
		sources = append(sources, flat.Live{Source: p.file, Counts: func(slot int) bool { return !p.dead.has(slot) }})
	}
	made, err := m.folder.make(m.head.dim, sources)
	if err != nil {
		return err
	}
	kept = append(kept, made)
	list := &fileList{
		ID: rand.Text(), Generation: now.generation, Dim: now.dim,
		Through: m.head.commits, Commit: now.commits, Stamp: now.stamp,
	}
	for _, p := range kept {
		list.Files = append(list.Files, listed{Name: p.name, Dead: p.dead})
	}
	if err := m.folder.replace(list); err != nil {
		return errors.Join(err, made.file.Close())
	}
	for _, p := range merged {
		err = errors.Join(err, p.file.Close())
	}
	m.parts, m.recent, m.seen = kept, newRecent(now.dim), list.ID
	return err
}

// choose picks the files that are merged with the recent images: smaller ones, and those of which half has gone, as long
// as the result is not too large. So an image is written a few times only, however many commits follow it.
func (m *memory) choose() (merged, kept []part) {
	parts := slices.Clone(m.parts)
	slices.SortStableFunc(parts, func(a, b part) int { return a.live - b.live })
	n := m.recent.len()
	for _, p := range parts {
		if (p.live <= n || p.live < p.file.Len()/2) && n+p.live <= m.limits.most {
			merged = append(merged, p)
			n += p.live
		} else {
			kept = append(kept, p)
		}
	}
	return merged, kept
}

// make writes and opens a file.
func (f folder) make(dim int, sources []flat.Live) (part, error) {
	name := newFileName()
	if err := flat.Write(f.path(name), dim, sources); err != nil {
		return part{}, err
	}
	file, err := flat.Open(f.path(name), dim)
	if err != nil {
		return part{}, err
	}
	return part{name: name, file: file, dead: newSlotSet(file.Len()), live: file.Len()}, nil
}
