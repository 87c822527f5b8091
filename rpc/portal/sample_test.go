package portal_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/portico-vco/portico/rpc"
	"github.com/portico-vco/portico/rpc/portal"
	"github.com/portico-vco/portico/rpc/rpctest"
)

// samples gathers from conversations what the documents show of each method. Of the calls that were answered with a result it
// keeps the one that shows most, the first of equals.
type samples map[string]*sample

type sample struct {
	params, result any
	shows          int
	errors         map[int]bool
}

func (s *samples) hear(t testing.TB, h rpctest.Heard) {
	t.Helper()
	fits(t, h)
	if *s == nil {
		*s = samples{}
	}
	one := (*s)[h.Method]
	if one == nil {
		one = &sample{shows: -1, errors: map[int]bool{}}
		(*s)[h.Method] = one
	}
	if h.Failed {
		code, _ := h.Answer.(map[string]any)["code"].(json.Number).Int64()
		one.errors[int(code)] = true
		return
	}
	params, result := given(plain("", h.Params)), plain("", h.Answer)
	n := shows(params, result)
	if n > 0 && isNarrow(h.Method, params) {
		n += 100
	}
	if n > one.shows {
		one.params, one.result, one.shows = params, result, n
	}
}

// narrow are the schemas of all params in the form that documents for generators show, which is not all that is taken.
var narrow = sync.OnceValue(func() map[string]*jsonschema.Schema {
	table, err := rpc.NewTable(portal.Methods(nil, nil, nil, nil, nil, nil, nil, nil, nil))
	if err != nil {
		panic(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(rpc.Options{Table: table}.OpenAPI()))
	if err != nil {
		panic(err)
	}
	c, all := jsonschema.NewCompiler(), map[string]*jsonschema.Schema{}
	_ = c.AddResource("openapi.json", document)
	for _, m := range table.Methods() {
		path := strings.ReplaceAll("/portal/rest/"+m.Name, "/", "~1")
		all[m.Name], _ = c.Compile("openapi.json#/paths/" + path + "/post/requestBody/content/application~1json/schema")
	}
	return all
})

func isNarrow(method string, params any) bool {
	s := narrow()[method]
	return s == nil || params != nil && s.Validate(params) == nil
}

// shows says how much there is to be learnt of a call: of the members of its params and its result, and not of more than a reader
// wants to see.
func shows(params, result any) int {
	in, _ := json.Marshal(params)
	out, _ := json.Marshal(result)
	if len(in)+len(out) > 4000 || filler.Match(in) {
		return 0
	}
	return min(leaves(params), 6) + min(leaves(result), 20)
}

func leaves(v any) (n int) {
	switch v := v.(type) {
	case map[string]any:
		for _, one := range v {
			n += leaves(one)
		}
	case []any:
		for _, one := range v {
			n += leaves(one)
		}
	case nil:
	default:
		n = 1
	}
	return n
}

var (
	secretName = regexp.MustCompile(`(?i)^(password2?|oldPassword|newPassword|currentPassword|passPhrase|token|text|clientSecret|secret|assertion|key|code|codes|recoveryCodes|uri|link|url|mac|signature|hash|head|prefix|secretPrefix|nextPageLink)$`)
	uuid       = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	accountNo  = regexp.MustCompile(`\b([A-Z]{3})-[0-9A-F]{7}\b`) // of an account
	minute     = regexp.MustCompile(`\b\d{4}-\d\d-\d\d \d\d:\d\d\b`)
	filler     = regexp.MustCompile(`"[^" ]{50,}"`)          // tests long texts
	word       = regexp.MustCompile(`^[A-Z][A-Z_]+(_\d+)?$`) // one of a few
	random     = regexp.MustCompile(`^[\w+/=.-]{20,}$`)
)

// plain is a value without what differs from one run to the next, and without secrets, though these are a test's. Of a list two will do.
func plain(name string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, one := range v {
			out[name] = plain(name, one)
		}
		return out
	case []any:
		out := make([]any, 0, 2)
		for _, one := range v[:min(len(v), 2)] {
			out = append(out, plain(name, one))
		}
		return out
	case string:
		return plainText(name, v)
	case json.Number:
		if len(v) >= 13 {
			return json.Number("1767352645000") // milliseconds of a time
		}
	}
	return v
}

