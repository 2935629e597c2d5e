package hclconfig

import "fmt"

// didYouMean returns a sentence with the closest of the known names, or nothing if none is close.
func didYouMean(name string, known []string) string {
	if best := closest(name, known); best != "" {
		return fmt.Sprintf("Did you mean %q?", best)
	}
	return ""
}

// closest returns the known name that is at most a third of its letters, and at most three edits, away.
func closest(name string, known []string) string {
	if len(name) > 64 {
		return ""
	}
	best, bound := "", 4
	for _, k := range known {
		if d := distance(name, k); d < bound && d*3 <= max(len(k), 3) {
			best, bound = k, d
		}
	}
	return best
}

// distance is the number of letters to insert, delete, replace or swap with their neighbour.
func distance(a, b string) int {
	before, previous, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if lower(a[i-1]) == lower(b[j-1]) {
				cost = 0
			}
			row[j] = min(previous[j]+1, row[j-1]+1, previous[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, previous, row = previous, row, before
	}
	return previous[len(b)]
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
