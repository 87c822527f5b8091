package console_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/portico-vco/portico/auth/hook"
)

var entry = regexp.MustCompile(`(?m)^  '([^']+)': '((?:[^'\\]|\\.)*)',$`)

// texts are those of a language.
func texts(t *testing.T, file string) map[string]string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	found := entry.FindAllSubmatch(b, -1)
	if lines := strings.Count(string(b), "\n  "); len(found) != lines {
		t.Errorf("%s: %d lines, %d of them are texts", file, lines, len(found))
	}
	table := map[string]string{}
	if !slices.IsSortedFunc(found, func(a, b [][]byte) int { return bytes.Compare(a[1], b[1]) }) {
		t.Errorf("%s is not sorted by its keys", file)
	}
	for _, m := range found {
		if _, twice := table[string(m[1])]; twice {
			t.Errorf("%s has %s twice", file, m[1])
		}
		table[string(m[1])] = string(m[2])
	}
	return table
}

// form is what a key of a number has behind its name.
var form = regexp.MustCompile(`\.(one|other)$`)

// TestTexts: both languages have the same texts with the same places in them, each is used, and none that is used is missing.
func TestTexts(t *testing.T) {
	en, de := texts(t, "static/en.js"), texts(t, "static/de.js")
	places := func(text string) []string {
		list := regexp.MustCompile(`\{\w+\}`).FindAllString(text, -1)
		slices.Sort(list)
		return list
	}
	for key, text := range en {
		if other, ok := de[key]; !ok || !slices.Equal(places(text), places(other)) {
			t.Errorf("%s: English %q, German %q", key, text, other)
		}
	}
	for key := range de {
		if _, ok := en[key]; !ok {
			t.Errorf("%s is German alone", key)
		}
	}
	used, dynamic := usedTexts(t)
	for key := range used {
		if en[key] == "" && en[key+".other"] == "" {
			t.Errorf("there is no text %s", key)
		}
	}
	for key := range en {
		if !used[key] && !used[form.ReplaceAllString(key, "")] && !slices.ContainsFunc(dynamic, func(prefix string) bool { return strings.HasPrefix(key, prefix) }) {
			t.Errorf("nobody says %s", key)
		}
	}
}

// usedTexts are the keys that stand in the sources as they are, and how those begin that are put together.
func usedTexts(t *testing.T) (used map[string]bool, dynamic []string) {
	t.Helper()
	used = map[string]bool{}
	word := regexp.MustCompile(`'([\w.-]+)'`)
	for name, source := range sources(t) {
		if strings.HasSuffix(name, "/en.js") || strings.HasSuffix(name, "/de.js") {
			continue
		}
		for _, at := range regexp.MustCompile(`\bt\(`).FindAllStringIndex(source, -1) {
			for _, m := range word.FindAllStringSubmatch(withoutComparisons(argument(source[at[1]:])), -1) {
				used[m[1]] = true
			}
		}
		for _, m := range regexp.MustCompile("`((?:[a-zA-Z]+\\.)+)\\$\\{").FindAllStringSubmatch(source, -1) {
			dynamic = append(dynamic, m[1])
		}
		for _, m := range regexp.MustCompile("t\\(`\\$\\{key\\}(\\.\\w+)`\\)").FindAllStringSubmatch(source, -1) {
			dynamic = append(dynamic, "customers"+m[1], "partners"+m[1])
		}
	}
	return used, dynamic
}

// argument is the first of those that a text begins with, behind a parenthesis.
func argument(s string) string {
	depth := 0
	for i, c := range s {
		switch {
		case depth == 0 && (c == ',' || c == ')'):
			return s[:i]
		case c == '(':
			depth++
		case c == ')':
			depth--
		}
	}
	return s
}

func withoutComparisons(s string) string {
	return regexp.MustCompile(`[=!]== '[^']*'`).ReplaceAllString(s, "")
}

// TestRefusals: what refusals.js puts into other words the portal says, and each has its text.
func TestRefusals(t *testing.T) {
	b, err := os.ReadFile("static/refusals.js")
	if err != nil {
		t.Fatal(err)
	}
	known := regexp.MustCompile(`(?m)^  \[/(.*)/s?, '([\w.]+)'\],$`).FindAllStringSubmatch(string(b), -1)
	if lines := strings.Count(string(b), "\n  [/"); len(known) != lines || lines == 0 {
		t.Fatalf("%d of %d lines are read", len(known), lines)
	}
	en, said := texts(t, "static/en.js"), phrases(t)
	for _, m := range known {
		if en["refused."+m[2]] == "" {
			t.Errorf("there is no text refused.%s", m[2])
		}
		if pattern := regexp.MustCompile("(?s)" + m[1]); !slices.ContainsFunc(said, pattern.MatchString) {
			t.Errorf("the portal never says %s", m[1])
		}
	}
	for key := range en {
		if word, ok := strings.CutPrefix(key, "refused."); ok && !slices.ContainsFunc(known, func(m []string) bool { return m[2] == word }) {
			t.Errorf("nobody says %s", key)
		}
	}
}

