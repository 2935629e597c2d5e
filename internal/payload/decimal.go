package payload

// decimal is the number m x 10^e, exactly. The zero has e = 0.
type decimal struct {
	m int64
	e int
}

// maxDigits is how many digits an int64 holds whatever they are.
const maxDigits = 18

// parseDecimal reads a number of JSON. False where it has too many digits or too large an exponent.
func parseDecimal(text []byte) (d decimal, ok bool) {
	i, digits, point := 0, 0, false
	negative := len(text) > 0 && text[0] == '-'
	if negative {
		i++
	}
	for ; i < len(text); i++ {
		switch c := text[i]; {
		case c == '.' && !point:
			point = true
			continue
		case c == 'e' || c == 'E':
			exponent, good := parseExponent(text[i+1:])
			if !good {
				return decimal{}, false
			}
			d.e += exponent
			return d.normal(negative), true
		case c < '0' || c > '9':
			return decimal{}, false
		}
		if digits > 0 || text[i] != '0' {
			if digits++; digits > maxDigits {
				return decimal{}, false
			}
		}
		d.m = d.m*10 + int64(text[i]-'0')
		if point {
			d.e--
		}
	}
	return d.normal(negative), true
}

func parseExponent(text []byte) (n int, ok bool) {
	negative := len(text) > 0 && text[0] == '-'
	if negative || len(text) > 0 && text[0] == '+' {
		text = text[1:]
	}
	if len(text) == 0 || len(text) > 3 {
		return 0, false
	}
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	if negative {
		n = -n
	}
	return n, true
}

// normal takes the zeros at the end of m into e, so that equal numbers are equal decimals.
func (d decimal) normal(negative bool) decimal {
	if d.m == 0 {
		return decimal{}
	}
	for d.m%10 == 0 {
		d.m /= 10
		d.e++
	}
	if negative {
		d.m = -d.m
	}
	return d
}

func (d decimal) isInteger() bool { return d.e >= 0 }

// align writes two numbers with one exponent. False where one has too many digits then.
func align(a, b decimal) (x, y int64, ok bool) {
	e := min(a.e, b.e)
	x, okX := scale(a.m, a.e-e)
	y, okY := scale(b.m, b.e-e)
	return x, y, okX && okY
}

func scale(m int64, zeros int) (int64, bool) {
	const most = 1e18
	for ; zeros > 0 && m != 0; zeros-- {
		if m > most/10 || m < -most/10 {
			return 0, false
		}
		m *= 10
	}
	return m, true
}
