package payload

import (
	"encoding/json"
	"math/big"
)

// number is a number of JSON: as a decimal where it has few digits, which nearly all have, and exactly.
type number struct {
	short decimal
	isOK  bool // short is there
	exact *big.Rat
}

// newNumber reads a number of the bounds that boundedNumbers keeps.
func newNumber(text json.Number) number {
	d, ok := parseDecimal([]byte(text))
	exact, read := new(big.Rat).SetString(string(text))
	if !read {
		exact = new(big.Rat)
	}
	return number{d, ok, exact}
}

// compared is a number of a payload, whose exact value is computed only where it is needed.
type compared struct {
	text  json.Number
	short decimal
	isOK  bool
}

func newCompared(text json.Number) compared {
	d, ok := parseDecimal([]byte(text))
	return compared{text, d, ok}
}

// cmp returns -1, 0 or 1 as c is below, equal to or above n.
func (c compared) cmp(n number) int {
	if c.isOK && n.isOK {
		if x, y, ok := align(c.short, n.short); ok {
			switch {
			case x < y:
				return -1
			case x > y:
				return 1
			}
			return 0
		}
	}
	return newNumber(c.text).exact.Cmp(n.exact)
}

func (c compared) isInteger() bool {
	if c.isOK {
		return c.short.isInteger()
	}
	return newNumber(c.text).exact.IsInt()
}

func (c compared) isMultiple(of number) bool {
	if c.isOK && of.isOK {
		if x, y, ok := align(c.short, of.short); ok {
			return x%y == 0
		}
	}
	return new(big.Rat).Quo(newNumber(c.text).exact, of.exact).IsInt()
}
