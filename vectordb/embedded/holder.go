package embedded

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gofrs/flock"
)

// Holder tells whether a process writes to the index in the folder, and its id (0 when it has not said it yet). It
// creates nothing.
func Holder(dir string) (pid int, held bool, err error) {
	path := filepath.Join(dir, lockName)
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("read the writer's lock: %w", err)
	}
	lock := flock.New(path)
	free, err := lock.TryRLock()
	if err != nil {
		return 0, false, fmt.Errorf("ask for the writer's lock: %w", err)
	}
	if free {
		return 0, false, lock.Unlock()
	}
	pid, err = strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil {
		return 0, true, nil //nolint:nilerr // the writer is just about to say who it is
	}
	return pid, true, nil
}
