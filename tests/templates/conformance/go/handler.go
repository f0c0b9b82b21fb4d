package function

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	"hearth"
)

type answer func(ctx context.Context, w http.ResponseWriter, r *http.Request)

var answers = map[string]answer{
	"/hello": func(_ context.Context, w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") },
	"/echo":  echo,
	"/teapot": func(_ context.Context, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Kind", "tea")
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, "short and stout")
	},
	"/cookies": func(_ context.Context, w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "1"})
		http.SetCookie(w, &http.Cookie{Name: "b", Value: "2"})
	},
	"/json": func(_ context.Context, w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, map[string]string{"name": "Ada"})
	},
	"/empty":         func(_ context.Context, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
	"/says-2":        func(_ context.Context, w http.ResponseWriter, _ *http.Request) { say(w, "2") },
	"/says-9":        func(_ context.Context, w http.ResponseWriter, _ *http.Request) { say(w, "9") },
	"/says-two":      func(_ context.Context, w http.ResponseWriter, _ *http.Request) { say(w, "two") },
	"/held":          held,
	"/size":          size,
	"/size-streamed": sizeStreamed,
	"/big": func(_ context.Context, w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte(strings.Repeat("x", 8<<20)))
	},
	"/context": tell,
	"/log": func(ctx context.Context, w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(hearth.Stdout(ctx), "to standard output")
		fmt.Fprintln(hearth.Stderr(ctx), "to standard error")
		hearth.Logger(ctx).Print("by the logger")
		fmt.Println("by a plain print")
	},
	"/raise": func(context.Context, http.ResponseWriter, *http.Request) { panic("broken on purpose") },
	"/late": func(_ context.Context, w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "a piece")
		w.(http.Flusher).Flush()
		panic("broken on purpose")
	},
	"/env": func(_ context.Context, w http.ResponseWriter, _ *http.Request) { io.WriteString(w, os.Getenv("LEVEL")) },
	"/tmp": func(_ context.Context, w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, map[string]bool{"tmp": canWrite("/tmp/x"), "root": canWrite("/function/x")})
	},
	"/child": child,
	"/crash": func(context.Context, http.ResponseWriter, *http.Request) { os.Exit(3) },
}

func Handle(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	if answer, ok := answers[r.URL.Path]; ok {
		answer(ctx, w, r)
	} else if strings.HasPrefix(r.URL.Path, "/seen/") {
		writeJSON(w, map[string]string{"method": r.Method, "path": r.URL.Path, "query": r.URL.RawQuery,
			"header": r.Header.Get("X-Test")})
	} else if strings.HasPrefix(r.URL.Path, "/people/") {
		writeJSON(w, map[string]string{"id": hearth.PathValue(r, "id"), "rest_of": hearth.PathValue(r, "rest_of")})
	} else {
		http.NotFound(w, r)
	}
}

func echo(_ context.Context, w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", r.Header.Get("Content-Type"))
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	w.Write(body)
}

func say(w http.ResponseWriter, length string) {
	w.Header().Set("Content-Length", length)
	io.WriteString(w, "abcdef")
}

func child(_ context.Context, w http.ResponseWriter, _ *http.Request) {
	told, err := exec.Command("grep", "Sig", "/proc/self/status").Output()
	if err != nil {
		panic(err)
	}
	w.Write(told)
}

func held(ctx context.Context, w http.ResponseWriter, _ *http.Request) {
	io.WriteString(w, "begun\n")
	w.(http.Flusher).Flush()
	for {
		select {
		case <-ctx.Done():
			hearth.Logger(ctx).Print("cancelled")
			return
		case <-time.After(5 * time.Millisecond):
		}
		if _, err := os.Stat("/run/hearth/gate"); err == nil {
			io.WriteString(w, "over\n")
			return
		}
	}
}

func size(_ context.Context, w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	fmt.Fprint(w, len(body))
}

func sizeStreamed(_ context.Context, w http.ResponseWriter, r *http.Request) {
	count, err := io.Copy(io.Discard, r.Body)
	if err != nil {
		panic(err)
	}
	fmt.Fprint(w, count)
}

func tell(ctx context.Context, w http.ResponseWriter, _ *http.Request) {
	call := hearth.FromContext(ctx)
	deadline, _ := ctx.Deadline()
	writeJSON(w, map[string]any{"call_id": call.ID, "function": call.Function, "namespace": call.Namespace,
		"revision": call.Revision, "traceparent": call.Traceparent,
		"remaining_ms": time.Until(deadline).Milliseconds()})
}

func canWrite(path string) bool { return os.WriteFile(path, []byte("x"), 0o600) == nil }

func writeJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(value)
}
