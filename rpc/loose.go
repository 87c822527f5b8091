package rpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The loose scalars: what clients of the real portal send where the API document asks for an id, a flag or a time.
// Each reads several forms and writes one. A null, and what else means "not given", reads as the zero value.

// An ID is the number of a record: 6 or "6". 0, "" and null mean that none was given.
type ID int64

// IsZero says whether no id was given.
func (i ID) IsZero() bool { return i == 0 }

// UnmarshalJSON reads a whole number, also in a string.
func (i *ID) UnmarshalJSON(b []byte) error {
	s := bare(b)
	if s == "" || s == "null" {
		*i = 0
		return nil
	}
	n, ok := whole(s)
	if !ok {
		return errors.New("must be a whole number")
	}
	*i = ID(n)
	return nil
}

// IDs are several; a single one need not stand in a list.
type IDs []ID

// UnmarshalJSON reads null, one id, or a list of ids. A 0 among them is none.
func (i *IDs) UnmarshalJSON(b []byte) error {
	list, err := oneOrMany[ID](b, "must be a list of whole numbers")
	*i = slices.DeleteFunc(list, ID.IsZero)
	return err
}

// Strings are words such as those of the param "with": null, one word, or a list.
type Strings []string

// Has says whether s is one of the words.
func (w Strings) Has(s string) bool { return slices.Contains(w, s) }

// UnmarshalJSON reads null, one word, or a list of words.
func (w *Strings) UnmarshalJSON(b []byte) (err error) {
	*w, err = oneOrMany[string](b, "must be a list of strings")
	return err
}

func oneOrMany[T any](b []byte, otherwise string) ([]T, error) {
	switch s := string(b); {
	case s == "null" || s == `""`:
		return nil, nil
	case s[0] != '[':
		b = slices.Concat([]byte("["), b, []byte("]"))
	}
	var list []*T // a null in the list must not pass for an empty word
	err := json.Unmarshal(b, &list)
	if err != nil || slices.Contains(list, nil) {
		return nil, errors.New(otherwise)
	}
	out := make([]T, len(list))
	for i, p := range list {
		out[i] = *p
	}
	return out, nil
}

// A Bool is read from true, false, 0 and 1, also in a string and in any letter case, and written as true or false.
type Bool bool

// UnmarshalJSON reads a truth value in one of its forms.
func (f *Bool) UnmarshalJSON(b []byte) error {
	v, err := truth(b)
	*f = Bool(v)
	return err
}

// A Flag is a Bool that is written as 0 or 1, as the flags of users are.
type Flag bool

// UnmarshalJSON reads a truth value in one of its forms.
func (f *Flag) UnmarshalJSON(b []byte) error {
	v, err := truth(b)
	*f = Flag(v)
	return err
}

// MarshalJSON writes 0 or 1.
func (f Flag) MarshalJSON() ([]byte, error) {
	if f {
		return []byte("1"), nil
	}
	return []byte("0"), nil
}

func truth(b []byte) (bool, error) {
	switch s := bare(b); {
	case s == "1" || strings.EqualFold(s, "true"):
		return true, nil
	case s == "0" || s == "" || strings.EqualFold(s, "false"), s == "null":
		return false, nil
	}
	return false, errors.New("must be true or false")
}

// A Time is read from 13 digits of epoch milliseconds, also in a string, or from RFC 3339. It is written as RFC 3339
// with milliseconds in UTC; the zero time, which any time in year 1 reads as, is written as null.
type Time struct{ time.Time }

// At is t on the wire.
func At(t time.Time) Time { return Time{t} }

const wireTime = "2006-01-02T15:04:05.000Z"

// MarshalJSON writes the one form.
func (t Time) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	b := append(make([]byte, 0, len(wireTime)+2), '"')
	return append(t.UTC().AppendFormat(b, wireTime), '"'), nil
}

// UnmarshalJSON reads any of the forms.
func (t *Time) UnmarshalJSON(b []byte) error {
	s := bare(b)
	if s == "" || s == "0" || s == "null" {
		t.Time = time.Time{}
		return nil
	}
	v, err := readTime(s)
	if v.Year() <= 1 {
		v = time.Time{}
	}
	t.Time = v.UTC()
	return err
}

func readTime(s string) (time.Time, error) {
	whole, _, _ := strings.Cut(s, ".") // Python's time.time()*1000 has a fraction
	if ms, err := strconv.ParseInt(whole, 10, 64); err == nil && len(whole) == 13 && ms > 0 {
		return time.UnixMilli(ms), nil
	}
	v, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}, errors.New("must be epoch milliseconds (13 digits) or an RFC 3339 time")
	}
	return v, nil
}

// bare is a scalar without its quotes. A word that needs escapes is no number, truth value or time: it stays as it is.
func bare(b []byte) string {
	if n := len(b); n >= 2 && b[0] == '"' && bytes.IndexByte(b, '\\') < 0 {
		b = b[1 : n-1]
	}
	return string(b)
}
