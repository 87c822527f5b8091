package portal_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/portico-vco/portico/rpc/rpctest"
)

// fits holds an answer over the wire against the published document, where that is at hand. It finds what the documents
// alone cannot show: what is written where ours says little, and what is null or left out. The differences are the same
// ones, and so is the list of those on purpose.
func fits(t testing.TB, h rpctest.Heard) {
	t.Helper()
	doc := apiDocument()
	if doc == nil {
		return
	}
	for _, d := range misfits(doc, h.Method, h.Answer, h.Failed) {
		if reason(d, nil) == "" {
			t.Errorf("%s: the answer is not as published: %s", h.Where, d)
		}
	}
}

// exactly reads a value with its numbers as they are written.
func exactly(raw json.RawMessage) (v any) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	_ = d.Decode(&v) // nothing at all is null
	return v
}

// misfits are the differences between one answer and what the document says of it. Errors are of one form for all methods.
func misfits(doc schema, method string, answer any, failed bool) []string {
	c := comparison{doc: doc, diff: map[string]bool{}}
	if failed {
		c.answer("error", c.errorForm(), answer)
		return c.differences()
	}
	switch s, published := c.result(method); {
	case s != nil:
		c.answer(method+" result", s, answer)
	case published && answer != nil:
		c.differs("%s result: not declared", method)
	}
	return c.differences()
}

// answer compares one value. Only members may be null; what holds them may not.
func (c *comparison) answer(path string, doc schema, v any) {
	doc = c.resolve(doc)
	there := typesOf(doc)
	if len(there) == 0 {
		return // untyped there
	}
	here := kindOfValue(v)
	if list, ok := v.([]any); ok && there[0] == "object" {
		c.differs("%s: a list here", path)
		c.elements(path, doc, list)
		return
	}
	if o, ok := v.(schema); ok && isPage(o, doc) {
		c.differs("%s: a page here", path)
		c.answer(path, doc, o["data"])
		return
	}
	if here == "null" {
		c.differs("%s: null here", path)
		return
	}
	if !slices.Contains(there, here) && !(here == "integer" && slices.Contains(there, "number")) {
		c.differs("%s: %s here, %s there", path, here, strings.Join(there, "|"))
		return
	}
	switch v := v.(type) {
	case []any:
		c.elements(path+"[]", asSchema(doc["items"]), v)
	case schema:
		c.members(path, doc, v)
	default:
		c.scalar(path, doc, v)
	}
}

func (c *comparison) elements(path string, doc schema, list []any) {
	for _, v := range list {
		c.answer(path, doc, v)
	}
}

func (c *comparison) members(path string, doc schema, v schema) {
	known, need := asSchema(doc["properties"]), asList(doc["required"])
	rest, open := doc["additionalProperties"]
	for name, member := range v {
		s, ok := known[name]
		switch {
		case !ok && !open && len(known) > 0:
			c.differs("%s.%s: missing there", path, name)
		case !ok:
			s = rest
		}
		if member != nil {
			c.answer(path+"."+name, asSchema(s), member)
		}
	}
	for _, name := range need {
		if _, ok := v[name.(string)]; !ok {
			c.differs("%s.%s: missing here", path, name)
		}
	}
}

func (c *comparison) scalar(path string, doc schema, v any) {
	text := fmt.Sprint(v)
	if words := enumOf(doc); words != nil && !words[text] {
		c.differs("%s: %s is not in the enum there", path, strings.ReplaceAll(text, " ", "_"))
	}
	if _, err := time.Parse(time.RFC3339, text); err != nil && doc["format"] == "date-time" {
		c.differs("%s: no date-time here", path)
	}
	if n, isNumber := v.(json.Number); isNumber {
		have, _ := n.Float64()
		if least, ok := doc["minimum"].(float64); ok && have < least {
			c.differs("%s: below %v here", path, least)
		}
	}
}

