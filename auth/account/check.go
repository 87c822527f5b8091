package account

import (
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/portico-vco/portico/auth"
)

// checkLength refuses a text with fewer or more characters than allowed, or with control characters in it.
func checkLength(path, s string, least, most int) error {
	switch n := utf8.RuneCountInString(s); {
	case n < least && least == 1:
		return auth.BadField(path, "is required")
	case n < least:
		return auth.BadField(path, "has fewer than %d characters", least)
	case n > most:
		return auth.BadField(path, "has more than %d characters", most)
	case strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }):
		return auth.BadField(path, "has control characters in it")
	}
	return nil
}

// CheckName refuses a name that is empty, longer than most, blank at an end or broken over lines.
func CheckName(path, s string, most int) error {
	if strings.TrimSpace(s) != s || strings.ContainsAny(s, "\n\t") {
		return auth.BadField(path, "begins or ends with white space, or is broken over lines")
	}
	return checkLength(path, s, 1, most)
}

// CheckText refuses a text that is longer than most.
func CheckText(path, s string, most int) error { return checkLength(path, s, 0, most) }

// fold is the form in which names are compared: letter case does not count.
func fold(s string) string { return strings.ToLower(s) }

// wordsOf are the words that the enum tag of a field admits. Params are held against them when they are read; what comes on
// another way is not.
func wordsOf[T any](field string) []string {
	f, _ := reflect.TypeFor[T]().FieldByName(field)
	return strings.Split(f.Tag.Get("enum"), "|")
}

// checkWord refuses a text that is none of the words.
func checkWord(path, s string, words []string) error {
	if !slices.Contains(words, s) {
		return auth.BadField(path, "must be one of %s", strings.Join(words, ", "))
	}
	return nil
}
