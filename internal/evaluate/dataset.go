package evaluate

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/sightline-search/sightline"
)

// Dataset is a set of labelled images.
type Dataset struct {
	Rows []Row
}

// Row is one line of a dataset: {"file": "a.jpg", "captions": ["…"], "tags": ["dog"]}.
type Row struct {
	File     string   `json:"file"`     // absolute once read; relative to the dataset in the file
	Captions []string `json:"captions"` // each describes this image and, as far as is known, no other
	Tags     []string `json:"tags"`     // all that apply; nil where nobody looked, which is not the same as none
}

// Read reads a dataset file, one JSON object a line. An unknown field, a line without a file and a file without lines are
// CodeInvalid and name the line.
func Read(path string) (*Dataset, error) {
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	folder, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	d := &Dataset{}
	lines := bufio.NewReader(f)
	for n := 1; ; n++ {
		line, err := lines.ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, sightline.Errorf(sightline.CodeUnreadable, "%s cannot be read: %w", path, err)
		}
		if strings.TrimSpace(line) != "" {
			row, why := readRow(line, folder)
			if why != nil {
				return nil, sightline.Errorf(sightline.CodeInvalid, "%s, line %d: %w", path, n, why).WithParam(path).
					WithHint(`a line is {"file": "a.jpg", "captions": ["a dog on a beach"], "tags": ["dog"]}`)
			}
			d.Rows = append(d.Rows, row)
		}
		if err != nil {
			break
		}
	}
	if len(d.Rows) == 0 {
		return nil, sightline.Errorf(sightline.CodeInvalid, "%s has no lines", path).WithParam(path)
	}
	return d, nil
}

func readRow(line, folder string) (Row, error) {
	var row Row
	decoder := json.NewDecoder(strings.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&row); err != nil {
		return row, err
	}
	if decoder.More() {
		return row, errors.New("more than one JSON value")
	}
	if row.File == "" {
		return row, errors.New("no file")
	}
	if !filepath.IsAbs(row.File) {
		row.File = filepath.Join(folder, row.File)
	}
	row.File = filepath.Clean(row.File)
	return row, nil
}

// ReadTags reads a universe of tags, one a line.
func ReadTags(path string) ([]string, error) {
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	tags := []string{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if tag := strings.TrimSpace(lines.Text()); tag != "" {
			tags = append(tags, tag)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, sightline.Errorf(sightline.CodeUnreadable, "%s cannot be read: %w", path, err)
	}
	if len(tags) == 0 {
		return nil, sightline.Errorf(sightline.CodeInvalid, "%s names no tags", path).WithParam(path)
	}
	return tags, nil
}

func open(path string) (*os.File, error) {
	f, err := os.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, sightline.Errorf(sightline.CodeNotFound, "there is no file %s", path).WithParam(path)
	case err != nil:
		return nil, sightline.Errorf(sightline.CodeUnreadable, "%s cannot be read: %w", path, err).WithParam(path)
	}
	return f, nil
}
