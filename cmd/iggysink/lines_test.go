package main

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

func TestEachBatchCutsLines(t *testing.T) {
	long := strings.Repeat("x", 70<<10)
	for _, tt := range []struct {
		name, in string
		want     []string
	}{
		{"nothing", "", nil},
		{"the last line needs no line break", "a\nb", []string{"a", "b"}},
		{"a final line break adds no message", "a\n", []string{"a"}},
		{"both kinds of line breaks", "a\r\nb\n", []string{"a", "b"}},
		{"empty lines are skipped", "\na\n\r\n\nb\n", []string{"a", "b"}},
		{"spaces belong to the message", "  a \n", []string{"  a "}},
		{"a carriage return inside stays", "a\rb\n", []string{"a\rb"}},
		{"a line longer than the buffer", long + "\nb\n", []string{long, "b"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			err := eachBatch(strings.NewReader(tt.in), func(lines [][]byte) error {
				for _, line := range lines {
					got = append(got, string(line))
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEachBatchIsBounded(t *testing.T) {
	in := strings.Repeat("x\n", 2500)
	var sizes []int
	err := eachBatch(strings.NewReader(in), func(lines [][]byte) error {
		sizes = append(sizes, len(lines))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{1000, 1000, 500}, sizes); diff != "" {
		t.Error(diff)
	}
}

// A producer that writes a line and waits must see it sent before it writes the next.
func TestEachBatchDoesNotSitOnALine(t *testing.T) {
	r, w := io.Pipe()
	sent := make(chan string)
	done := make(chan error, 1)
	go func() {
		done <- eachBatch(r, func(lines [][]byte) error {
			sent <- string(lines[0])
			return nil
		})
	}()
	for _, line := range []string{"first", "second"} {
		if _, err := io.WriteString(w, line+"\n"); err != nil {
			t.Fatal(err)
		}
		if got := <-sent; got != line {
			t.Errorf("sent %q, want %q", got, line)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestEachBatchSendsWhatItReadBeforeAnError(t *testing.T) {
	broken := errors.New("broken")
	r := io.MultiReader(strings.NewReader("a\nb\nc"), iotest.ErrReader(broken))
	var got []string
	err := eachBatch(r, func(lines [][]byte) error {
		for _, line := range lines {
			got = append(got, string(line))
		}
		return nil
	})
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "line 3") {
		t.Errorf("error %v, want the reader's, with the line", err)
	}
	if diff := cmp.Diff([]string{"a", "b"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestEachBatchRefusesAnEndlessLine(t *testing.T) {
	err := eachBatch(io.LimitReader(endless{}, 2*maxLineBytes), func([][]byte) error {
		return errors.New("sent a part of a line")
	})
	if err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Errorf("error %v, want one about the length", err)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}
