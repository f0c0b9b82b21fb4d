package serve

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// Those that are there in every function: ours, the standard library's for us, and what only waits to be told.
var restful = []string{
	"hearth/serve.", "net/http.(*Server).Serve", "net/http.(*connReader).startBackgroundRead", "os/signal.", "runtime.",
	"database/sql.OpenDB",
}

const longestDump = 1 << 20

// asksWhetherQuiet tells hearthd's question, before it freezes the replica, from a call. No client can ask: the gateway
// takes the field away.
func asksWhetherQuiet(r *http.Request) bool {
	return r.URL.Path == "/.hearth/quiet" && r.Header.Get("Hearth-Ask") != ""
}

func (c *calls) tellWhetherQuiet(w http.ResponseWriter) {
	w.Header().Set("Connection", "close")
	why := c.stirring()
	if why == "" {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	w.WriteHeader(http.StatusConflict)
	fmt.Fprint(w, why)
}

// stirring is what of the function's own still runs while no call does. A timer that starts a goroutine of its own when
// it is due (time.AfterFunc) is not seen.
func (c *calls) stirring() string {
	if c.busy.Load() > 0 {
		return "a call"
	}
	if hasChildren() {
		return "a child process"
	}
	for size := 64 << 10; size <= longestDump; size *= 4 {
		dump := make([]byte, size)
		if used := runtime.Stack(dump, true); used < size {
			return strayGoroutine(dump[:used])
		}
	}
	return "many goroutines"
}

func strayGoroutine(dump []byte) string {
	for _, stack := range bytes.Split(dump, []byte("\n\n")) {
		_, creation, found := bytes.Cut(stack, []byte("\ncreated by "))
		if !found {
			continue // the main one
		}
		creator, _, _ := bytes.Cut(creation, []byte("\n"))
		creator, _, _ = bytes.Cut(creator, []byte(" in goroutine"))
		if !isRestful(string(creator)) {
			return "a goroutine of " + string(creator)
		}
	}
	return ""
}

func isRestful(creator string) bool {
	for _, prefix := range restful {
		if strings.HasPrefix(creator, prefix) {
			return true
		}
	}
	return false
}

// hasChildren counts ours, and orphans of ours, which go to the container's init.
func hasChildren() bool {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return false
	}
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		parent := parentOf(pid)
		if parent == os.Getpid() || (parent == 1 && os.Getppid() == 1) {
			return true
		}
	}
	return false
}

// parentOf is 0 where it has just ended, or has and nobody has asked how.
func parentOf(pid int) int {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 2 || fields[0] == "Z" {
		return 0
	}
	parent, _ := strconv.Atoi(fields[1])
	return parent
}
