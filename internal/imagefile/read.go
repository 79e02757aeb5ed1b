package imagefile

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"

	"github.com/sightline-search/sightline"
)

// read gives the bytes of a regular file. It never blocks: named pipes, devices and folders are refused without being
// read, and a pipe that takes a file's place between the two looks is opened without waiting for its other end.
func read(path string, maxBytes int64) ([]byte, *sightline.Error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, readError(err)
	}
	if !info.Mode().IsRegular() {
		return nil, notRegular(info.Mode())
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, readError(err)
	}
	defer f.Close() //nolint:errcheck // nothing was written
	if info, err = f.Stat(); err != nil {
		return nil, readError(err)
	}
	if !info.Mode().IsRegular() {
		return nil, notRegular(info.Mode())
	}
	if info.Size() > maxBytes {
		return nil, tooManyBytes(info.Size(), maxBytes)
	}
	// A file that grows while it is read is cut off one byte over the limit.
	data := bytes.NewBuffer(make([]byte, 0, info.Size()+bytes.MinRead))
	if _, err := data.ReadFrom(io.LimitReader(f, maxBytes+1)); err != nil {
		return nil, readError(err)
	}
	if int64(data.Len()) > maxBytes {
		return nil, tooManyBytes(int64(data.Len()), maxBytes)
	}
	return data.Bytes(), nil
}

// readError explains why a file cannot be read. Like every error here it leaves naming the file to the caller.
func readError(err error) *sightline.Error {
	cause := err
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		cause = pe.Err
	}
	if errors.Is(err, fs.ErrNotExist) {
		return sightline.Errorf(sightline.CodeVanished, "there is no such file")
	}
	e := sightline.Errorf(sightline.CodeUnreadable, "the file cannot be read: %w", cause)
	if errors.Is(err, fs.ErrPermission) {
		return e.WithHint("give this user the right to read it")
	}
	return e
}

func notRegular(mode fs.FileMode) *sightline.Error {
	kind := "a special file"
	switch {
	case mode.IsDir():
		kind = "a folder"
	case mode&fs.ModeNamedPipe != 0:
		kind = "a named pipe"
	case mode&fs.ModeSocket != 0:
		kind = "a socket"
	case mode&fs.ModeDevice != 0:
		kind = "a device"
	}
	return sightline.Errorf(sightline.CodeUnreadable, "this is %s, not a regular file", kind)
}

func tooManyBytes(size, limit int64) *sightline.Error {
	return sightline.Errorf(sightline.CodeImageTooLarge, "the file has %d bytes, the limit is %d bytes", size, limit).
		WithHint("make a smaller copy of the image")
}
