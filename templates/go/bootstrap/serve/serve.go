// Package serve is a replica's process: it listens, serves calls, and on SIGTERM finishes those that run.
package serve

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
)

// Handler is what a function's package has under the name Handle.
type Handler func(ctx context.Context, w http.ResponseWriter, r *http.Request)

// Main serves until SIGTERM and does not return before the last call is done.
func Main(handler Handler) {
	cell := takeCell()
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM, syscall.SIGINT)
	listener, err := listen()
	if err != nil {
		fmt.Fprintln(os.Stderr, "cannot listen:", err)
		os.Exit(1)
	}
	cell.ready()
	calls := &calls{handler: handler, process: processOf(os.Getenv)}
	server := &http.Server{Handler: calls, ErrorLog: log.New(os.Stderr, "", 0)}
	go func() {
		if err := server.Serve(listener); err != http.ErrServerClosed {
			fmt.Fprintln(os.Stderr, "cannot accept:", err)
			os.Exit(1)
		}
	}()
	<-terminated
	server.Shutdown(context.Background())
	calls.running.Wait() // those that took their connection over, too
}

// listen is there for nobody until it accepts: bound by another name in the folder of $HEARTH_SOCKET, then renamed.
func listen() (net.Listener, error) {
	path := os.Getenv("HEARTH_SOCKET")
	if path == "" {
		port := os.Getenv("PORT")
		if port == "" {
			port = "8080"
		}
		return net.Listen("tcp", ":"+port)
	}
	staging := fmt.Sprintf("%s.%d", path, os.Getpid())
	os.Remove(staging)
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: staging, Net: "unix"})
	if err != nil {
		return nil, err
	}
	listener.SetUnlinkOnClose(false)
	os.Chmod(staging, 0o666) // its folder says who may come here
	return listener, os.Rename(staging, path)
}

type calls struct {
	handler Handler
	process process
	running sync.WaitGroup
	busy    atomic.Int64 // as many as are running
}