// given is params without those that are null: these are as good as not given.
func given(v any) any {
	if o, ok := v.(map[string]any); ok {
		for name, one := range o {
			if o[name] = given(one); one == nil {
				delete(o, name)
			}
		}
	}
	return v
}

func plainText(name, s string) string {
	if _, err := time.Parse(time.RFC3339, s); err == nil {
		return "2026-01-02T11:17:25.000Z"
	}
	s = accountNo.ReplaceAllString(minute.ReplaceAllString(s, "2026-01-02 11:17"), "$1-0000000")
	s = uuid.ReplaceAllString(s, "00000000-0000-4000-8000-000000000000")
	if name == "seed" || secretName.MatchString(name) && !word.MatchString(s) || random.MatchString(s) && strings.ContainsAny(s, "0123456789") && !strings.Contains(s, "00000000-0000") {
		return "..."
	}
	return s
}

// TestSeedWithoutDigits: one in some hundreds looks like a word.
func TestSeedWithoutDigits(t *testing.T) {
	if got := plainText("seed", "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF"); got != "..." {
		t.Errorf("a sample would have %q", got)
	}
}

// unspoken are samples of methods that no conversation can call: it has neither a link of a letter nor a code of a second factor.
var unspoken = map[string][2]string{
	"login/redeemPasswordReset": {`{"token":"...","password":"...","password2":"..."}`, `{"rows":1}`},
	"secondFactor/confirm":      {`{"code":"..."}`, `{"recoveryCodes":["...","..."]}`},
	"secondFactor/remove":       {`{"currentPassword":"..."}`, `{"rows":1}`},
	"secondFactor/reset":        {`{"username":"ops@acme"}`, `{"rows":1}`},
}

// elsewhere are errors that other tests than conversations hear.
var elsewhere = map[string][]int{
	"enterpriseProxy/deleteEnterpriseProxyUser":           {managed},
	"enterpriseProxy/updateEnterpriseProxyUser":           {immutable, managed},
	"enterpriseUser/sendEnterpriseUserPasswordResetEmail": {atLimit},
	"operatorUser/deleteOperatorUser":                     {managed},
	"operatorUser/setOperatorUserBastionState":            {managed},
	"operatorUser/updateOperatorUser":                     {managed},
	"secondFactor/confirm":                                {conflict},
	"secondFactor/enroll":                                 {conflict, unverifiable},
	"secondFactor/reset":                                  {conflict, managed},
}

const conflict, immutable, managed, atLimit, unverifiable = -32006, -32007, -32008, -32009, -32012

// judge holds what was heard against what the documents show. Each method is shown with a result, and its errors are those.
func (s samples) judge(t *testing.T) {
	t.Helper()
	all := make(map[string]rpc.Sample, len(s))
	for name, codes := range elsewhere {
		for _, code := range codes {
			s[name].errors[code] = true
		}
	}
	for name, one := range s {
		if by := unspoken[name]; one.shows < 0 && by[0] != "" {
			one.params, one.result = json.RawMessage(by[0]), json.RawMessage(by[1])
		} else if one.shows < 0 {
			continue
		}
		all[name] = rpc.Sample{Params: textOrNothing(t, one.params), Result: text(t, one.result), Errors: slices.Sorted(maps.Keys(one.errors))}
	}
	var b bytes.Buffer
	must(t, json.Indent(&b, text(t, all), "", " "))
	b.WriteByte('\n')
	golden(t, "samples.json", b.String())
}

// textOrNothing is text, but of nil nothing.
func textOrNothing(t *testing.T, v any) json.RawMessage {
	if v == nil {
		return nil
	}
	return text(t, v)
}

func text(t *testing.T, v any) json.RawMessage {
	t.Helper()
	if v == nil {
		return json.RawMessage("null")
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	must(t, e.Encode(v))
	return bytes.TrimSpace(b.Bytes())
}
