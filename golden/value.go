package golden

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"iggysink/schema"
)

var errUnknownKey = errors.New("unknown key")

// parseBool takes true and false only; strconv.ParseBool takes ten other spellings.
func parseBool(s string) (bool, error) {
	if s != "true" && s != "false" {
		return false, fmt.Errorf("want true or false, not %q", s)
	}
	return s == "true", nil
}

// parseText reads text: as it stands, or a quoted Go string where it begins with a quotation mark.
func parseText(s string) (string, error) {
	if strings.HasPrefix(s, `"`) {
		return strconv.Unquote(s)
	}
	return s, nil
}

// parseBytes reads bytes written as text, as text that ends with a line break, as a quoted Go string, in base64 or in
// hexadecimal digits.
func parseBytes(kind, s string) ([]byte, error) {
	switch kind {
	case "text":
		return []byte(s), nil
	case "line":
		return []byte(s + "\n"), nil
	case "quoted":
		text, err := strconv.Unquote(s)
		return []byte(text), err
	case "base64":
		return base64.StdEncoding.Strict().DecodeString(s)
	case "hex":
		return hex.DecodeString(s)
	}
	return nil, fmt.Errorf("unknown key or kind of bytes: want text, line, quoted, base64 or hex, not %q", kind)
}

// parseIndexes reads ascending indexes below n.
func parseIndexes(s string, n int) ([]int, error) {
	var indexes []int
	for word := range strings.SplitSeq(s, " ") {
		i, err := strconv.Atoi(word)
		if err != nil || i < 0 || i >= n {
			return nil, fmt.Errorf("%q is not the number of a message", word)
		}
		if len(indexes) > 0 && i <= indexes[len(indexes)-1] {
			return nil, fmt.Errorf("%q is out of order", word)
		}
		indexes = append(indexes, i)
	}
	return indexes, nil
}

// parseID reads a 128-bit number, in decimal or with 0x in hexadecimal digits, into the byte order of the wire.
func parseID(s string) (schema.MessageID, error) {
	b, err := parseInteger(s, 128, false)
	if err != nil {
		return schema.MessageID{}, err
	}
	return schema.MessageID(b), nil
}

// parseHeader reads "name kind value". A name with a space in it is a quoted Go string.
func parseHeader(s string) (schema.Header, error) {
	name, rest, err := cutName(s)
	if err != nil {
		return schema.Header{}, err
	}
	kindName, text, _ := strings.Cut(rest, " ")
	index := slices.Index(kindNames, kindName)
	if index < 0 {
		return schema.Header{}, fmt.Errorf("%q is not a kind of header: want one of %v", kindName, kindNames)
	}
	h := schema.Header{Key: []byte(name), Kind: schema.HeaderRaw + schema.HeaderKind(index)}
	h.Value, err = parseHeaderValue(h.Kind, text)
	return h, err
}

// kindNames are the kinds of headers in the order of schema.HeaderKind.
var kindNames = []string{"raw", "string", "bool", "int8", "int16", "int32", "int64", "int128",
	"uint8", "uint16", "uint32", "uint64", "uint128", "float32", "float64"}

func cutName(s string) (name, rest string, err error) {
	if !strings.HasPrefix(s, `"`) {
		name, rest, _ = strings.Cut(s, " ")
		return name, rest, nil
	}
	quoted, err := strconv.QuotedPrefix(s)
	if err != nil {
		return "", "", fmt.Errorf("name: %w", err)
	}
	if name, err = strconv.Unquote(quoted); err != nil {
		return "", "", fmt.Errorf("name: %w", err)
	}
	return name, strings.TrimPrefix(s[len(quoted):], " "), nil
}

// parseHeaderValue gives the wire form of a header's value.
func parseHeaderValue(kind schema.HeaderKind, text string) ([]byte, error) {
	switch kind {
	case schema.HeaderRaw:
		return hex.DecodeString(text)
	case schema.HeaderString:
		s, err := parseText(text)
		return []byte(s), err
	case schema.HeaderBool:
		b, err := parseBool(text)
		if b {
			return []byte{1}, err
		}
		return []byte{0}, err
	case schema.HeaderFloat32:
		f, err := strconv.ParseFloat(text, 32)
		return binary.LittleEndian.AppendUint32(nil, math.Float32bits(float32(f))), err
	case schema.HeaderFloat64:
		f, err := strconv.ParseFloat(text, 64)
		return binary.LittleEndian.AppendUint64(nil, math.Float64bits(f)), err
	case schema.HeaderInt8, schema.HeaderInt16, schema.HeaderInt32, schema.HeaderInt64, schema.HeaderInt128:
		return parseInteger(text, 8*kind.Width(), true)
	default:
		return parseInteger(text, 8*kind.Width(), false)
	}
}

// parseInteger gives the little-endian form of an integer of so many bits.
func parseInteger(s string, bits int, signed bool) ([]byte, error) {
	n, ok := new(big.Int).SetString(s, 0)
	if !ok {
		return nil, fmt.Errorf("%q is not an integer", s)
	}
	low, high := new(big.Int), new(big.Int).Lsh(big.NewInt(1), uint(bits))
	if signed {
		high.Rsh(high, 1)
		low.Neg(high)
	}
	if n.Cmp(low) < 0 || n.Cmp(high) >= 0 {
		return nil, fmt.Errorf("%s does not fit into %d bits", s, bits)
	}
	if n.Sign() < 0 {
		n.Add(n, new(big.Int).Lsh(big.NewInt(1), uint(bits)))
	}
	b := n.FillBytes(make([]byte, bits/8))
	slices.Reverse(b)
	return b, nil
}

// KindName returns the name of a kind of header in a vector.
func KindName(k schema.HeaderKind) string { return kindNames[k-schema.HeaderRaw] }
