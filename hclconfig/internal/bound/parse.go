package bound

import (
	"bytes"
	"fmt"
	"strings"

	hcljson "github.com/hashicorp/hcl/v2/json"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"iggysink/hclconfig/internal/finding"
	"iggysink/hclconfig/internal/mask"
	"iggysink/internal/jsonscan"
)

// Parse returns the body of a file that Guard lets through, or why it has none.
func Parse(f *mask.File, q *Quota) (hcl.Body, finding.Diagnostics) {
	if found := Guard(f, q); len(found) > 0 {
		return nil, found
	}
	if !f.JSON && endsWithCR(f.Text) {
		var r finding.Report
		i := bytes.IndexByte(f.Text, '\r')
		r.At(RangeAt(f.Name, f.Text, i, i+1), "invalid-encoding", "the file's lines end with CR alone",
			"Save it with LF, or CR and LF, at the end of a line.")
		return nil, r.Found
	}
	var file *hcl.File
	var diags hcl.Diagnostics
	if f.JSON {
		file, diags = hcljson.Parse(f.Text, f.Name)
		diags = finding.FirstMistake(diags)
	} else {
		file, diags = hclsyntax.ParseConfig(f.Text, f.Name, hcl.InitialPos)
	}
	if !diags.HasErrors() {
		return file.Body, nil
	}
	var r finding.Report
	if f.JSON {
		if at, open := wrongBracket(f.Text); at >= 0 && finding.Subject(diags[0]).Start.Byte >= at {
			r.At(RangeAt(f.Name, f.Text, at, at+1), "syntax", "the closing bracket does not match",
				fmt.Sprintf("%c is closed by %c: the one at %s.", f.Text[open], f.Text[open]+2,
					finding.Place(RangeAt(f.Name, f.Text, open, open+1))))
			return nil, r.Found
		}
		if at := finding.Subject(diags[0]).Start.Byte; strings.HasPrefix(diags[0].Summary, "Invalid ") && at < len(f.Text) && f.Text[at] == ',' {
			r.At(RangeAt(f.Name, f.Text, at, at+1), "syntax", "unexpected comma", "Nothing stands in front of it. Remove it.")
			return nil, r.Found
		}
		r.Syntax(diags[0])
		return nil, r.Found
	}
	tokens, _ := hclsyntax.LexConfig(f.Text, f.Name, hcl.InitialPos) // whose findings are among those of the parser
	(&source{f.Name, f.Text, tokens}).mistakes(&r, diags)
	r.More()
	return nil, r.Found
}

// wrongBracket returns the first closing bracket of a JSON text that does not match the one that is open, and that one; -1 if
// there is none. HCL's parser complains somewhere behind it.
func wrongBracket(text []byte) (at, open int) {
	var opened []int
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			end, whole := jsonscan.StringEnd(text, i)
			if !whole {
				return -1, -1
			}
			i = end - 1
		case '{', '[':
			opened = append(opened, i)
		case '}', ']':
			if len(opened) == 0 {
				return -1, -1
			}
			last := opened[len(opened)-1]
			if text[last]+2 != text[i] { // of both kinds the closing one comes two behind the opening one
				return i, last
			}
			opened = opened[:len(opened)-1]
		}
	}
	return -1, -1
}

// endsWithCR reports whether the lines of a text end with CR alone, as those of old editors do. The whole file is one line
// then, so that each of them would be a mistake.
func endsWithCR(text []byte) bool {
	text = bytes.TrimRight(text, "\r\n")
	return bytes.IndexByte(text, '\n') < 0 && bytes.IndexByte(text, '\r') >= 0
}
