package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"syscall"
)

// peakMemory is the largest resident size of this process so far, in bytes; 0 where the system does not tell.
func peakMemory() int64 {
	// Linux counts the parent's size before the program was loaded into what getrusage tells.
	if status, err := os.ReadFile("/proc/self/status"); err == nil {
		if peak := peakIn(status); peak > 0 {
			return peak
		}
	}
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return usage.Maxrss // bytes there, kilobytes elsewhere
	}
	return usage.Maxrss * 1024
}

// peakIn finds the line "VmHWM: 1234 kB"; 0 where there is none.
func peakIn(status []byte) int64 {
	for line := range bytes.Lines(status) {
		var kilobytes int64
		if n, _ := fmt.Sscanf(string(line), "VmHWM: %d kB", &kilobytes); n == 1 {
			return kilobytes * 1024
		}
	}
	return 0
}
