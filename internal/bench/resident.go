package bench

import (
	"fmt"
	"os"
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
