package qdrant

import (
	"errors"
	"os"
	"strings"
	"syscall"
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

// dead says that the holder was a process of this machine that has ended.
func dead(h holder) bool {
	if h.place == "" || h.place != processPlace() || h.pid <= 0 {
		return false
	}
	return errors.Is(syscall.Kill(h.pid, 0), syscall.ESRCH)
}
