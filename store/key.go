package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"reflect"
	"time"
	"unicode/utf8"
)

// Key encodes parts so that the bytes order as the parts do, one after the other, and no part can run into the next. A part
// is a signed integer (eight bytes), a string (terminated) or a bool (one byte), or of a type made of these, or a time.Time
// (eight bytes: its milliseconds, in UTC) or a []byte (terminated). Any other part panics, an unsigned integer and a type made
// of []byte too. Keys are compared with keys of the same kinds of parts: the kinds are not encoded.
//
// Of a string that is not UTF-8, each byte that does not belong there counts as U+FFFD, as JSON makes it: a record must have
// the same keys before it is stored and when it is read back.
//
// Key of fewer parts is the Prefix of all keys that begin with these.
func Key(parts ...any) []byte {
	return AppendKey(make([]byte, 0, 16*len(parts)), parts...)
}

// AppendKey appends Key(parts...) to b.
func AppendKey(b []byte, parts ...any) []byte {
	for _, part := range parts {
		b = appendPart(b, part)
	}
	return b
}

func appendPart(b []byte, part any) []byte {
	switch v := part.(type) {
	case int64:
		return appendInt(b, v)
	case int:
		return appendInt(b, int64(v))
	case string:
		return appendText(b, readBack(v))
	case []byte:
		return appendText(b, v)
	case bool:
		return appendBool(b, v)
	case time.Time:
		return appendInt(b, v.UnixMilli())
	}
	switch v := reflect.ValueOf(part); v.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return appendInt(b, v.Int())
	case reflect.String:
		return appendText(b, readBack(v.String()))
	case reflect.Bool:
		return appendBool(b, v.Bool())
	}
	panic(fmt.Sprintf("store: a %T cannot be part of a key", part))
}

// readBack is s as encoding/json gives it back.
func readBack(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return string([]rune(s))
}

// appendInt turns the sign bit over, so that negative numbers come first.
func appendInt(b []byte, v int64) []byte {
	return binary.BigEndian.AppendUint64(b, uint64(v)^1<<63)
}

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

// appendText ends the text with 00 00 and writes a zero inside it as 00 FF, so that a text comes before all that it begins.
func appendText[T string | []byte](b []byte, text T) []byte {
	start := len(b)
	b = append(b, text...)
	if bytes.IndexByte(b[start:], 0) >= 0 {
		b = append(b[:start], bytes.ReplaceAll(b[start:], []byte{0}, []byte{0, 0xff})...)
	}
	return append(b, 0, 0)
}

// numberIn is number for what was stored; something else in its place was written past the collections, and is damage.
func numberIn(b []byte) (int64, error) {
	if len(b) != 8 {
		return 0, Damage(fmt.Sprintf("%d bytes are in the place of a number", len(b)))
	}
	return number(b), nil
}

// number reads back what appendInt wrote.
func number(b []byte) int64 { return int64(binary.BigEndian.Uint64(b) ^ 1<<63) }
