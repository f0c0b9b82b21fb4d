package serve

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"hearth"
)

// process is what all calls of it have in common.
type process struct {
	function, namespace string
	revision            int
	timeout             time.Duration // where a call does not bring its own
}

func processOf(getenv func(string) string) process {
	revision, _ := strconv.Atoi(getenv("HEARTH_REVISION"))
	made := process{getenv("HEARTH_FUNCTION"), getenv("HEARTH_NAMESPACE"), revision, 30 * time.Second}
	if timeout, ok := milliseconds(getenv("HEARTH_TIMEOUT_MS")); ok {
		made.timeout = timeout
	}
	return made
}

func (c *calls) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if asksWhetherQuiet(r) {
		c.tellWhetherQuiet(w)
		return
	}
	c.running.Add(1)
	c.busy.Add(1)
	defer c.running.Done()
	defer c.busy.Add(-1)
	timeout := c.process.timeout
	if left, ok := milliseconds(r.Header.Get("Hearth-Deadline-Ms")); ok {
		timeout = left
	}
	ctx, cancel := context.WithTimeout(r.Context(), timeout)
	defer cancel()
	ctx = hearth.NewContext(ctx, hearth.Call{
		ID:          r.Header.Get("Hearth-Call-Id"),
		Function:    c.process.function,
		Namespace:   c.process.namespace,
		Revision:    c.process.revision,
		Traceparent: r.Header.Get("Traceparent"),
	})
	answer := &answer{ResponseWriter: w}
	defer answer.recovered(ctx)
	c.handler(ctx, answer, r.WithContext(ctx))
}

// recovered answers for a handler that panicked. One that had begun its answer has its connection broken off, so that
// nobody takes the answer for whole.
func (a *answer) recovered(ctx context.Context) {
	reason := recover()
	if reason == nil {
		return
	}
	if reason != http.ErrAbortHandler {
		hearth.Logger(ctx).Printf("panic: %v\n%s", reason, debug.Stack())
	}
	if a.begun || reason == http.ErrAbortHandler {
		panic(http.ErrAbortHandler)
	}
	body, _ := json.Marshal(map[string]any{
		"type": "about:blank", "title": fmt.Sprintf("panic (%T)", reason), "status": http.StatusInternalServerError,
		"code": "internal", "layer": "function", "detail": fmt.Sprint(reason),
	})
	header := a.Header()
	for name := range header {
		delete(header, name)
	}
	header.Set("Content-Type", "application/problem+json")
	a.WriteHeader(http.StatusInternalServerError)
	a.Write(body)
}

func milliseconds(text string) (time.Duration, bool) {
	count, err := strconv.ParseUint(text, 10, 40)
	return time.Duration(count) * time.Millisecond, err == nil
}
