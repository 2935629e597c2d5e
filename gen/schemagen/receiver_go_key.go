package schemagen

import (
	"slices"
	"strings"
)

// keyName is the Go name of the type and of the method that name a message.
const keyName = "Key"

// keyPart is a part of what names a message for good, and the property that holds it.
type keyPart struct {
	source string    // its x-source
	holder *property // the first that is always there; nil if the envelope has none
	path   string    // Go fields from the root to the holder
}

// key returns the parts that name a message, most general first. It is nil where no property always holds the offset: what
// is left would be the same for many messages, and whoever recognises repetitions by it would lose all of them but one.
func (d *Model) key() []keyPart {
	var parts []keyPart
	for _, source := range []string{"stream", "topic", "partition", "offset"} {
		holder, path := d.root.alwaysHolds(source)
		parts = append(parts, keyPart{source, holder, path})
	}
	if parts[len(parts)-1].holder == nil {
		return nil
	}
	return parts
}

// alwaysHolds returns the first property that every valid document has and that the source fills, and its Go fields.
func (s *schema) alwaysHolds(source string) (*property, string) {
	for _, f := range s.properties {
		if !s.requires(f.key) {
			continue
		}
		if f.source == source {
			path := f.field()
			return f, path
		}
		if t := f.resolved(); f.source == "" && t.kind == "object" && t.values == nil {
			if holder, path := t.alwaysHolds(source); holder != nil {
				return holder, f.field() + "." + path
			}
		}
	}
	return nil, ""
}

// printKey prints the type that names a message, and the method that gives it. The fields have the names of the sources,
// whatever the properties are called: code that uses them goes on to compile when a property is renamed.
func printKey(p *printer, d *Model) {
	parts := d.key()
	if parts == nil {
		return
	}
	var lacking []string
	for _, part := range parts {
		if part.holder == nil {
			lacking = append(lacking, part.source)
		}
	}
	doc := keyName + " names a message for good: it is the same in every delivery, and no other message of the server has it. " +
		"As the key of a map it recognises what was delivered before."
	if len(lacking) > 0 {
		doc += " Use it only among messages of one " + strings.Join(lacking, " and one ") +
			", which the envelope does not always tell."
	}
	present := slices.DeleteFunc(parts, func(part keyPart) bool { return part.holder == nil })
	p.comment(doc)
	p.line("type %s struct {", keyName)
	for _, part := range present {
		p.line("%s %s", goName(part.source), goType(p, part.holder.schema))
	}
	p.line("}\n")
	p.comment(keyName + " returns what names the message.")
	p.line("func (v *%s) %s() %s {", d.root.name, keyName, keyName)
	p.line("return %s{", keyName)
	for _, part := range present {
		p.line("%s: v.%s,", goName(part.source), part.path)
	}
	p.line("}\n}\n")
}

// keyProblems refuses what has the name of the key's method.
func (r *reader) keyProblems(d *Model) {
	if d.key() == nil {
		return
	}
	for _, f := range d.root.properties {
		if f.field() == keyName {
			r.fail(f.at, "the Go name %s is taken: add x-go-name", keyName)
		}
	}
}
