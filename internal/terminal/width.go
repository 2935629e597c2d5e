package terminal

import (
	"strings"

	xwidth "golang.org/x/text/width"

	"github.com/apparentlymart/go-textseg/v15/textseg"
)

// Width is the number of terminal cells that text takes: a combining mark takes none of its own, an emoji or a Chinese
// character two. A mark below a line is in its place only if it counts like the terminal.
func Width(text string) int {
	cells := 0
	for rest := []byte(text); len(rest) > 0; {
		n, cluster, err := textseg.ScanGraphemeClusters(rest, true)
		if err != nil || n == 0 {
			break
		}
		cells += clusterWidth(cluster)
		rest = rest[n:]
	}
	return cells
}

// variation16 asks for the picture of a character that also has a plain form.
const variation16 = '\ufe0f'

// Two of these letters are a flag.
const firstRegional, lastRegional = '\U0001f1e6', '\U0001f1ff'

func clusterWidth(cluster []byte) int {
	letters := 0
	for _, r := range string(cluster) {
		if r >= firstRegional && r <= lastRegional {
			letters++
		}
		if letters == 2 {
			return 2
		}
		if kind := xwidth.LookupRune(r).Kind(); kind == xwidth.EastAsianWide || kind == xwidth.EastAsianFullwidth || r == variation16 {
			return 2
		}
	}
	return 1
}

// Blank is as wide as text: tabs stay, so that what follows stands below its mark.
func Blank(text string) string {
	pieces := strings.Split(text, "\t")
	for i, piece := range pieces {
		pieces[i] = strings.Repeat(" ", Width(piece))
	}
	return strings.Join(pieces, "\t")
}
