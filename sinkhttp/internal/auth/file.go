package auth

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"iggysink/internal/boundedfile"
)

const (
	maxToken   = 64 << 10    // bytes of a token file
	checkEvery = time.Second // how often a file is looked at
)

// file is a bearer token that stands in a file, which may be written anew at any time, as Kubernetes does.
type file struct {
	path string

	mu         sync.Mutex
	value      string // of the header
	generation Generation
	stamp      stamp
	checked    time.Time
}

// stamp tells whether a file has changed.
type stamp struct {
	modified time.Time
	size     int64
}

func newFile(path string) (*file, error) {
	f := &file{path: path}
	if err := f.read(time.Time{}); err != nil {
		return nil, fmt.Errorf("auth: token_file: %w", err)
	}
	return f, nil
}

// Apply implements Credential. A file that cannot be read any more, or is half-written, leaves the last token in use.
func (f *file) Apply(_ context.Context, r *Request) (Generation, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !r.Time.Before(f.checked.Add(checkEvery)) {
		if info, err := os.Stat(f.path); err == nil && f.stamp != stampOf(info) {
			_ = f.read(r.Time) // the token that there is may still do, and a 401 says if not
		}
		f.checked = r.Time
	}
	r.Header["Authorization"] = []string{f.value}
	return f.generation, nil
}

// Offline implements Credential: all of it is in the file.
func (f *file) Offline(r *Request) map[string]string {
	_, _ = f.Apply(context.Background(), r) // reads a file, and gives no error
	return nil
}

// Describe implements Credential.
func (f *file) Describe() string { return "the token of token_file" }

// Renew implements Credential.
func (f *file) Renew(used Generation) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if used != f.generation {
		return true // it was read again since
	}
	_ = f.read(f.checked)
	return used != f.generation
}

func stampOf(info os.FileInfo) stamp { return stamp{info.ModTime(), info.Size()} }

// read reads the file. The caller holds mu, or is the constructor.
func (f *file) read(now time.Time) error {
	info, err := os.Stat(f.path) // first: a file that is written in between differs at the next look
	if err != nil {
		return err
	}
	text, err := boundedfile.Read(f.path, maxToken)
	token := strings.TrimSpace(string(text))
	switch {
	case err != nil:
		return err
	case token == "":
		return errors.New("is empty")
	case strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return errors.New("does not hold a token: a token contains no white space and no control characters")
	}
	f.stamp, f.checked = stampOf(info), now
	if value := "Bearer " + token; value != f.value {
		f.value = value
		f.generation++
	}
	return nil
}
