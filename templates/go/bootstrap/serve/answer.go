package serve

import (
	"bufio"
	"io"
	"net"
	"net/http"
)

// answer knows whether a handler has begun its answer, and hides nothing that the server's own writer can do.
type answer struct {
	http.ResponseWriter
	begun bool
}

func (a *answer) WriteHeader(status int) {
	a.begun = a.begun || status >= 200 || status == http.StatusSwitchingProtocols
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(data []byte) (int, error) {
	a.begun = true
	return a.ResponseWriter.Write(data)
}

// ReadFrom makes io.Copy from a file cheap.
func (a *answer) ReadFrom(source io.Reader) (int64, error) {
	a.begun = true
	return a.ResponseWriter.(io.ReaderFrom).ReadFrom(source)
}

func (a *answer) Flush() {
	a.begun = true
	a.ResponseWriter.(http.Flusher).Flush()
}

func (a *answer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	a.begun = true
	return a.ResponseWriter.(http.Hijacker).Hijack()
}

// Unwrap is for http.ResponseController of newer Go.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
