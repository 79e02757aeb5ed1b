package qdrant

import (
	"fmt"
	"os"
	"strings"
)

func processID() int { return os.Getpid() }

func hostName() string {
	name, err := os.Hostname()
	if err != nil {
		return "an unnamed host"
	}
	return name
}

// processPlace names the space in which process ids are what they are: one start of one machine, or of one container in
// it. Host names do not do: two containers may have the same. It is empty where the system does not tell.
func processPlace() string {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	space, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(boot)) + " " + space
}

// processStart tells when a process was started, in ticks since the machine was: ids are used again. It is empty for one
// that has ended, also while its parent has not yet asked how.
func processStart(pid int) string {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(string(stat), ") ") // the name before it may hold anything
	fields := strings.Fields(rest)
	const state, start = 0, 19
	if len(fields) <= start || strings.ContainsAny(fields[state], "ZX") {
		return ""
	}
	return fields[start]
}

// dead says that the holder was a process of this machine that has ended.
func dead(h holder) bool {
	return h.place != "" && h.place == processPlace() && h.pid > 0 && processStart(h.pid) != h.start
}
