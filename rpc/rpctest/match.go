package rpctest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"sort"
	"strings"
)

// names are the values captured so far, as JSON.
type names map[string]string

var used = regexp.MustCompile(`\$[A-Za-z_][A-Za-z0-9_]*`)

// fill replaces $name by its value, a string without its quotes.
func (ns names) fill(s string) (string, error) {
	var err error
	out := used.ReplaceAllStringFunc(s, func(name string) string {
		v, ok := ns[name[1:]]
		if !ok {
			err = fmt.Errorf("%s has no value yet", name)
		}
		if len(v) > 1 && v[0] == '"' {
			return v[1 : len(v)-1]
		}
		return v
	})
	return out, err
}

// text is fill for places that are not JSON.
func (ns names) text(s string) (string, error) {
	plain := make(names, len(ns))
	for name, v := range ns {
		var s string
		if json.Unmarshal([]byte(v), &s) != nil {
			s = v
		}
		plain[name] = s
	}
	return plain.fill(s)
}

var captured = regexp.MustCompile(`^<([A-Za-z_][A-Za-z0-9_]*)>$`)

// match holds got against want and answers what differs, a line each.
func (ns names) match(path string, want, got any) []string {
	if s, ok := want.(string); ok {
		if m := captured.FindStringSubmatch(s); m != nil {
			return ns.capture(path, m[1], got)
		}
	}
	switch w := want.(type) {
	case map[string]any:
		if g, ok := got.(map[string]any); ok {
			return ns.matchObject(path, w, g)
		}
	case []any:
		if g, ok := got.([]any); ok {
			return ns.matchList(path, w, g)
		}
	default:
		if want == got {
			return nil
		}
	}
	return []string{fmt.Sprintf("%s is %s, want %s", path, show(got), show(want))}
}

func (ns names) capture(path, name string, got any) []string {
	v := show(got)
	if name == "any" {
		return nil
	}
	if old, ok := ns[name]; ok && old != v {
		return []string{fmt.Sprintf("%s is %s, want <%s>, which is %s", path, v, name, old)}
	}
	ns[name] = v
	return nil
}

func (ns names) matchObject(path string, want, got map[string]any) (diff []string) {
	for _, k := range sorted(want) {
		g, ok := got[k]
		switch {
		case k == "...":
		case !ok:
			diff = append(diff, fmt.Sprintf("%s.%s is missing, want %s", path, k, show(want[k])))
		default:
			diff = append(diff, ns.match(path+"."+k, want[k], g)...)
		}
	}
	if _, open := want["..."]; open {
		return diff
	}
	for _, k := range sorted(got) {
		if _, ok := want[k]; !ok {
			diff = append(diff, fmt.Sprintf("%s.%s is %s, want no such member", path, k, show(got[k])))
		}
	}
	return diff
}

func (ns names) matchList(path string, want, got []any) (diff []string) {
	if len(want) != len(got) {
		return []string{fmt.Sprintf("%s has %d elements, want %d: %s", path, len(got), len(want), show(got))}
	}
	for i := range want {
		diff = append(diff, ns.match(fmt.Sprintf("%s[%d]", path, i), want[i], got[i])...)
	}
	return diff
}

var placeholder = regexp.MustCompile(`<([A-Za-z_][A-Za-z0-9_]*)>`)

// matchText is match for the text of a header.
func (ns names) matchText(want, got string) bool {
	var pattern strings.Builder
	var found []string
	at := 0
	for _, m := range placeholder.FindAllStringSubmatchIndex(want, -1) {
		pattern.WriteString(regexp.QuoteMeta(want[at:m[0]]) + "(.+)")
		found = append(found, want[m[2]:m[3]])
		at = m[1]
	}
	pattern.WriteString(regexp.QuoteMeta(want[at:]))
	m := regexp.MustCompile("^" + pattern.String() + "$").FindStringSubmatch(got)
	if m == nil {
		return false
	}
	for i, name := range found {
		if len(ns.capture("", name, m[i+1])) > 0 {
			return false
		}
	}
	return true
}

// decode reads one JSON value, numbers as they are written.
func decode(b []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err = d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("something follows the value")
	}
	return v, nil
}

func show(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // made of what was decoded
	return strings.TrimSpace(b.String())
}

func sorted(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