// kindOfValue is the JSON type of a value that was read with its numbers as they are written.
func kindOfValue(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case []any:
		return "array"
	case schema:
		return "object"
	case json.Number:
		if strings.ContainsAny(v.String(), ".eE") {
			return "number"
		}
	}
	return "integer"
}

// TestShapes breaks real answers, one thing each, and sees that found.
func TestShapes(t *testing.T) {
	doc, h := needDocument(t), build(t)
	as := h.session(t, "super")
	h.pending(t, as, "ci", day)
	const roles = `{"userType":"MSP"}`
	for _, c := range []struct{ name, method, params, at, value, want string }{
		{"nothing", "role/getUserTypeRoles", roles, "0.name", `"x"`, ""},
		{"null for a member", "role/getUserTypeRoles", roles, "0.name", `null`, ""},
		{"a text for a number", "role/getUserTypeRoles", roles, "0.id", `"7"`, "result[].id: string here, integer there"},
		{"a truth value for a number", "role/getUserTypeRoles", roles, "3.isSuper", `true`, "result[].isSuper: boolean here, integer there"},
		{"a fraction", "role/getUserTypeRoles", roles, "1.id", `7.5`, "result[].id: number here, integer there"},
		{"a member too few", "role/getUserTypeRoles", roles, "2.name", ``, "result[].name: missing here"},
		{"a member too many", "role/getUserTypeRoles", roles, "2.names", `1`, "result[].names: missing there"},
		{"an unknown word", "role/getUserTypeRoles", roles, "0.userType", `"A B"`, "result[].userType: A_B is not in the enum there"},
		{"an unknown flag", "operatorUser/getOperatorUser", `{"username":"super"}`, "isActive", `2`, "result.isActive: 2 is not in the enum there"},
		{"a time without a zone", "role/getUserTypeRoles", roles, "0.created", `"2023-11-14T22:13:20"`, "result[].created: no date-time here"},
		{"null in a list", "role/getUserTypeRoles", roles, "0", `null`, "result[]: null here"},
		{"null for a list", "role/getUserTypeRoles", roles, "", `null`, "result: null here"},
		{"an object for a list", "role/getUserTypeRoles", roles, "", `{}`, "result: object here, array there"},
		{"in a page", "network/getNetworkOperatorUsers", `{"limit":2}`, "data.1.id", `"1"`, "result[].id: string here, integer there"},
		{"in a list for one thing", "network/getApiTokens", `{}`, "0.isRevoked", `0`, "result.isRevoked: integer here, boolean there"},
		{"too little", "event/getOperatorEvents", `{}`, "metaData.limit", `-1`, "result.metaData.limit: below 0 here"},
		{"something for nothing", "logout", `{}`, "", `{}`, "result: not declared"},
		{"of an error", "systemProperty/getSystemProperty", `{}`, "code", `"-32602"`, "code: string here, integer there"},
	} {
		r := h.call(as, c.method, c.params)
		answer, failed := exactly(r.Result), r.Code != 0
		if failed {
			answer = exactly(r.Error)
		}
		before := misfits(doc, c.method, answer, failed)
		after := misfits(doc, c.method, put(answer, c.at, c.value), failed)
		got := slices.DeleteFunc(after, func(d string) bool { return slices.Contains(before, d) })
		for i := range got {
			got[i] = strings.TrimPrefix(strings.TrimPrefix(got[i], c.method+" "), "error.")
		}
		if got := strings.Join(got, "; "); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// put answers v with another value at a path, or without the member there.
func put(v any, path, value string) any {
	step, rest, _ := strings.Cut(path, ".")
	switch v := v.(type) {
	case schema:
		if value == "" && rest == "" {
			delete(v, step)
			return v
		}
		if step != "" {
			v[step] = put(v[step], rest, value)
			return v
		}
	case []any:
		if i, err := strconv.Atoi(step); err == nil {
			v[i] = put(v[i], rest, value)
			return v
		}
	}
	return exactly(json.RawMessage(value))
}
