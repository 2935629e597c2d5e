package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// startReceiver runs the receiver of f until the test ends and returns its URL and what it printed so far.
func startReceiver(t *testing.T, f receiverFlags) (url string, lines func() []arrivalLine) {
	t.Helper()
	f.address = "127.0.0.1:0"
	ready, readyWriter := io.Pipe()
	printed := make(chan []byte, 100)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.serve(ctx, writerFunc(func(p []byte) { printed <- bytes.Clone(p) }), readyWriter) }()
	line := make([]byte, 100)
	n, err := ready.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return strings.TrimSpace(strings.TrimPrefix(string(line[:n]), "ready ")), func() (all []arrivalLine) {
		for len(printed) > 0 {
			var a arrivalLine
			if err := json.Unmarshal(<-printed, &a); err != nil {
				t.Error(err)
			}
			all = append(all, a)
		}
		return all
	}
}

type writerFunc func([]byte)

func (f writerFunc) Write(p []byte) (int, error) {
	f(p)
	return len(p), nil
}

func post(t *testing.T, url string, body []byte) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Tenant", "acme")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Error(err)
	}
	return response.StatusCode
}

func TestReceiverPrintsARequestBeforeItsAnswer(t *testing.T) {
	url, lines := startReceiver(t, receiverFlags{status: http.StatusAccepted})
	if status := post(t, url+"/ingest?a=1", []byte(`{"name":"<Älice>"}`)); status != http.StatusAccepted {
		t.Errorf("status %d, want 202", status)
	}
	got := lines()
	if len(got) != 1 {
		t.Fatalf("%d lines, want 1", len(got))
	}
	a := got[0]
	if a.Method != http.MethodPost || a.Path != "/ingest?a=1" || a.Status != 202 || a.Body == nil || *a.Body != `{"name":"<Älice>"}` {
		t.Errorf("printed %+v", a)
	}
	if a.Headers["X-Tenant"][0] != "acme" {
		t.Errorf("headers %v", a.Headers)
	}
}

func TestReceiverPrintsBytesThatAreNotTextAsBase64(t *testing.T) {
	url, lines := startReceiver(t, receiverFlags{status: http.StatusOK})
	post(t, url, []byte{0xff, 0, 1})
	if a := lines()[0]; a.Body != nil || !bytes.Equal(a.Base64, []byte{0xff, 0, 1}) {
		t.Errorf("printed %+v", a)
	}
}

func TestReceiverFailsTheFirstRequests(t *testing.T) {
	url, lines := startReceiver(t, receiverFlags{status: http.StatusOK, failFirst: 2})
	var got []int
	for range 3 {
		got = append(got, post(t, url, nil))
	}
	if got[0] != 503 || got[1] != 503 || got[2] != 200 {
		t.Errorf("answers %v, want 503 503 200", got)
	}
	if a := lines(); len(a) != 3 || a[1].Status != 503 {
		t.Errorf("printed %+v", a)
	}
}

func TestReceiverRefusesWhatItCannotAnswerWith(t *testing.T) {
	for _, f := range []receiverFlags{{status: 99}, {status: 600}, {status: 200, failFirst: -1}, {status: 200, delay: -1}} {
		if err := f.serve(t.Context(), io.Discard, io.Discard); err == nil {
			t.Errorf("%+v was accepted", f)
		}
	}
}

// A stop must not wait for an answer that --delay holds back, nor for a connection that never sends a request.
func TestReceiverStopsWhileItHoldsAnAnswerBack(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	arrived := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- serveEndpoint(ctx, listener, func() (int, time.Duration) { return http.StatusOK, time.Hour },
			func(arrival) error { close(arrived); return nil })
	}()
	silent, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	hungUp := make(chan error, 1)
	go func() {
		response, err := http.Post("http://"+listener.Addr().String(), "text/plain", strings.NewReader("x"))
		if err == nil {
			err = errors.Join(errors.New("answered"), response.Body.Close())
		}
		hungUp <- err
	}()
	<-arrived
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := <-hungUp; err == nil || strings.Contains(err.Error(), "answered") {
		t.Errorf("the sender got %v, want a closed connection", err)
	}
	if err := silent.Close(); err != nil {
		t.Error(err)
	}
}

func TestAReaderOfStdoutThatIsGoneEndsTheReceiver(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken pipe")
	done := make(chan error, 1)
	go func() {
		done <- serveEndpoint(t.Context(), listener, func() (int, time.Duration) { return http.StatusOK, 0 },
			func(arrival) error { return broken })
	}()
	response, err := http.Post("http://"+listener.Addr().String(), "text/plain", strings.NewReader("x"))
	if err == nil {
		err = response.Body.Close()
	}
	t.Log("the sender:", err) // it may or may not have got its answer
	if err := <-done; !errors.Is(err, broken) {
		t.Errorf("got %v, want the error of the write", err)
	}
}
