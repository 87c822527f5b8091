package cli

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// hidden says of a character that it does something to a terminal, or to what is beside it, instead of being seen. The two that join
// letters of some scripts are seen by what they do.
func hidden(r rune) bool {
	const nonJoiner, joiner, line, paragraph = '\u200c', '\u200d', '\u2028', '\u2029'
	switch r {
	case nonJoiner, joiner:
		return false
	case line, paragraph, utf8.RuneError:
		return true
	}
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
}

// Printable is a text on one line, in which the characters that are not seen stand as escapes, such as \u001b.
func Printable(text string) string { return escaped(text, func(rune) bool { return false }) }

// escaped writes all characters that are not seen as JSON has them, but those that are let through.
func escaped(text string, through func(rune) bool) string {
	if strings.IndexFunc(text, hidden) < 0 {
		return text
	}
	var out strings.Builder
	for _, r := range text {
		switch high, low := utf16.EncodeRune(r); {
		case !hidden(r) || through(r):
			out.WriteRune(r)
		case high != unicode.ReplacementChar:
			fmt.Fprintf(&out, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	return out.String()
}

func ofLines(r rune) bool { return r == '\n' || r == '\t' }

// cells is how many columns of a terminal a text takes.
func cells(text string) (n int) {
	for _, r := range text {
		n += cellsOf(r)
	}
	return n
}

func cellsOf(r rune) int {
	if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
		return 0
	}
	if k := width.LookupRune(r).Kind(); k == width.EastAsianWide || k == width.EastAsianFullwidth {
		return 2
	}
	return 1
}

// cut shortens a text to so many columns.
func cut(text string, most int) string {
	if cells(text) <= most {
		return text
	}
	n := 0
	for i, r := range text {
		if n += cellsOf(r); n > most-1 {
			return text[:i] + "…"
		}
	}
	return text
}
