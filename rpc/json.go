package rpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"unicode/utf8"
)

const (
	maxDepth  = 64      // arrays and objects in each other
	maxValues = 100_000 // in one text, the names of members among them
)

// A kind is the kind of a JSON value, null first.
type kind uint8

const (
	null kind = iota
	boolean
	number
	text
	array
	object
)

// A node is one value in the text of a document. The values inside it follow it directly, in an object each behind the
// text of its name; next is the first node that is no longer inside.
type node struct {
	start, end, next uint32
	kind             kind
	escaped          bool // a text with a backslash in it
}

// A doc is a JSON text and where its values stand. It is made in one pass, and later readers walk the nodes instead of
// reading the text again. Nodes point into the text, so both live and die together.
type doc struct {
	src   []byte
	nodes []node
}

// Reasons to refuse a text. They say nothing of what was in it.
var (
	errSyntax    = errors.New("the text is not JSON")
	errTrailing  = errors.New("something follows the value")
	errDeep      = errors.New("the value is nested too deeply")
	errMany      = errors.New("the text has more than 100,000 values")
	errBatch     = errors.New("more than 100 calls in a batch")
	errDuplicate = errors.New("an object has two members of one name")
	errUTF8      = errors.New("the text is not UTF-8")
	errSurrogate = errors.New("half of a surrogate pair stands alone")
)

// parse reads the one value that src must hold. It is stricter than encoding/json: besides what that refuses, it
// refuses duplicate member names, bad UTF-8, lone surrogates, nesting deeper than maxDepth, and more values than maxValues
// or, in an array that is not inside another value, maxBatch. Behind what it refuses it reads no further, but for bad UTF-8.
func (d *doc) parse(src []byte) error {
	d.src, d.nodes = src, d.nodes[:0]
	if !utf8.Valid(src) {
		return errUTF8
	}
	s := scanner{doc: d}
	s.space()
	if err := s.value(0); err != nil {
		return err
	}
	if s.space(); s.pos < len(src) {
		return errTrailing
	}
	return nil
}

// raw is the text of a value.
func (d *doc) raw(n int) []byte { return d.src[d.nodes[n].start:d.nodes[n].end] }

// text is the string that a text stands for.
func (d *doc) text(n int) string {
	if v := d.nodes[n]; !v.escaped {
		return string(d.src[v.start+1 : v.end-1])
	}
	var s string
	_ = json.Unmarshal(d.raw(n), &s) // the scanner has been stricter
	return s
}

// A scanner is a doc in the making.
type scanner struct {
	*doc
	pos int
}

