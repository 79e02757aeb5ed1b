package embedded

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"

	"github.com/sightline-search/sightline/vectordb/embedded/flat"
)

// fold moves the recent images into a file, as far as nothing keeps it from that: what cannot be written stays in memory
// and is tried again when there is twice as much. now is the snapshot that memory was read from. The list of the files is
// published later (publish): that waits for the disk, and searches need not.
func (m *memory) fold(ctx context.Context, now head) {
	if m.recent.len() < m.putOff || m.publishing {
		return
	}
	if m.unlock == nil {
		unlock, err := m.folder.lock(ctx, m.recent.len() >= m.limits.most)
		if errors.Is(err, errBusy) {
			return
		}
		if err != nil {
			m.putOff = 2 * m.recent.len()
			return
		}
		if m.folder.list().id() != m.seen {
			unlock()
			m.loaded = false // another process was first: go on from what it has written
			return
		}
		m.unlock = unlock
	}
	if err := m.write(); err != nil {
		m.putOff = 2 * m.recent.len()
		if m.unpublished == nil {
			m.unlock()
			m.unlock = nil
		}
		return
	}
	m.unpublished = m.listing(now)
}

// write makes one file of the recent images and of the files that are to be merged with them.
func (m *memory) write() error {
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
	m.parts, m.recent, m.putOff = kept, newRecent(m.head.dim), 0
	return closeAll(merged)
}

func (m *memory) listing(now head) *fileList {
	list := &fileList{
		ID: rand.Text(), Generation: now.generation, Dim: now.dim,
		Through: m.head.commits, Commit: now.commits, Stamp: now.stamp,
	}
	for _, p := range m.parts {
		list.Files = append(list.Files, listed{Name: p.name, Check: p.file.Check(), Dead: slices.Clone(p.dead)})
	}
	return list
}

// publish makes new files known to other processes and to the next one, beside the searches that go on. If that fails,
// the old list and its files are still there.
func (m *memory) publish() {
	list, files, unlock := m.unpublished, m.folder, m.unlock
	if list == nil || m.publishing {
		return
	}
	m.seen, m.publishing, m.unpublished = list.ID, true, nil
	m.background.Go(func() {
		_ = files.replace(list) // then the next fold finds a list that it has not seen, and goes on from that
		unlock()
		m.mu.Lock()
		defer m.mu.Unlock()
		m.publishing, m.unlock = false, nil
	})
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
