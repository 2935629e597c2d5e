package hclconfig

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"iggysink/hclconfig/internal/finding"
	"iggysink/hclconfig/internal/mask"
	"iggysink/hclconfig/internal/words"
)

// content reads a body by its table and tells what does not belong there.
func (l *loader) content(body hcl.Body, want *hcl.BodySchema, title string) *hcl.BodyContent {
	content, diags := body.Content(want)
	l.meantHere = nil
	for _, d := range diags {
		if l.Full(Error) {
			continue
		}
		rng := finding.Subject(d)
		name := l.files.TextAt(rng)
		switch {
		case d.Summary == "Missing block label" && slices.ContainsFunc(diags, func(other *hcl.Diagnostic) bool {
			return other.Summary == "Incorrect JSON value type" && finding.Subject(other) == rng
		}): // no object, so that it has no labels either
		case d.Summary == "Unsupported argument", d.Summary == "Extraneous JSON object property",
			d.Summary == "Unsupported block type":
			isBlock := d.Summary == "Unsupported block type" ||
				d.Summary == "Extraneous JSON object property" && l.meansBlock(rng, name, want)
			l.unknown(rng, name, want, content, title, isBlock)
		case d.Summary == "Duplicate argument":
			l.At(rng, "duplicate-attribute", fmt.Sprintf("%q is set twice", name), "Each attribute is set once in a block.")
		case strings.HasPrefix(d.Summary, "Extraneous label"), d.Summary == "Missing block label",
			strings.HasPrefix(d.Summary, "Missing ") && strings.Contains(d.Summary, " for "):
			l.labels(rng, d.Summary, want)
		case d.Summary == "Incorrect JSON value type":
			l.At(rng, "wrong-type", "a JSON object is expected", "A block is an object; its label is the name of a property: "+
				`{"sink": {"orders": { ... }}}.`)
		default:
			l.Syntax(d)
		}
	}
	return content
}

// unknown tells of a name that means nothing here.
func (l *loader) unknown(rng hcl.Range, name string, want *hcl.BodySchema, content *hcl.BodyContent, title string, isBlock bool) {
	for _, later := range words.Later() {
		if name == later {
			l.At(rng, "not-built", fmt.Sprintf("the block %q is not built yet", name),
				"It comes with a later version. Take it out.")
			return
		}
	}
	var attributes, blocks []string
	for _, a := range want.Attributes {
		attributes = append(attributes, a.Name)
	}
	for _, b := range want.Blocks {
		blocks = append(blocks, b.Type)
	}
	rule, same, other := "unknown-attribute", attributes, blocks
	kind, hint := "attribute", "%q is a block here: write it without =, as %s { ... }."
	if isBlock {
		rule, same, other = "unknown-block", blocks, attributes
		kind, hint = "block", "%q is an attribute here: write it as %s = value."
	}
	var detail string
	switch elsewhere := finding.Belongs(name, title); {
	case slices.Contains(other, name):
		detail = fmt.Sprintf(hint, name, name)
	case elsewhere != "":
		detail = elsewhere
	default:
		meant := l.Closest(name, append(same, other...))
		there := content.Attributes[meant] != nil || slices.ContainsFunc(content.Blocks, func(b *hcl.Block) bool {
			return b.Type == meant || b.Type == "dynamic" && b.Labels[0] == meant
		})
		if meant != "" && !there {
			l.meantHere = append(l.meantHere, meant)
		}
		detail = finding.Join(finding.YouMean(meant), finding.AlreadyThere(meant, content, rng))
	}
	l.At(rng, rule, fmt.Sprintf("unknown %s %q", kind, mask.Printable(name)), finding.Join(notIn(title), detail))
}

func notIn(title string) string {
	if title == "" {
		return "Nothing has that name at the top of a file."
	}
	return "Blocks of type " + title + " have nothing of that name."
}

func (l *loader) labels(rng hcl.Range, summary string, want *hcl.BodySchema) {
	detail := "Labels stand between the type of a block and its opening brace."
	for _, b := range want.Blocks {
		if strings.HasSuffix(summary, " for "+b.Type) {
			detail = fmt.Sprintf("A %s block has no label.", b.Type)
			if len(b.LabelNames) > 0 {
				detail = fmt.Sprintf("A %s block has %d label, its %s.", b.Type, len(b.LabelNames), strings.Join(b.LabelNames, ", "))
			}
		}
	}
	l.At(rng, "block-labels", "", detail)
}
