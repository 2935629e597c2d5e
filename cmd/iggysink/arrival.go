package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// maxArrivalBytes bounds the body that an endpoint of ours reads into memory: six times the default limit of a sink.
const maxArrivalBytes = 64 << 20

// arrival is one request as it came.
type arrival struct {
	Time   time.Time
	Method string
	Path   string // with the query, as on the request line
	Header http.Header
	Body   []byte
	Status int // what it was answered with
}

// endpoint is an HTTP handler that hands each request to print, one at a time, and answers it.
type endpoint struct {
	answer func() (status int, delay time.Duration)
	print  func(arrival) error
	failed func(error) // told once when print fails: the reader of stdout is gone

	mu    sync.Mutex // arrivals are printed whole, and in the order in which their bodies were complete
	ended bool
}

// ServeHTTP reads the whole body before it answers, so that what is printed is what the sender got its answer for.
func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxArrivalBytes))
	status, delay := e.answer()
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		status = http.StatusRequestEntityTooLarge
	} else if err != nil {
		panic(http.ErrAbortHandler) // net/http would answer 200 to half a request
	}
	e.show(arrival{
		Time: time.Now(), Method: r.Method, Path: r.URL.RequestURI(), Header: r.Header, Body: body, Status: status,
	})
	if delay > 0 {
		timer := time.NewTimer(delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
			panic(http.ErrAbortHandler) // a return would answer 200 before its time
		}
	}
	if status == http.StatusNoContent || status == http.StatusNotModified {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "{\"status\":%d}\n", status) // a sender that does not read its answer has hung up
}

func (e *endpoint) show(a arrival) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended {
		return
	}
	if err := e.print(a); err != nil {
		e.ended = true
		e.failed(err)
	}
}
