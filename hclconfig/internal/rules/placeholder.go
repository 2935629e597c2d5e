package rules

import (
	"fmt"

	"iggysink/hclconfig/internal/finding"
	"iggysink/schema"
)

// placeholders finds what other languages fill in, in the url and in the headers: it is sent as it is.
func (r sinkRules) placeholders() {
	if r.known("url") {
		r.placeholdersOf(r.sink.URL, r.Places.Find(r.pointer+"/url"))
	}
	for _, name := range r.headerNames() {
		if o := r.headerAt(name); !o.Unknown {
			r.placeholdersOf(r.sink.Headers[name], o)
		}
	}
}

func (r sinkRules) placeholdersOf(template schema.Template, o *finding.Origin) {
	for _, segment := range template.Segments() {
		for _, p := range finding.Placeholders(segment.Text) {
			switch {
			case !o.Literal:
				r.At(o.Value, "placeholder", "a placeholder is sent as it is", fmt.Sprintf(
					"The text comes from outside, and nothing in it is filled in: write %s in the configuration.", p.Meant))
			case p.Written != p.Meant: // otherwise somebody has escaped it
				r.OfferSource(p.Written, p.Meant)
				r.At(o.Value, "placeholder", p.Written+" is sent as it is",
					fmt.Sprintf("Other languages fill it in, and this one does not. Did you mean %s?", p.Meant))
			}
		}
	}
}
