package schemagen

import (
	"fmt"
	"strings"
)

// Problem is one thing in a schema file that the generator refuses.
type Problem struct {
	File    string // as it was given to Parse
	Line    int    // from 1
	Column  int    // from 1, in bytes
	Width   int    // bytes of the token at fault, at least 1
	Message string // what is wrong, without a full stop
	Source  string // the line, without its end
}

// Error gives file, line, column and message in one line.
func (p Problem) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message)
}

// Problems is everything that is wrong with a schema, in the order in which it was found.
type Problems []Problem

// Error gives one line for each problem.
func (l Problems) Error() string {
	lines := make([]string, 0, len(l))
	for _, p := range l {
		lines = append(lines, p.Error())
	}
	return strings.Join(lines, "\n")
}
