package lang

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"iggysink/hclconfig/internal/finding"
	"iggysink/hclconfig/internal/mask"
	"iggysink/hclconfig/internal/words"
)

// Content reads a body by its table and tells what does not belong there.
func (s *Scope) Content(body hcl.Body, want *hcl.BodySchema, title string) (content *hcl.BodyContent, meant []string) {
	content, diags := body.Content(want)
	content, diags, meant = s.unlabelled(body, want, content, diags)
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
			if lacking := s.labels(d, want); lacking != "" {
				meant = append(meant, lacking)
			}
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
				"A later version will support it. Remove it.")
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
		s.UnknownTop = s.UnknownTop || title == ""
		kind, hint = "block", "%q is an attribute here: write it as %s = value."
	}
	var detail string
	switch elsewhere := finding.Belongs(name, title); {
	case name == "count" && title == "sink":
		s.countTold = true
		detail = "Did you mean \"for_each\"? It makes a sink for each element of a map or a set: for_each = toset([\"a\", \"b\"])."
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

// labels tells of a block with too many or too few labels. It returns the type of the block, which is there all the same.
func (s *Scope) labels(d *hcl.Diagnostic, want *hcl.BodySchema) (blockType string) {
	rng := finding.Subject(d)
	detail := "Write labels between the type of a block and its opening brace."
	for _, b := range want.Blocks {
		unnamed := d.Summary == "Missing block label" && len(b.LabelNames) > 0
		if !strings.HasSuffix(d.Summary, " for "+b.Type) && !unnamed {
			continue
		}
		blockType = b.Type
		detail = fmt.Sprintf("A %s block has no label.", b.Type)
		if len(b.LabelNames) > 0 {
			detail = fmt.Sprintf("A %s block has one label, its %s: %s { ... }.", b.Type, b.LabelNames[0], labelled(b))
		}
		if d.Summary != "Missing block label" {
			break
		}
		detail = fmt.Sprintf("The name of a property is the label: %s.", labelledJSON(b))
	}
	if f := s.Files.Of(rng); f != nil && d.Context != nil {
		f.ShowName(*d.Context)
	}
	if blockType == "dead_letter" && d.Summary != "Missing block label" && strings.HasPrefix(d.Summary, "Missing ") {
		s.OfferSource("", `"file" `)
	}
	s.At(rng, "block-labels", "", detail)
	return blockType
}

// exampleLabel is a label as it may be for a block.
func exampleLabel(b hcl.BlockHeaderSchema) string {
	if b.Type == "dead_letter" {
		return "file"
	}
	if b.Type == "dynamic" {
		return "stream"
	}
	return "NAME"
}

func labelled(b hcl.BlockHeaderSchema) string { return fmt.Sprintf("%s %q", b.Type, exampleLabel(b)) }

func labelledJSON(b hcl.BlockHeaderSchema) string {
	return fmt.Sprintf(`{%q: {%q: { ... }}}`, b.Type, exampleLabel(b))
}

// unlabelled tells of the blocks of a JSON file that lack their label, so that their attributes would be taken for labels,
// each with a finding or two. It takes them, and what was found in them, away, and returns their types.
func (s *Scope) unlabelled(body hcl.Body, want *hcl.BodySchema, content *hcl.BodyContent, diags hcl.Diagnostics) (
	*hcl.BodyContent, hcl.Diagnostics, []string,
) {
	if _, isNative := body.(*hclsyntax.Body); isNative {
		return content, diags, nil
	}
	properties, _ := body.JustAttributes() // what is no object was told
	var types []string
	for _, b := range want.Blocks {
		p := properties[b.Type]
		if p == nil || len(b.LabelNames) == 0 || !isUnlabelled(p.Expr, b.Type) {
			continue
		}
		s.At(p.NameRange, "block-labels", "", fmt.Sprintf("A %s block has one label, its %s: %s.", b.Type, b.LabelNames[0], labelledJSON(b)))
		types = append(types, b.Type)
		inside := func(rng hcl.Range) bool {
			return p.Expr.Range().Start.Byte <= rng.Start.Byte && rng.End.Byte <= p.Expr.Range().End.Byte
		}
		diags = slices.DeleteFunc(slices.Clone(diags), func(d *hcl.Diagnostic) bool { return inside(finding.Subject(d)) })
		kept := *content
		kept.Blocks = slices.DeleteFunc(slices.Clone(content.Blocks), func(block *hcl.Block) bool { return inside(block.DefRange) })
		content = &kept
	}
	return content, diags, types
}

// isUnlabelled reports whether an object has attributes of a block where its labels should be.
func isUnlabelled(expr hcl.Expression, blockType string) bool {
	if list, diags := hcl.ExprList(expr); !diags.HasErrors() {
		return slices.ContainsFunc(list, func(e hcl.Expression) bool { return isUnlabelled(e, blockType) })
	}
	pairs, diags := hcl.ExprMap(expr)
	if diags.HasErrors() {
		return false
	}
	for _, pair := range pairs {
		name := KeyOf(pair.Key)
		isObject := false
		if _, diags := hcl.ExprMap(pair.Value); !diags.HasErrors() {
			isObject = true
		}
		if isObject {
			continue
		}
		for table := range words.ConfigBlock().All() {
			if table.Name == blockType && table.Setting(name) != nil {
				return true
			}
		}
		if blockType == "variable" && words.VariableBlock().Setting(name) != nil {
			return true
		}
	}
	return false
}
