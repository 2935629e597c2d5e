package golden

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/txtar"
)

// Update returns the vector's file with other expectations; options, messages and answers stay as they are.
func (v *Vector) Update(requests []Request, rejected []Rejected) []byte {
	archive := txtar.Parse(v.source)
	kept := archive.Files[:0]
	for _, f := range archive.Files {
		if kind, _, _ := strings.Cut(f.Name, " "); kind != "request" && kind != "rejected" {
			kept = append(kept, f)
		}
	}
	for i, r := range requests {
		kept = append(kept, txtar.File{Name: fmt.Sprintf("request %d", i), Data: r.format()})
	}
	if len(rejected) > 0 {
		var b bytes.Buffer
		for _, r := range rejected {
			fmt.Fprintf(&b, "%d %s\n", r.Message, r.Why)
		}
		kept = append(kept, txtar.File{Name: "rejected", Data: b.Bytes()})
	}
	archive.Files = kept
	return txtar.Format(archive)
}

// format writes a request as Parse reads it.
func (r *Request) format() []byte {
	indexes := strings.Trim(fmt.Sprint(r.Messages), "[]")
	return formatBody(fmt.Appendf(nil, "content_type %s\nmessages %s\n", r.ContentType, indexes), r.Body)
}

// formatBody appends a body as Parse reads it.
func formatBody(b, body []byte) []byte {
	if len(body) == 0 {
		return append(b, "text\n"...)
	}
	for line := range bytes.Lines(body) {
		text, ended := bytes.CutSuffix(line, []byte("\n"))
		switch {
		case !printable(text):
			b = append(b, "quoted "+strconv.Quote(string(line))+"\n"...)
		case ended:
			b = append(b, "line "+string(line)...)
		default:
			b = append(b, "text "+string(line)+"\n"...)
		}
	}
	return b
}

// printable reports whether a person sees in an editor what b holds.
func printable(b []byte) bool {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 || !strconv.IsPrint(r) {
			return false
		}
		b = b[n:]
	}
	return true
}
