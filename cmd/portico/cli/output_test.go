package cli

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestPrintable(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"plain ä 日本":          "plain ä 日本",
		"\x1b[31mred":         `\u001b[31mred`,
		"a\nb\tc\r":           `a\u000ab\u0009c\u000d`,
		"\u009b2J\x7f":        `\u009b2J\u007f`,
		"\u202egnp.exe":       `\u202egnp.exe`, // reads backwards
		"zero\u200bwidth":     `zero\u200bwidth`,
		"می\u200cخواهم":       "می\u200cخواهم", // a letter of Persian
		"\U000e0041":          `\udb40\udc41`,  // a tag, which is not seen
		"not UTF-8: \xff":     `not UTF-8: \ufffd`,
		"line\u2028separator": `line\u2028separator`,
	} {
		if got := Printable(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// shown is what an output makes of a list.
func shown(t *testing.T, o Output, columns []string, list ...string) string {
	t.Helper()
	var out bytes.Buffer
	o.W = &out
	if o.Local == nil {
		o.Local = time.FixedZone("", 2*60*60)
	}
	var all []json.RawMessage
	for _, one := range list {
		all = append(all, json.RawMessage(one))
	}
	if err := o.List(all, columns); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

var (
	columns = []string{"id", "name", "lastUsed", "roleIds"}
	first   = `{"id":1,"name":"=cmd|' /C calc'!A0","lastUsed":"2026-11-22T11:04:34.123Z","roleIds":[10,12],"scope":{"a":1}}`
	second  = `{"id":-2,"name":"日本, \u001b[2J\u009b\n\"x\"","lastUsed":null,"roleIds":[]}`
	third   = `{"id":12345678901234567890,"name":null}`
)

func TestTable(t *testing.T) {
	t.Parallel()
	want := `
ID                    NAME                            LAST USED            ROLE IDS
1                     =cmd|' /C calc'!A0              2026-11-22 13:04:34  10 12
-2                    日本, \u001b[2J\u009b\u000a"x"
12345678901234567890
`
	if got := shown(t, Output{Form: "table"}, columns, first, second, third); got != want[1:] {
		t.Errorf("got\n%s", got)
	}
	want = `
ID            NAME          LAST USED      ROLE IDS
1             =cmd|' /C c…  2026-11-22 1…  10 12
-2            日本, \u001…
12345678901…
`
	if got := shown(t, Output{Form: "table", Width: 51}, columns, first, second, third); got != want[1:] {
		t.Errorf("got\n%s", got)
	}
	if got := shown(t, Output{Form: "table", Width: 3}, columns, first); !strings.Contains(got, "=cm…") {
		t.Errorf("of a terminal that is too narrow:\n%s", got)
	}
	if got := shown(t, Output{Form: "table"}, columns); got != "ID  NAME  LAST USED  ROLE IDS\n" {
		t.Errorf("of nothing: %q", got)
	}
}

func TestCSV(t *testing.T) {
	t.Parallel()
	got := shown(t, Output{Form: "csv"}, columns, first, second, third)
	rows, err := csv.NewReader(strings.NewReader(got)).ReadAll()
	if err != nil || len(rows) != 4 || strings.Count(got, "\r\n") != 4+1 { // one is in a cell
		t.Fatalf("%v: %q", err, got)
	}
	for i, want := range [][]string{
		columns,
		{"1", "'=cmd|' /C calc'!A0", "2026-11-22T11:04:34.123Z", "10 12"},
		{"-2", "日本, \\u001b[2J\\u009b\n\"x\"", "", ""},
		{"12345678901234567890", "", "", ""},
	} {
		if strings.Join(rows[i], "|") != strings.Join(want, "|") {
			t.Errorf("got %q, want %q", rows[i], want)
		}
	}
}

// What is written as JSON means the same as what the portal answered.
func TestJSON(t *testing.T) {
	t.Parallel()
	text := `{"a":"\u001b\u009b` + "\u009b\u202e\U000e0041" + `","b":[1e400,{}],"c":12345678901234567890}`
	var out bytes.Buffer
	if err := (Output{W: &out}).JSON(json.RawMessage(text)); err != nil {
		t.Fatal(err)
	}
	if i := strings.IndexFunc(out.String(), func(r rune) bool { return r != '\n' && hidden(r) }); i >= 0 {
		t.Errorf("a character that is not seen: %q", out.String()[i:])
	}
	var want, got struct {
		A    string
		B, C json.RawMessage
	}
	if err := json.Unmarshal([]byte(text), &want); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || got.A != want.A || string(got.C) != string(want.C) {
		t.Errorf("%v: got %q, want %q", err, out.String(), text)
	}
	if got := shown(t, Output{Form: "json"}, nil); got != "[]\n" {
		t.Errorf("of nothing: %q", got)
	}
	if got := shown(t, Output{Form: "json"}, nil, `{"a":[]}`, `2`); got != "[\n  {\n    \"a\": []\n  },\n  2\n]\n" {
		t.Errorf("got %q", got)
	}
}

func TestParseRule(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"user=a@b":        `{"field":"user","op":"is","values":["a@b"]}`,
		"event=A,B":       `{"field":"event","op":"in","values":["A","B"]}`,
		"event!=A":        `{"field":"event","op":"isNot","values":["A"]}`,
		"event!=A,B":      `{"field":"event","op":"notIn","values":["A","B"]}`,
		"message~a=b,c":   `{"field":"message","op":"contains","values":["a=b,c"]}`,
		"message=a!=b~c":  `{"field":"message","op":"is","values":["a!=b~c"]}`,
		"message~x!=y":    `{"field":"message","op":"contains","values":["x!=y"]}`,
		"":                "",
		"=x":              "",
		"severity ERROR":  "",
		"severity is not": "",
	} {
		rule, err := ParseRule(text)
		got, _ := json.Marshal(rule)
		if err != nil {
			got = nil
		}
		if string(got) != want {
			t.Errorf("%q: got %s (%v), want %s", text, got, err, want)
		}
	}
}
