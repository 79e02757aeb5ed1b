package embedded

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/gofrs/flock"

	"github.com/sightline-search/sightline/vectordb/embedded/flat"
)

// folder is where the flat files of a generation lie. They are a copy of what SQLite holds, in the form in which it is
// searched: any process that finds them missing, damaged or of another index makes them anew, and deleting them loses
// nothing. A list names the files that belong together; it is replaced in one step, after they are on the disk.
type folder string

// What lies in it beside the flat files.
const (
	listName    = "list"
	newListName = "list.new"
	filesLock   = "lock" // locked by the process that writes
)

// open opens the listed files.
func (f folder) open(l *fileList) (parts []part, err error) {
	defer func() {
		if err != nil {
			for _, p := range parts {
				err = errors.Join(err, p.file.Close())
			}
		}
	}()
	for _, entry := range l.Files {
		file, err := flat.Open(f.path(filepath.Base(entry.Name)), l.Dim)
		if err != nil {
			return parts, err
		}
		p := part{name: entry.Name, file: file, dead: entry.Dead, live: file.Len() - entry.Dead.count()}
		parts = append(parts, p)
		if file.Check() != entry.Check || len(p.dead) != len(newSlotSet(file.Len())) {
			return parts, fmt.Errorf("%s is another file than the one that is listed", entry.Name)
		}
	}
	return parts, nil
}

// replace waits until the files are on the disk, writes the list and deletes the files that it does not name.
func (f folder) replace(l *fileList) error {
	for _, file := range l.Files {
		if err := syncPath(f.path(file.Name)); err != nil {
			return err
		}
	}
	content, err := l.encode()
	if err != nil {
		return err
	}
	if err := writeDurably(f.path(newListName), content); err != nil {
		return err
	}
	if err := os.Rename(f.path(newListName), f.path(listName)); err != nil {
		return err
	}
	return errors.Join(syncPath(string(f)), f.clean(l))
}

// clean deletes what an earlier list named or a killed process left.
func (f folder) clean(l *fileList) error {
	entries, err := os.ReadDir(string(f))
	for _, entry := range entries {
		name := entry.Name()
		listed := slices.ContainsFunc(l.Files, func(l listed) bool { return l.Name == name })
		if !listed && name != listName && name != filesLock {
			err = errors.Join(err, os.RemoveAll(f.path(name)))
		}
	}
	return err
}

// errBusy says that another process writes files.
var errBusy = errors.New("another process writes the flat files")

// lock keeps other processes from writing files; the end of this process gives it back too. While another one has it, lock
// waits, if it may, and fails with errBusy otherwise.
func (f folder) lock(ctx context.Context, wait bool) (unlock func(), err error) {
	if err := os.MkdirAll(string(f), 0o755); err != nil {
		return nil, err
	}
	lock := flock.New(f.path(filesLock), flock.SetPermissions(0o644))
	ok, err := lock.TryLock()
	if err == nil && !ok && wait {
		ok, err = lock.TryLockContext(ctx, 20*time.Millisecond)
	}
	if err == nil && !ok {
		err = errBusy
	}
	return func() { _ = lock.Unlock() }, err
}

func (f folder) path(name string) string { return filepath.Join(string(f), name) }

func newFileName() string { return rand.Text() + ".flat" }

func writeDurably(path string, content []byte) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	return errors.Join(err, file.Sync(), file.Close())
}

// syncPath waits until a file or the names in a folder are on the disk.
func syncPath(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}
