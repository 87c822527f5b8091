package rpctest

import (
	"strings"
	"testing"
)

func TestMatch(t *testing.T) {
	for _, c := range []struct{ name, want, got, diff string }{
		{"the same", `{"a":[1,null,"x",true]}`, `{"a":[1,null,"x",true]}`, ""},
		{"another value", `{"a":1}`, `{"a":2}`, "answer.a is 2, want 1"},
		{"another kind", `{"a":[]}`, `{"a":{}}`, "answer.a is {}, want []"},
		{"null for a text", `"x"`, `null`, `answer is null, want "x"`},
		{"another writing of a number", `1`, `1.0`, "answer is 1.0, want 1"},
		{"a member too few", `{"a":1,"b":"<any>"}`, `{"a":1}`, `answer.b is missing, want "<any>"`},
		{"a member too many", `{"a":1}`, `{"a":1,"b":2}`, "answer.b is 2, want no such member"},
		{"more may follow", `{"a":1,"...":"<any>"}`, `{"a":1,"b":2}`, ""},
		{"an element too many", `[1]`, `[1,2]`, "answer has 2 elements, want 1: [1,2]"},
		{"any", `["<any>","<any>"]`, `[null,{"x":1}]`, ""},
		{"captured twice alike", `["<n>","<n>"]`, `[{"x":1},{"x":1}]`, ""},
		{"captured twice otherwise", `["<n>","<n>"]`, `[1,2]`, "answer[1] is 2, want <n>, which is 1"},
	} {
		want, err := decode([]byte(c.want))
		if err != nil {
			t.Fatal(err)
		}
		got, err := decode([]byte(c.got))
		if err != nil {
			t.Fatal(err)
		}
		if diff := strings.Join(names{}.match("answer", want, got), "\n"); diff != c.diff {
			t.Errorf("%s: %q, want %q", c.name, diff, c.diff)
		}
	}
}

func TestFill(t *testing.T) {
	ns := names{"id": "7", "text": `"a\"b"`}
	if got, err := ns.fill(`{"id":$id,"t":"$text"}`); err != nil || got != `{"id":7,"t":"a\"b"}` {
		t.Errorf("%s %v", got, err)
	}
	if got, err := ns.text("$text"); err != nil || got != `a"b` {
		t.Errorf("%s %v", got, err)
	}
	if _, err := ns.fill("$later"); err == nil {
		t.Error("a name without a value is filled in")
	}
	if !ns.matchText("s=<s>; Path=/", "s=x; Path=/") || ns["s"] != `"x"` || ns.matchText("s=<s>", "s=y") || ns.matchText("a", "ab") {
		t.Errorf("headers: %v", ns)
	}
}

func TestSchemas(t *testing.T) {
	doc, err := decode([]byte(`{"methods":[{"name":"m","result":{"schema":{"type":"object","properties":{"at":{"type":"string","format":"date-time"}}}}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	all := compile(t, doc)
	for body, fits := range map[string]bool{`{"at":"2023-11-14T22:13:20.123Z"}`: true, `{"at":"yesterday"}`: false, `[]`: false} {
		got, err := decode([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		if (all["m"].Validate(got) == nil) != fits {
			t.Errorf("%s: fits is not %v", body, fits)
		}
	}
}
