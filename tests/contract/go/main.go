// The handler of the contract suite, as of-watchdog starts one: an HTTP server on PORT.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

func number(r *http.Request) int {
	n, _ := strconv.Atoi(r.URL.RawQuery)
	return n
}

func main() {
	// The watchdog passes SIGTERM on at once, and still sends requests.
	signal.Ignore(syscall.SIGTERM)
	http.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		io.Copy(w, r.Body)
	})
	http.HandleFunc("/status", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(number(r))
	})
	http.HandleFunc("/seen", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s %s", r.Method, r.URL.RequestURI(), r.Header.Get("X-Call-Id"))
	})
	http.HandleFunc("/sleep", func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(time.Duration(number(r)) * time.Millisecond):
		case <-r.Context().Done():
		}
		io.WriteString(w, "slept")
	})
	http.HandleFunc("/stream", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, "data: first\n\n")
		w.(http.Flusher).Flush()
		time.Sleep(time.Duration(number(r)) * time.Millisecond)
		io.WriteString(w, "data: last\n\n")
	})
	if err := http.ListenAndServe("127.0.0.1:"+os.Args[1], nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
