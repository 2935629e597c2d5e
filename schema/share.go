package schema

import (
	"errors"
	"strconv"
	"strings"
)

// Share is the part of a topic's partitions that one of several processes reads: those whose number, divided by Of,
// leaves the remainder of K. The zero value is all of them.
type Share struct{ K, Of uint32 }

// errShare says how a share is written.
var errShare = errors.New(`a share is k/n, such as "1/3", with n from 1 to 9999 and k from 0 to n`)

// ParseShare reads k/n. Counting from 0 or from 1 makes no difference: n/n is the same share as 0/n. Empty text is all
// partitions.
func ParseShare(text string) (Share, error) {
	if text == "" {
		return Share{}, nil
	}
	k, n, found := strings.Cut(text, "/")
	if !found || len(k) > 4 || len(n) > 4 {
		return Share{}, errShare
	}
	share := Share{}
	for _, part := range []struct {
		text string
		to   *uint32
	}{{k, &share.K}, {n, &share.Of}} {
		value, err := strconv.ParseUint(part.text, 10, 32)
		if err != nil || part.text[0] == '+' {
			return Share{}, errShare
		}
		*part.to = uint32(value)
	}
	if share.Of == 0 || share.K > share.Of {
		return Share{}, errShare
	}
	return share, nil
}

// Owns reports whether a partition is in the share.
func (s Share) Owns(partition uint32) bool { return s.Of <= 1 || partition%s.Of == s.K%s.Of }

// String writes k/n; empty for all partitions.
func (s Share) String() string {
	if s.Of == 0 {
		return ""
	}
	return strconv.FormatUint(uint64(s.K), 10) + "/" + strconv.FormatUint(uint64(s.Of), 10)
}
