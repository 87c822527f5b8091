package portal_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// An export says what the list says: each member a column, each row a line, and nothing of it a formula.
func TestExport(t *testing.T) {
	h := build(t)
	admin := h.session(t, "admin@acme")
	odd := []string{
		`=HYPERLINK("http://evil.example","x")`, "+49 123", "-1+1", "@SUM(A1)", "\tx", "\nx", "＝1", "＋1", "－1", "＠x",
		`quoted "word", and comma`, "two\nlines", " blank", "'", `\`, "ä€😀", "NULL", "1", "a=b",
	}
	for i, text := range odd {
		params, err := json.Marshal(map[string]any{
			"username": fmt.Sprintf("odd%d@acme", i), "password": password, "roleId": 10,
			"firstName": text, "lastName": text, "officePhone": text, "domain": text, "email": text,
		})
		must(t, err)
		h.good(t, admin, "enterprise/insertEnterpriseUser", string(params), nil)
	}
	h.enabled(t, admin, `=cmd|' /C calc'!A0`, day)
	for _, method := range []string{"enterprise/getEnterpriseUsers", "enterprise/getApiTokens", "apiToken/list"} {
		var rows []map[string]any
		var text string
		h.good(t, admin, method, `{}`, &rows)
		h.good(t, admin, method, `{"format":"csv"}`, &text)
		if strings.Count(text, "\n") != strings.Count(text, "\r\n") {
			t.Errorf("%s: a line ends without CR", method)
		}
		lines, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		must(t, err)
		if len(lines) != 1+len(rows) {
			t.Fatalf("%s: %d lines for %d rows", method, len(lines), len(rows))
		}
		for i, row := range rows {
			delete(row, "password")
			delete(row, "salt")
			head := slices.Sorted(slices.Values(lines[0]))
			if want := slices.Sorted(maps.Keys(row)); !slices.Equal(head, want) {
				t.Fatalf("%s: columns %q, want %q", method, head, want)
			}
			for j, name := range lines[0] {
				if got, want := lines[i+1][j], inCSV(row[name]); got != want {
					t.Errorf("%s: %s is %q, want %q", method, name, got, want)
				}
			}
		}
	}
}

// inCSV is what a member of an answer ought to be in a cell; a line's end in one is CRLF there and is read back as LF.
func inCSV(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		for _, first := range []string{"=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"} {
			if strings.HasPrefix(v, first) {
				return "'" + v
			}
		}
		return v
	}
	return fmt.Sprint(v)
}

// A spreadsheet that separates cells by semicolons or tabs must not find a formula behind one either.
func TestExportBehindOtherSeparators(t *testing.T) {
	h := build(t)
	admin := h.session(t, "admin@acme")
	cases := map[string]string{
		"x;=cmd|' /C calc'!A0;": "x;'=cmd|' /C calc'!A0;",
		"x; +1; -2":             "x; '+1; '-2",
		"x;@y":                  "x;'@y",
		"a;b=c":                 "a;b=c",
		"Smith, -":              "Smith, -",
	}
	for text := range cases {
		params, err := json.Marshal(map[string]any{"id": json.RawMessage(h.names["ops_acme"]), "_update": map[string]any{"lastName": text}})
		must(t, err)
		h.good(t, admin, "enterpriseUser/updateEnterpriseUser", string(params), nil)
		var out string
		h.good(t, admin, "enterprise/getEnterpriseUsers", `{"format":"csv"}`, &out)
		lines, err := csv.NewReader(strings.NewReader(out)).ReadAll()
		must(t, err)
		column := slices.Index(lines[0], "lastName")
		if got := lines[2][column]; got != cases[text] {
			t.Errorf("%q is %q, want %q", text, got, cases[text])
		}
	}
}
