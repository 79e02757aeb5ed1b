package descriptions

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sightline-search/sightline"
)

// Write writes a descriptions file that Read takes: the same labels always give the same bytes, and the file appears
// whole or not at all, whatever was there before. What Read would refuse is CodeInvalid, and nothing is written.
func Write(path string, labels []Label) error {
	if err := check(labels); err != nil {
		return inFile(path, err)
	}
	data, err := format(labels)
	if err != nil {
		return inFile(path, err)
	}
	if err := replace(path, data); err != nil {
		return sightline.Errorf(sightline.CodeUnreadable, "%s cannot be written: %w", path, err).WithParam(path)
	}
	return nil
}

// format puts every description on a line of its own, so that versions of a file can be compared.
func format(labels []Label) ([]byte, error) {
	entries := make([]map[string][]string, len(labels))
	for i, label := range labels {
		entries[i] = map[string][]string{label.Name: label.Descriptions}
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	err := encoder.Encode(entries)
	return out.Bytes(), err
}

// replace is an atomic write: another file, flushed to the disk, takes the name.
func replace(path string, data []byte) error {
	path, err := target(path)
	if err != nil {
		return err
	}
	temporary := filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s.%d", filepath.Base(path), os.Getpid()))
	if err := writeThrough(temporary, data); err != nil {
		return errors.Join(err, remove(temporary))
	}
	if err := os.Rename(temporary, path); err != nil {
		return errors.Join(err, remove(temporary))
	}
	return syncFolder(filepath.Dir(path))
}

// target follows symbolic links, which a rename would replace, and refuses what is no file: a rename over /dev/stdout
// would take it away.
func target(path string) (string, error) {
	followed, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		return path, nil
	}
	if err != nil {
		return "", err
	}
	info, err := os.Stat(followed)
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is there and is not a file")
	}
	return followed, err
}

func writeThrough(path string, data []byte) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func remove(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// syncFolder makes the new name durable.
func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
