package reference_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/portico-vco/portico/reference"
)

const small = `{"openrpc":"1.3.2","info":{"title":"Small","version":"7"},"methods":[
	{"name":"b/get","summary":"Gets <b>.","params":[
		{"name":"id","required":true,"schema":{"type":["integer","string"]}},
		{"name":"with","description":"A | B.","schema":{"anyOf":[{"type":"array","items":{"type":"string","enum":["x","y"]}},{"type":"string"},{"type":"null"}]}}],
	 "result":{"name":"result","schema":{"type":"array","items":{"type":"object","required":["at"],"properties":{
		"at":{"type":["string","null"],"format":"date-time"},"of":{"type":"object","properties":{"name":{"type":"string"}}}}}}},
	 "errors":[{"$ref":"#/components/errors/Gone"}],
	 "examples":[{"params":[{"name":"id","value":3}],"result":{"name":"result","value":[]}}],
	 "x-privileges":{"allowAuthTypes":["OPERATOR"],"allowPrincipleTypes":["USER"],"requirePrivileges":[{"action":"READ","object":"B"}]}},
	{"name":"a/do","summary":"Does.","deprecated":true,"description":"Use b/get.","params":[],"result":{"name":"result","schema":{"type":"null"}},"errors":[]}],
	"components":{"errors":{"Gone":{"code":-1,"message":"It is gone."}}}}`

const smallForm = `{"type":"object","properties":{"things":{"type":"array","items":{"$ref":"#/$defs/Thing"}}},"$defs":{
	"Thing":{"type":"object","required":["name"],"properties":{"name":{"$ref":"#/$defs/text","description":"Of <it>."}}},"text":{"type":"string"}}}`

func TestPages(t *testing.T) {
	for name, c := range map[string]struct {
		page  func(openRPC, fixture []byte) ([]byte, error)
		wants []string
	}{
		"markdown": {reference.Markdown, []string{
			"# Small API 7", "| -1 | Gone | It is gone. |", "### a/do\n\n**Deprecated.** Use b/get.", "For: anybody.",
			"For: with READ:B; users of type OPERATOR; callers of type USER. Errors: Gone.",
			"| `id` (required) | integer or string |  |", `| ` + "`with`" + ` | list of string or string or null | A \| B. One of x, y. |`,
			"| `[].at` | time or null |  |", "| `[].of.name` | string |  |", "POST /portal/rest/b/get\n{\n  \"id\": 3\n}\n\n[]",
			"### Fixture\n\n| field | type | |\n| --- | --- | --- |\n| `things` | list of Thing |  |\n\n### Thing\n",
			"| `name` (required) | text | Of &lt;it>. |\n\n## a\n",
		}},
		"html": {reference.HTML, []string{
			"<title>Small API 7</title>", `<section id="b-get">`, "Gets &lt;b&gt;.", `<a href="#Gone">Gone</a>`, `<tr id="Gone"><td>-1</td>`,
			`<code class="needed">id</code>`, "<code>[].of.name</code>", `<span class="old">deprecated</span>`, "&#34;id&#34;: 3",
			"<code>things</code></td><td>list of Thing</td>", `<code class="needed">name</code></td><td>text</td><td>Of &lt;it&gt;.`,
		}},
	} {
		got, err := c.page([]byte(small), []byte(smallForm))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range c.wants {
			if !strings.Contains(string(got), want) {
				t.Errorf("%s: %q is not in\n%s", name, want, got)
			}
		}
	}
	for _, half := range [][2]string{{"{", smallForm}, {small, "{"}} {
		if _, err := reference.HTML([]byte(half[0]), []byte(half[1])); err == nil {
			t.Error("half a document is made a page of")
		}
	}
}

// TestPageStandsAlone: it asks nobody for anything, runs nothing, and its parts are known by names of their own.
func TestPageStandsAlone(t *testing.T) {
	document, err := os.ReadFile("../rpc/portal/testdata/openrpc.json")
	if err != nil {
		t.Fatal(err)
	}
	page, err := reference.HTML(document, []byte(smallForm))
	if err != nil {
		t.Fatal(err)
	}
	for _, not := range []string{"<script", "<link", "<img", "@import", "url(", `href="http`, "src="} {
		if strings.Contains(string(page), not) {
			t.Errorf("%s is in the page", not)
		}
	}
	ids := map[string]bool{}
	for _, m := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(string(page), -1) {
		if ids[m[1]] {
			t.Errorf("there are two %s", m[1])
		}
		ids[m[1]] = true
	}
	for _, m := range regexp.MustCompile(` href="#([^"]+)"`).FindAllStringSubmatch(string(page), -1) {
		if !ids[m[1]] {
			t.Errorf("a link leads to %s, which is not there", m[1])
		}
	}
	if len(ids) < 200 {
		t.Errorf("only %d parts", len(ids))
	}
}
