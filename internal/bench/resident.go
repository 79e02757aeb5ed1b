package bench

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
)

// residentMB is the process's memory, without what Go could give back.
func residentMB() float64 {
	debug.FreeOSMemory()
	var pages, resident float64
	content, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0 // only Linux tells
	}
	if _, err := fmt.Sscan(string(content), &pages, &resident); err != nil {
		return 0
	}
	return resident * float64(os.Getpagesize()) / 1e6
}

// folderMB is the size of all files below a folder.
func folderMB(dir string) (mb float64, err error) {
	err = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return fmt.Errorf("look at a file: %w", err)
		}
		mb += float64(info.Size()) / 1e6
		return nil
	})
	return mb, err
}
