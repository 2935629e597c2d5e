package lang

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"iggysink/hclconfig/internal/finding"
	"iggysink/hclconfig/internal/mask"
	"iggysink/hclconfig/internal/words"
)

// Content reads a body by its table and tells what does not belong there.
func (s *Scope) Content(body hcl.Body, want *hcl.BodySchema, title string) (content *hcl.BodyContent, meant []string) {
	content, diags := body.Content(want)
	for _, d := range diags {
		if s.Full(finding.Error) {
			continue
		}
		rng := finding.Subject(d)
		name := s.Files.TextAt(rng)
		switch {
		case d.Summary == "Missing block label" && slices.ContainsFunc(diags, func(other *hcl.Diagnostic) bool {
			return other.Summary == "Incorrect JSON value type" && finding.Subject(other) == rng
		}): // no object, so that it has no labels either
		case d.Summary == "Unsupported argument", d.Summary == "Extraneous JSON object property",
			d.Summary == "Unsupported block type":
			if known := s.unknown(d, want, content, title); known != "" {
				meant = append(meant, known)
			}
		case d.Summary == "Duplicate argument":
			s.At(rng, "duplicate-attribute", fmt.Sprintf("%q is set twice", name), "Each attribute is set once in a block.")
		case strings.HasPrefix(d.Summary, "Extraneous label"), d.Summary == "Missing block label",
			strings.HasPrefix(d.Summary, "Missing ") && strings.Contains(d.Summary, " for "):
			s.labels(rng, d.Summary, want)
		case d.Summary == "Incorrect JSON value type":
			s.At(rng, "wrong-type", "a JSON object is expected", "A block is an object; its label is the name of a property: "+
				`{"sink": {"orders": { ... }}}.`)
		default:
			s.Syntax(d)
		}
	}
	return content, meant
}

// unknown tells of a name that means nothing here. It returns what may be meant by it, and is not there.
func (s *Scope) unknown(d *hcl.Diagnostic, want *hcl.BodySchema, content *hcl.BodyContent, title string) (meant string) {
	rng := finding.Subject(d)
	name := s.Files.TextAt(rng)
	isBlock := d.Summary == "Unsupported block type" ||
		d.Summary == "Extraneous JSON object property" && s.meansBlock(rng, name, want)
	for _, later := range words.Later() {
		if name == later {
			s.At(rng, "not-built", fmt.Sprintf("the block %q is not built yet", name),
				"It comes with a later version. Take it out.")
			return ""
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
		closest := s.Closest(name, append(same, other...))
		there := content.Attributes[closest] != nil || slices.ContainsFunc(content.Blocks, func(b *hcl.Block) bool {
			return b.Type == closest || b.Type == "dynamic" && b.Labels[0] == closest
		})
		if !there {
			meant = closest
		}
		detail = finding.Join(finding.YouMean(closest), finding.AlreadyThere(closest, content, rng))
	}
	s.At(rng, rule, fmt.Sprintf("unknown %s %q", kind, mask.Printable(name)), finding.Join(finding.NotIn(title), detail))
	return meant
}

func (s *Scope) labels(rng hcl.Range, summary string, want *hcl.BodySchema) {
	detail := "Labels stand between the type of a block and its opening brace."
	for _, b := range want.Blocks {
		if strings.HasSuffix(summary, " for "+b.Type) {
			detail = fmt.Sprintf("A %s block has no label.", b.Type)
			if len(b.LabelNames) > 0 {
				detail = fmt.Sprintf("A %s block has %d label, its %s.", b.Type, len(b.LabelNames), strings.Join(b.LabelNames, ", "))
			}
		}
	}
	s.At(rng, "block-labels", "", detail)
}