// phrases are the texts of the portal's own source, with a number where something is put in.
func phrases(t *testing.T) (list []string) {
	t.Helper()
	text, verb := regexp.MustCompile(`"(?:[^"\\]|\\.)*"`), regexp.MustCompile(`%[a-z]`)
	for _, folder := range []string{"../auth", "../rpc"} {
		err := filepath.WalkDir(folder, func(name string, d fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
				return err
			}
			b, err := os.ReadFile(name)
			for _, s := range text.FindAllString(string(b), -1) {
				list = append(list, verb.ReplaceAllString(strings.Trim(s, `"`), "7"))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return list
}

// TestWebhookEvents: what the page proposes to be told of is what the portal tells, and the usual events are those that it takes itself.
func TestWebhookEvents(t *testing.T) {
	page := sources(t)["static/pages/webhooks.js"]
	names := regexp.MustCompile(`'([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)'`)
	list := func(name string) (found []string) {
		_, rest, _ := strings.Cut(page, "const "+name+" = [")
		literal, _, _ := strings.Cut(rest, "];")
		for _, m := range names.FindAllStringSubmatch(literal, -1) {
			found = append(found, m[1])
		}
		return found
	}
	if usual := list("usual"); !slices.Equal(usual, hook.Usual) {
		t.Errorf("the usual events are %q, here %q", hook.Usual, usual)
	}
	audited, err := os.ReadFile("../rpc/portal/audit_test.go")
	if err != nil {
		t.Fatal(err)
	}
	told := append(phrases(t), regexp.MustCompile(`[A-Z_]+`).FindAllString(string(audited), -1)...)
	known := list("known")
	for _, name := range known {
		if !slices.Contains(told, name) {
			t.Errorf("the portal never tells %s", name)
		}
	}
	if len(known) < 20 {
		t.Errorf("%d events are read", len(known))
	}
}

// named are the words that are the same in every language.
var named = []string{"Portico", "English", "Deutsch"}

// TestNoBareText: what people read comes from the tables of texts.
func TestNoBareText(t *testing.T) {
	letters := regexp.MustCompile(`\pL{2,}`)
	said := regexp.MustCompile(`\b(?:aria-label|placeholder|title|alt|label|legend|hint|text)="[^"$]*\pL[^"]*"`)
	for name, source := range sources(t) {
		for _, template := range templates(source) {
			if m := said.FindString(template); m != "" {
				t.Errorf("%s: %s", name, m)
			}
			bare := regexp.MustCompile(`<[^<>]*>`).ReplaceAllString(strings.ReplaceAll(template, "=>", ""), " ")
			for _, word := range letters.FindAllString(bare, -1) {
				if !slices.Contains(named, word) {
					t.Errorf("%s: the bare text %q in %s", name, word, strings.Join(strings.Fields(bare), " "))
				}
			}
		}
	}
	if got := templates("a = html`<p>${b ? html`<i>in</i>` : `c`} out</p>`"); !slices.Equal(got, []string{"<i>in</i>", "<p>$ out</p>"}) {
		t.Errorf("the templates are read as %q", got)
	}
}

// templates are the html`...` of a source, each with $ in the place of what is put in.
func templates(source string) []string {
	var list []string
	for i := 0; i < len(source); i++ {
		if strings.HasPrefix(source[i:], "html`") {
			i = template(source, i+len("html`"), &list)
		}
	}
	return list
}

// template reads on from behind the first ` of a template to the last, and answers where that is.
func template(source string, i int, list *[]string) int {
	var text strings.Builder
	for ; i < len(source) && source[i] != '`'; i++ {
		if strings.HasPrefix(source[i:], "${") {
			text.WriteByte('$')
			i = expression(source, i+2, list)
			continue
		}
		text.WriteByte(source[i])
	}
	*list = append(*list, text.String())
	return i
}

// expression reads on from behind ${ to its }.
func expression(source string, i int, list *[]string) int {
	for depth := 0; i < len(source); i++ {
		switch {
		case strings.HasPrefix(source[i:], "html`"):
			i = template(source, i+len("html`"), list)
		case source[i] == '`':
			i = template(source, i+1, new([]string))
		case source[i] == '\'':
			i += 1 + strings.IndexByte(source[i+1:], '\'')
		case source[i] == '{':
			depth++
		case source[i] == '}' && depth == 0:
			return i
		case source[i] == '}':
			depth--
		}
	}
	return i
}