func (s *scanner) space() {
	for s.pos < len(s.src) {
		switch s.src[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

// peek is the next byte, or 0 at the end; a real 0 is refused wherever peek is used.
func (s *scanner) peek() byte {
	if s.pos < len(s.src) {
		return s.src[s.pos]
	}
	return 0
}

func (s *scanner) value(depth int) error {
	i := len(s.nodes)
	if i == maxValues {
		return errMany
	}
	if i == cap(s.nodes) {
		s.nodes = slices.Grow(s.nodes, max(i, 16))
	}
	s.nodes = append(s.nodes, node{start: uint32(s.pos)})
	k, err := s.content(i, depth)
	n := &s.nodes[i]
	n.kind, n.end, n.next = k, uint32(s.pos), uint32(len(s.nodes))
	return err
}

func (s *scanner) content(i, depth int) (kind, error) {
	switch c := s.peek(); c {
	case '{':
		return object, s.object(i, depth+1)
	case '[':
		return array, s.array(depth + 1)
	case '"':
		return text, s.text(i)
	case 't':
		return boolean, s.literal("true")
	case 'f':
		return boolean, s.literal("false")
	case 'n':
		return null, s.literal("null")
	}
	return number, s.number()
}

func (s *scanner) literal(word string) error {
	if !bytes.HasPrefix(s.src[s.pos:], []byte(word)) {
		return errSyntax
	}
	s.pos += len(word)
	return nil
}

func (s *scanner) number() error {
	if s.peek() == '-' {
		s.pos++
	}
	if s.peek() == '0' {
		s.pos++
	} else if !s.digits() {
		return errSyntax
	}
	if s.peek() == '.' {
		if s.pos++; !s.digits() {
			return errSyntax
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.pos++
		if c := s.peek(); c == '+' || c == '-' {
			s.pos++
		}
		if !s.digits() {
			return errSyntax
		}
	}
	return nil
}

func (s *scanner) digits() bool {
	from := s.pos
	for c := s.peek(); c >= '0' && c <= '9'; c = s.peek() {
		s.pos++
	}
	return s.pos > from
}

func (s *scanner) array(depth int) error {
	if depth > maxDepth {
		return errDeep
	}
	s.pos++
	if s.space(); s.peek() == ']' {
		s.pos++
		return nil
	}
	for n := 0; ; n++ {
		if depth == 1 && n == maxBatch {
			return errBatch
		}
		s.space()
		if err := s.value(depth); err != nil {
			return err
		}
		if more, err := s.more(']'); !more {
			return err
		}
	}
}

// more reads the comma or the bracket behind a value.
func (s *scanner) more(end byte) (bool, error) {
	s.space()
	c := s.peek()
	s.pos++
	switch c {
	case ',':
		return true, nil
	case end:
		return false, nil
	}
	s.pos--
	return false, errSyntax
}

func (s *scanner) object(i, depth int) error {
	if depth > maxDepth {
		return errDeep
	}
	s.pos++
	if s.space(); s.peek() == '}' {
		s.pos++
		return nil
	}
	for {
		if err := s.member(depth); err != nil {
			return err
		}
		if more, err := s.more('}'); err != nil {
			return err
		} else if !more {
			return s.distinct(i)
		}
	}
}

func (s *scanner) member(depth int) error {
	if s.space(); s.peek() != '"' {
		return errSyntax
	}
	if err := s.value(depth); err != nil {
		return err
	}
	if s.space(); s.peek() != ':' {
		return errSyntax
	}
	s.pos++
	s.space()
	return s.value(depth)
}

// text reads a string; the bytes beyond ASCII have been looked at by parse.
func (s *scanner) text(i int) error {
	for s.pos++; s.pos < len(s.src); s.pos++ {
		switch c := s.src[s.pos]; {
		case c == '"':
			s.pos++
			return nil
		case c == '\\':
			s.nodes[i].escaped = true
			if err := s.escape(); err != nil {
				return err
			}
		case c < ' ':
			return errSyntax
		}
	}
	return errSyntax
}

// escape reads what follows a backslash and stays on its last byte.
func (s *scanner) escape() error {
	s.pos++
	switch s.peek() {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return nil
	case 'u':
	default:
		return errSyntax
	}
	r, ok := s.hex4(s.pos + 1)
	if !ok {
		return errSyntax
	}
	s.pos += 4
	if r < 0xD800 || r > 0xDFFF {
		return nil
	}
	low, ok := s.hex4(s.pos + 3)
	if r > 0xDBFF || !ok || s.src[s.pos+1] != '\\' || s.src[s.pos+2] != 'u' || low < 0xDC00 || low > 0xDFFF {
		return errSurrogate
	}
	s.pos += 6
	return nil
}

func (s *scanner) hex4(at int) (r rune, ok bool) {
	if at+4 > len(s.src) {
		return 0, false
	}
	for _, c := range s.src[at : at+4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// few is how many names are compared with each other; more go through a map.
const few = 16

// distinct looks for two members of one name in the object at i, which is still being read.
func (s *scanner) distinct(i int) error {
	var seen map[string]bool
	var names [few][]byte
	n := 0
	for j := i + 1; j < len(s.nodes); j = int(s.nodes[j+1].next) {
		name := s.name(j)
		if n < few {
			for _, other := range names[:n] {
				if bytes.Equal(name, other) {
					return errDuplicate
				}
			}
			names[n] = name
			n++
			continue
		}
		if seen == nil {
			seen = make(map[string]bool, 2*few)
			for _, other := range names {
				seen[string(other)] = true
			}
		}
		if seen[string(name)] {
			return errDuplicate
		}
		seen[string(name)] = true
	}
	return nil
}

// name is the name of a member without quotes and escapes.
func (d *doc) name(n int) []byte {
	if v := d.nodes[n]; !v.escaped {
		return d.src[v.start+1 : v.end-1]
	}
	return []byte(d.text(n))
}
