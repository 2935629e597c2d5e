package hclconfig

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"iggysink/schema"
)

// unused tells of variables and locals that no expression names. It looks at what is written, so that an error elsewhere
// makes nothing look unused.
func (l *loader) unused() {
	used := make(map[string]bool)
	for _, f := range l.files {
		for _, t := range traversals(f.body) {
			for _, root := range []string{"var", "local"} {
				if name, named := nameAfter(t, root); named {
					used[root+"."+name] = true
				} else if t.RootName() == root { // var[expression] may name any of them
					return
				}
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.scope.variables)) {
		if !used["var."+name] {
			l.at(l.scope.variables[name].rng, "unused-variable", fmt.Sprintf("the variable %q is not used", printable(name)), "")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.scope.locals)) {
		if !used["local."+name] {
			l.at(l.scope.locals[name].attr.NameRange, "unused-local", fmt.Sprintf("local.%s is not used", printable(name)), "")
		}
	}
}

// traversals returns every name that a file uses, but those of a variable in its own block.
func traversals(body hcl.Body) (all []hcl.Traversal) {
	native, isNative := body.(*hclsyntax.Body)
	if !isNative {
		attributes, _ := body.JustAttributes() // blocks are objects to it; what is wrong was told
		for _, a := range attributes {
			if a.Name == "variable" {
				all = append(all, inVariables(a.Expr)...)
				continue
			}
			all = append(all, a.Expr.Variables()...)
		}
		return all
	}
	collect := func(node hclsyntax.Node, but string) {
		_ = hclsyntax.VisitAll(node, func(n hclsyntax.Node) hcl.Diagnostics { // gives none itself
			if t, isName := n.(*hclsyntax.ScopeTraversalExpr); isName {
				if name, _ := nameAfter(t.Traversal, "var"); but == "" || name != but {
					all = append(all, t.Traversal)
				}
			}
			return nil
		})
	}
	for _, a := range native.Attributes {
		collect(a, "")
	}
	for _, b := range native.Blocks {
		but := ""
		if b.Type == "variable" && len(b.Labels) == 1 {
			but = b.Labels[0]
		}
		collect(b.Body, but)
	}
	return all
}

// inVariables returns the names that the variable blocks of a JSON file use, but each its own.
func inVariables(expr hcl.Expression) (all []hcl.Traversal) {
	if list, diags := hcl.ExprList(expr); !diags.HasErrors() {
		for _, e := range list {
			all = append(all, inVariables(e)...)
		}
		return all
	}
	pairs, _ := hcl.ExprMap(expr) // what is no object was told
	for _, pair := range pairs {
		for _, t := range pair.Value.Variables() {
			if name, _ := nameAfter(t, "var"); name != keyOf(pair.Key) {
				all = append(all, t)
			}
		}
	}
	return all
}

// limits finds limits of a request that are never reached.
func (r sinkRules) limits() {
	s := r.sink
	if !r.known("batch_mode") {
		return
	}
	for i := range s.Streams {
		st, at := &s.Streams[i], "stream/"+strconv.Itoa(i)+"/"
		if s.BatchMode == schema.BatchModeIndividual || s.BatchMode == schema.BatchModeRaw {
			for _, name := range []string{"batch_length", "batch_wait"} {
				if r.set(at + name) {
					r.tell(at+name, "batch-limit-unused", name+" has no effect",
						"individual and raw send one message a request. Take it out, or take nd_json or json_array.")
				}
			}
			continue
		}
		r.fits(st, at)
	}
}

// fits tells of a batch_length that a request cannot have, however small its messages are.
func (r sinkRules) fits(st *schema.Stream, at string) {
	s := r.sink
	if s.MaxPayloadSizeBytes == 0 || !r.set(at+"batch_length") || len(st.Topics) == 0 || !r.known("max_payload_size_bytes",
		"include_metadata", "include_checksum", "include_origin_timestamp", at+"schema", at+"name", at+"topics") {
		return
	}
	message := schema.Message{}
	if st.Schema == schema.PayloadSchemaJSON {
		message.Payload = []byte("0")
	}
	text, err := schema.NewEnvelopeEncoder(schema.Partition{Stream: st.Name, Topic: slices.MinFunc(st.Topics, func(a, b string) int {
		return len(a) - len(b)
	})}, schema.EnvelopeOptions{IncludeMetadata: s.IncludeMetadata, IncludeChecksum: s.IncludeChecksum,
		IncludeOriginTimestamp: s.IncludeOriginTimestamp, Payload: st.Schema, OneLine: true}).Append(nil, &message)
	if err != nil {
		return
	}
	most := s.MaxPayloadSizeBytes / (len(text) + 1) // and a comma or a line break
	if st.BatchLength > max(most, 1) {
		detail := "max_payload_size_bytes ends a request before."
		if !r.places.find(r.pointer + "/max_payload_size_bytes").secret {
			detail = fmt.Sprintf("max_payload_size_bytes ends a request after %d of the smallest messages.", most)
		}
		r.tell(at+"batch_length", "batch-length-unreachable", "", detail)
	}
}
