// Package hearth tells a handler of its call. Outside of Hearth, as in a unit test, a call is empty and its log is
// standard error. At deploy the runtime's own copy of this package takes the place of this one.
package hearth

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"strings"
)

// Call is one execution of a function. Its deadline is the context's.
type Call struct {
	ID          string
	Function    string
	Namespace   string
	Revision    int
	Traceparent string // W3C; pass it on to what the function calls
}

type key struct{}

// NewContext is for tests, and for the runtime.
func NewContext(ctx context.Context, call Call) context.Context {
	return context.WithValue(ctx, key{}, call)
}

// FromContext is the call that ctx belongs to; empty where there is none.
func FromContext(ctx context.Context) Call {
	call, _ := ctx.Value(key{}).(Call)
	return call
}

// PathValue is a parameter of the path where an HTTP trigger matched, decoded; empty where there is none of that name.
// A test sets the header Hearth-Param-NAME.
func PathValue(r *http.Request, name string) string {
	value := r.Header.Get("Hearth-Param-" + name)
	if decoded, err := url.PathUnescape(value); err == nil {
		return decoded
	}
	return value
}

// Logger writes to standard error.
func Logger(ctx context.Context) *log.Logger { return log.New(Stderr(ctx), "", 0) }

// Stdout and Stderr are the process's own, in lines that bear the call's id. What is written to os.Stdout is in the
// function's log too, but belongs to no call: Go does not say on whose behalf a goroutine runs.
func Stdout(ctx context.Context) io.Writer { return lines{os.Stdout, FromContext(ctx).ID} }

// Stderr is like Stdout.
func Stderr(ctx context.Context) io.Writer { return lines{os.Stderr, FromContext(ctx).ID} }

// lines puts the mark by which Hearth knows a call's lines before each of them; a Write is one or more whole lines.
type lines struct {
	to io.Writer
	id string
}

func (l lines) Write(text []byte) (int, error) {
	if l.id == "" {
		return l.to.Write(text)
	}
	mark := "\x1f" + l.id + "\x1f"
	whole := strings.TrimSuffix(string(text), "\n")
	if _, err := io.WriteString(l.to, mark+strings.ReplaceAll(whole, "\n", "\n"+mark)+"\n"); err != nil {
		return 0, err
	}
	return len(text), nil
}
