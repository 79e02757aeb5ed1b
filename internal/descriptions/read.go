package descriptions

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/sightline-search/sightline"
)

const formHint = `a descriptions file is [{"dog": ["a photo of a dog.", "…"]}, {"cat": ["…"]}]`

// Read reads and checks a descriptions file. Errors name the entry, its label, the value and the limit: CodeNotFound and
// CodeUnreadable for the file, CodeInvalid for what is in it. Space around names is dropped, descriptions stay as they are.
func Read(path string) ([]Label, error) {
	data, err := load(path)
	if err != nil {
		return nil, err
	}
	labels, err := parse(data)
	if err == nil {
		err = check(labels)
	}
	if err != nil {
		return nil, inFile(path, err)
	}
	return labels, nil
}

// inFile puts the file's name before an error and keeps what to do about it; without anything better, that is the form.
func inFile(path string, err error) error {
	e := sightline.Errorf(sightline.CodeInvalid, "%s: %w", path, err).WithParam(path).WithHint(formHint)
	if inner, ok := errors.AsType[*sightline.Error](err); ok {
		e.Detail = path + ": " + inner.Detail
		if inner.Hint != "" {
			e.Hint = inner.Hint
		}
	}
	return e
}

func load(path string) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, sightline.Errorf(sightline.CodeNotFound, "there is no descriptions file %s", path).WithParam(path)
	}
	if err != nil {
		return nil, sightline.Errorf(sightline.CodeUnreadable, "%s cannot be read: %w", path, err).WithParam(path)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, sightline.Errorf(sightline.CodeUnreadable, "%s cannot be read: %w", path, err).WithParam(path)
	}
	tooLarge := sightline.Errorf(sightline.CodeInvalid, "%s is larger than a descriptions file may be, %d MiB", path, MaxFileBytes>>20).WithParam(path)
	if info.Size() > MaxFileBytes {
		return nil, tooLarge
	}
	data, err := io.ReadAll(io.LimitReader(f, MaxFileBytes+1)) // pipes and growing files have another size
	if err != nil {
		return nil, sightline.Errorf(sightline.CodeUnreadable, "%s cannot be read: %w", path, err).WithParam(path)
	}
	if len(data) > MaxFileBytes {
		return nil, tooLarge
	}
	return data, nil
}

// parse walks over the JSON by hand: decoding into maps would silently keep the last of two equal keys.
func parse(data []byte) ([]Label, error) {
	if err := checkJSON(data); err != nil {
		return nil, err
	}
	tokens := json.NewDecoder(bytes.NewReader(data))
	tokens.UseNumber() // numbers are no part of the form, and not every one fits a float
	if first, err := tokens.Token(); err != nil || first != json.Delim('[') {
		return nil, errors.New("the file is not a list of labels")
	}
	var labels []Label
	for tokens.More() {
		if len(labels) == MaxLabels {
			return nil, fmt.Errorf("it has more than %d labels", MaxLabels)
		}
		label, err := readEntry(tokens, fmt.Sprintf("entry %d", len(labels)+1))
		if err != nil {
			return nil, err
		}
		labels = append(labels, label)
	}
	return labels, nil
}

// checkJSON gives a syntax error its line and column. After it, tokens cannot fail.
func checkJSON(data []byte) error {
	if at := notUTF8(data); at >= 0 {
		return fmt.Errorf("it is not JSON: %s: the bytes there are not UTF-8", position(data, at))
	}
	var document json.RawMessage
	err := json.Unmarshal(data, &document)
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("it is not JSON: %s: %w", position(data, int(e.Offset)-1), err)
	}
	return err
}

// notUTF8 is the offset of the first byte that belongs to no character, -1 when there is none.
func notUTF8(data []byte) int {
	if utf8.Valid(data) {
		return -1
	}
	at := 0
	for {
		r, size := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && size <= 1 {
			return at
		}
		at += size
	}
}

// position counts lines and characters from 1, as editors do.
func position(data []byte, offset int) string {
	before := data[:max(offset, 0)]
	line := bytes.Count(before, []byte("\n")) + 1
	column := utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
	return fmt.Sprintf("line %d, column %d", line, column)
}

// readEntry reads {label: [texts]}.
func readEntry(tokens *json.Decoder, place string) (Label, error) {
	open, err := tokens.Token()
	if err != nil {
		return Label{}, err
	}
	if open != json.Delim('{') {
		return Label{}, fmt.Errorf("%s is %s; it must be an object {label: [descriptions]}", place, kind(open))
	}
	if !tokens.More() {
		return Label{}, fmt.Errorf("%s is an empty object; it must have one key, the label", place)
	}
	key, err := tokens.Token()
	if err != nil {
		return Label{}, err
	}
	name, _ := key.(string)
	label := Label{Name: strings.TrimSpace(name)}
	if label.Descriptions, err = readTexts(tokens, fmt.Sprintf("%s, label %s", place, Cut(name))); err != nil {
		return Label{}, err
	}
	if tokens.More() {
		second, _ := tokens.Token()
		return Label{}, fmt.Errorf("%s has several keys, %s and %s; it must have one, the label", place, Cut(name), Cut(fmt.Sprint(second)))
	}
	if _, err := tokens.Token(); err != nil { // the closing brace
		return Label{}, err
	}
	return label, nil
}

func readTexts(tokens *json.Decoder, place string) (texts []string, err error) {
	open, err := tokens.Token()
	if err != nil {
		return nil, err
	}
	if open != json.Delim('[') {
		return nil, fmt.Errorf("%s has %s; it must have a list of descriptions", place, kind(open))
	}
	for tokens.More() {
		token, err := tokens.Token()
		if err != nil {
			return nil, err
		}
		text, ok := token.(string)
		if !ok {
			return nil, fmt.Errorf("%s, description %d is %s; it must be a string", place, len(texts)+1, kind(token))
		}
		texts = append(texts, text)
	}
	_, err = tokens.Token() // the closing bracket
	return texts, err
}

// kind says in words what a token begins.
func kind(token json.Token) string {
	switch v := token.(type) {
	case json.Delim:
		if v == '{' {
			return "an object"
		}
		return "a list"
	case string:
		return "the string " + Cut(v)
	case json.Number:
		return "the number " + Cut(v.String())
	case nil:
		return "null"
	default: // true or false
		return fmt.Sprint(v)
	}
}
