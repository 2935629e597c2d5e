package golden_test

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"iggysink/golden"
	"iggysink/schema"
)

// node is a part of the envelope's schema.
type node = map[string]any

// contract reads the envelope's schema as any reader can: the names of properties are found in it and nowhere else, so
// that the corpus follows a schema that changes.
func contract(t *testing.T) node {
	t.Helper()
	root, isObject := decode(t, schema.EnvelopeSchema()).(node)
	require.True(t, isObject)
	return root
}

// receiver makes the envelope that a message must have, by way of x-source and x-when, math/big and fmt. It shares no
// code with the encoder.
type receiver struct {
	options *golden.Options
	message *schema.Message
	root    node
	payload any // what was received as the payload
}

// object returns what the object of a schema must be; got is what was received, for the payload is compared by itself.
func (r *receiver) object(n node, got any) any {
	if r.root == nil {
		r.root = n
	}
	out := map[string]any{}
	received, _ := got.(map[string]any)
	properties, _ := n["properties"].(node)
	for name, p := range properties {
		property, _ := p.(node)
		if value, there := r.property(property, received[name]); there {
			out[name] = value
		}
	}
	return out
}

// resolve adds what a node refers to.
func (r *receiver) resolve(n node) node {
	ref, _ := n["$ref"].(string)
	defs, _ := r.root["$defs"].(node)
	target, _ := defs[strings.TrimPrefix(ref, "#/$defs/")].(node)
	return target
}

func (r *receiver) property(n node, got any) (value any, there bool) {
	o, m := r.options, r.message
	switch n["x-when"] {
	case "include_checksum":
		there = o.IncludeChecksum
	case "include_origin_timestamp":
		there = o.IncludeOriginTimestamp
	case "has_headers":
		there = len(m.Headers) > 0
	default:
		there = true
	}
	number := func(n uint64) json.Number { return json.Number(strconv.FormatUint(n, 10)) }
	source, _ := n["x-source"].(string)
	switch kind, rest, _ := strings.Cut(source, ":"); kind {
	case "id":
		id := slices.Clone(m.ID[:])
		slices.Reverse(id)
		return fmt.Sprintf("%x", id), there
	case "offset":
		return number(m.Offset), there
	case "timestamp":
		return number(m.Timestamp), there
	case "origin_timestamp":
		return number(m.OriginTimestamp), there
	case "checksum":
		return number(m.Checksum), there
	case "stream":
		return o.Partition.Stream, there
	case "topic":
		return o.Partition.Topic, there
	case "partition":
		return number(uint64(o.Partition.ID)), there
	case "payload":
		r.payload = got
		return got, there
	case "headers":
		headers := map[string]any{}
		values, _ := n["additionalProperties"].(node)
		for _, h := range m.Headers {
			headers[string(h.Key)] = r.header(h, r.resolve(values))
		}
		return headers, there
	case "const":
		return rest, there
	case "header":
		i := slices.IndexFunc(m.Headers, func(h schema.Header) bool { return string(h.Key) == rest })
		if i < 0 {
			return nil, false
		}
		return r.header(m.Headers[i], r.resolve(n)), there
	}
	if constant, isConstant := n["const"].(string); isConstant {
		return constant, there
	}
	return r.object(r.resolve(n), got), there
}

// header is what a receiver sees of a header whose schema is n: the oneOf of text and an object, or plain text.
func (r *receiver) header(h schema.Header, n node) any {
	if h.Kind != schema.HeaderRaw {
		return headerText(h)
	}
	data := base64.StdEncoding.EncodeToString(h.Value)
	branches, _ := n["oneOf"].([]any)
	for _, b := range branches {
		branch, _ := b.(node)
		properties, _ := r.resolve(branch)["properties"].(node)
		out := map[string]any{}
		for name, p := range properties {
			property, _ := p.(node)
			if out[name] = property["const"]; out[name] == nil {
				out[name] = data
			}
		}
		if len(out) > 0 {
			return out
		}
	}
	return data
}

// headerText is the text of a header that is not raw, by way of math/big and fmt.
func headerText(h schema.Header) string {
	b := slices.Clone(h.Value)
	slices.Reverse(b)
	switch h.Kind {
	case schema.HeaderString:
		return string(h.Value)
	case schema.HeaderBool:
		return fmt.Sprint(h.Value[0] == 1)
	case schema.HeaderFloat32:
		return floatText(float64(math.Float32frombits(binary.BigEndian.Uint32(b))), 32)
	case schema.HeaderFloat64:
		return floatText(math.Float64frombits(binary.BigEndian.Uint64(b)), 64)
	}
	n := new(big.Int).SetBytes(b)
	if h.Kind <= schema.HeaderInt128 && b[0] >= 0x80 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	return n.String()
}
