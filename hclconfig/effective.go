package hclconfig

import (
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"iggysink/hclconfig/internal/finding"
	"iggysink/hclconfig/internal/mask"
	"iggysink/hclconfig/internal/words"
	"iggysink/schema"
)

// Value is what an attribute is in one block of a configuration.
type Value struct {
	Block   string    // the block, such as sink "orders" > stream "shop"
	Text    string    // as HCL writes it, or the mask if it may be secret; empty if there is none
	Range   hcl.Range // where it is set; without a file name it is not, and Text is the default
	Unknown bool      // it depends on something that is not there, or is not valid
}

// effective is what Load keeps for Values.
type effective struct {
	tree   map[string]any
	places finding.Places
}

// Values returns what an attribute is in each block of one kind, in the order of the configuration. The kind is the names
// of the blocks around it and its own, such as sink, stream. What env(), file() or a sensitive variable gave is
// masked, like the attributes that are sensitive.
func (r *Result) Values(kind []string, attribute words.Attribute) (values []Value) {
	var visit func(node any, table *words.Block, rest []string, pointer, title string)
	visit = func(node any, table *words.Block, rest []string, pointer, title string) {
		object, isObject := node.(map[string]any)
		switch {
		case !isObject:
		case len(rest) == 0:
			v := r.effective.value(object, attribute, pointer)
			v.Block = title
			values = append(values, v)
		default:
			inner := table.Child(rest[0])
			if inner == nil {
				return
			}
			pointer += "/" + rest[0]
			for i, n := range instances(object[rest[0]], inner.Repeated) {
				at := pointer
				if inner.Repeated {
					at += "/" + strconv.Itoa(i)
				}
				visit(n, inner, rest[1:], at, strings.TrimPrefix(title+" > "+titleOf(n, inner), " > "))
			}
		}
	}
	visit(r.effective.tree, words.ConfigBlock(), kind, "", "")
	return values
}

func instances(node any, repeated bool) []any {
	if list, isList := node.([]any); isList && repeated {
		return list
	}
	if node == nil {
		return nil
	}
	return []any{node}
}

// titleOf returns the type and the labels of a block. What for_each made is named like an element: sink tenant["acme"].
func titleOf(node any, table *words.Block) string {
	title := table.Name
	object, _ := node.(map[string]any)
	for _, label := range table.Labels {
		switch text, _ := object[label].(string); {
		case strings.HasSuffix(text, `"]`):
			title += " " + text
		case text != "":
			title += " " + strconv.Quote(text)
		}
	}
	return title
}

func (e effective) value(object map[string]any, attribute words.Attribute, pointer string) Value {
	pointer += "/" + attribute.Name
	var v Value
	if place := e.places[pointer]; place != nil {
		v.Range = place.Value
	}
	plain, set := object[attribute.Name]
	switch {
	case !e.places.Known(pointer):
		v.Unknown = true
	case set && e.places.Find(pointer).Shown != "":
		v.Text = pointed(e.places.Find(pointer).Shown, plain)
	case set && e.mayBeSecret(pointer, plain):
		v.Text = mask.Hidden
	case set:
		v.Text = words.Literal(plain)
	case attribute.Default != nil:
		v.Text = words.Literal(attribute.Default)
	default:
		v.Text = e.implied(object, attribute.Name, pointer)
	}
	return v
}

// pointed is a url without what may be secret in it.
func pointed(shown string, value any) string {
	if text, _ := value.(string); text == shown || text == shown+"/" {
		return words.Literal(value)
	}
	return words.Literal(shown + "/" + mask.Hidden)
}

// implied is what an attribute without a default is where others say it: what happens to rejected messages, and the group
// of a stream. It is empty where it is not known.
func (e effective) implied(object map[string]any, name, pointer string) string {
	around := pointer[:strings.LastIndexByte(pointer, '/')]
	switch name {
	case "on_rejected":
		if !e.places.Known(around + "/dead_letter") {
			return ""
		}
		sink := schema.Sink{}
		if object["dead_letter"] != nil {
			sink.DeadLetter = new(schema.DeadLetter)
		}
		return words.Literal(string(sink.RejectedPolicy()))
	case "consumer_group":
		sink, _, _ := strings.Cut(around, "/stream/")
		owner, _ := valueAt(e.tree, sink).(map[string]any)
		label, isText := owner["name"].(string)
		if !isText || !e.places.Known(sink+"/name") {
			return ""
		}
		return words.Literal((&schema.Sink{Name: label}).Group(new(schema.Stream)))
	}
	return ""
}

// mayBeSecret reports whether a value, or an element of it, fills a sensitive attribute or came from env(), file() or a
// sensitive variable.
func (e effective) mayBeSecret(pointer string, value any) bool {
	if e.places.Find(pointer).Secret {
		return true
	}
	switch v := value.(type) {
	case []any:
		for i, element := range v {
			if e.mayBeSecret(pointer+"/"+strconv.Itoa(i), element) {
				return true
			}
		}
	case map[string]any:
		for key, element := range v {
			if e.mayBeSecret(pointer+"/"+schema.EscapePointer(key), element) {
				return true
			}
		}
	}
	return false
}
