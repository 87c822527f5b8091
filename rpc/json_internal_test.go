package rpc

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func TestParseRefuses(t *testing.T) {
	many := func(last string) string {
		var b strings.Builder
		for _, c := range "abcdefghijklmnopqrstuvwxyz" {
			b.WriteString(`"` + string(c) + `":1,`)
		}
		return "{" + b.String() + last + "}"
	}
	listed := func(n int) string { return "[" + strings.Repeat("1,", n-1) + "1]" }
	for src, want := range map[string]error{
		``: errSyntax, ` `: errSyntax, `{`: errSyntax, `{"a"`: errSyntax, `{"a":`: errSyntax, `{"a":1,}`: errSyntax, `{,}`: errSyntax, `{1:2}`: errSyntax,
		`[1,]`: errSyntax, `[,]`: errSyntax, `[1 2]`: errSyntax, `[}`: errSyntax, `nul`: errSyntax, `True`: errSyntax, `NaN`: errSyntax, `+1`: errSyntax,
		`01`: errTrailing, `1.`: errSyntax, `.5`: errSyntax, `1e`: errSyntax, `-`: errSyntax, `"`: errSyntax, `"\x"`: errSyntax, `"\u12g4"`: errSyntax,
		`"\u12`: errSyntax, "\"\n\"": errSyntax, "\x00": errSyntax, "\"\x00\"": errSyntax, "\ufeff{}": errSyntax,
		`"\ud800"`: errSurrogate, `"\udc00"`: errSurrogate, `"\ud800\u0041"`: errSurrogate, `"\ud800\\dc00"`: errSurrogate, `"\ud800\ud800"`: errSurrogate,
		"\"\xc3\"": errUTF8, "\"\xed\xa0\x80\"": errUTF8, `{"a":1,"a":1}`: errDuplicate, `{"a":{"b":{},"b":[]}}`: errDuplicate,
		`{"\u0061":1,"a":2}`: errDuplicate, many(`"q":2`): errDuplicate, many(`"z":2`): errDuplicate, many(`"\u007a":2`): errDuplicate,
		strings.Repeat("[", 65) + strings.Repeat("]", 65): errDeep, strings.Repeat("[", 1<<20): errDeep, `{} {}`: errTrailing,
		listed(101): errBatch, listed(101)[:201] + "!": errBatch, `{"a":` + listed(99_998) + `}`: errMany, `{"a":` + listed(99_998): errMany,
	} {
		if err := new(doc).parse([]byte(src)); !errors.Is(err, want) {
			t.Errorf("%.80s: %v, want %v", src, err, want)
		}
	}
	for _, src := range []string{many(`"0":1`), `"\ud83d\ude00"`, `-0.0e-1`, `{"":{"":""}}`, strings.Repeat("[", 64) + strings.Repeat("]", 64), listed(100), `{"a":` + listed(99_997) + `}`} {
		if err := new(doc).parse([]byte(src)); err != nil {
			t.Errorf("%.80s: %v", src, err)
		}
	}
}

// What is refused costs no more than what is allowed.
func TestParseStops(t *testing.T) {
	for src, most := range map[string]int{
		"[" + strings.Repeat("{},", 99_999) + "{}]":          1 + maxBatch,
		`{"a":[` + strings.Repeat("0,", 400_000) + "0]}":     maxValues,
		`[{"a":[` + strings.Repeat("[],", 300_000) + "[]]}]": maxValues,
	} {
		var d doc
		if err := d.parse([]byte(src)); err == nil || len(d.nodes) > most {
			t.Errorf("%.10s: %v after %d values, want no more than %d", src, err, len(d.nodes), most)
		}
	}
}

// FuzzParse holds the scanner against encoding/json: what that refuses we refuse; what we refuse beyond it is one of the
// stated reasons; and the nodes are the values that it finds.
func FuzzParse(f *testing.F) {
	for _, s := range []string{`{"a":[1,-2.5e+3,true,false,null,"x\n\u00e9\ud83d\ude00"],"b":{}}`, `[`, `{"a":1,"a":2}`, ` 1 `, `"\ud800"`, "\xff", `{"\u0061":{"b":[[]]}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		var d doc
		err := d.parse(src)
		valid := json.Valid(src)
		switch {
		case err == nil && !valid:
			t.Fatalf("%q: accepted, but encoding/json refuses it", src)
		case err == nil:
			walk(t, &d, 0)
		case valid && (errors.Is(err, errSyntax) || errors.Is(err, errTrailing)):
			t.Fatalf("%q: %v, but encoding/json takes it", src, err)
		}
	})
}

// walk compares a value's nodes with what encoding/json makes of its text.
func walk(t *testing.T, d *doc, n int) {
	t.Helper()
	var got any
	if err := json.Unmarshal(d.raw(n), &got); err != nil {
		if _, tooLarge := errors.AsType[*json.UnmarshalTypeError](err); tooLarge {
			return // a number beyond float64
		}
		t.Fatalf("node %d %q: %v", n, d.raw(n), err)
	}
	count, end := 0, int(d.nodes[n].next)
	switch v := got.(type) {
	case map[string]any:
		for j := n + 1; j < end; j = int(d.nodes[j+1].next) {
			if _, ok := v[d.text(j)]; !ok || string(d.name(j)) != d.text(j) {
				t.Fatalf("%q: no member %q", d.raw(n), d.text(j))
			}
			walk(t, d, j+1)
			count++
		}
		if count != len(v) {
			t.Fatalf("%q: %d members, want %d", d.raw(n), count, len(v))
		}
	case []any:
		for j := n + 1; j < end; j = int(d.nodes[j].next) {
			walk(t, d, j)
			count++
		}
		if count != len(v) {
			t.Fatalf("%q: %d elements, want %d", d.raw(n), count, len(v))
		}
	case string:
		if d.text(n) != v {
			t.Fatalf("%q is %q, want %q", d.raw(n), d.text(n), v)
		}
	}
}
