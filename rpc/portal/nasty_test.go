package portal_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// Whatever stands in the place of a param, also inside one, it is refused or served, and never our fault.
func TestNastyParamsAreNeverOurFault(t *testing.T) {
	t.Parallel()
	values := []string{
		`null`, `""`, `"x"`, `0`, `-1`, `1.5`, `1e400`, `9223372036854775807`, `-9223372036854775808`, `18446744073709551616`, `true`, `[]`, `[null]`, `[[]]`,
		`{}`, `{"x":null}`, `"\u0000"`, `"\ud83d\ude00"`, `"2027-13-45T99:99:99Z"`, `"9999-12-31T23:59:59.999Z"`, `253402300800000`, `"-0001-01-01T00:00:00Z"`,
		`"` + strings.Repeat("long", 1000) + `"`,
	}
	h := build(t)
	var doc struct {
		Methods []struct {
			Name   string
			Params []struct {
				Name   string
				Schema schema
			}
		}
	}
	h.good(t, nil, "rpc.discover", `{}`, &doc)
	admin := h.session(t, "admin@acme")
	serial := 0
	for _, m := range doc.Methods {
		d := doorways[m.Name]
		if d.public || m.Name == "enterprise/deleteEnterprise" { // it would end those who try the rest
			continue
		}
		for _, p := range m.Params {
			for i, v := range values {
				forms := []string{v}
				for name := range asSchema(p.Schema["properties"]) {
					if i%4 != 0 { // within an object each fourth will do
						break
					}
					forms = append(forms, `{"`+name+`":`+v+`}`)
				}
				for _, v := range forms {
					as, role, at := admin, 9, atHome
					if d.callers != "" && !strings.Contains(d.callers, "ENTERPRISE") || m.Name == "enterpriseProxy/getApiTokens" {
						as, role, at = http.Header(nil), 1, below
					}
					if as == nil {
						as = h.superSession(t)
					}
					var params map[string]json.RawMessage
					must(t, json.Unmarshal([]byte(d.fill(h, role, at, &serial)), &params))
					params[p.Name] = json.RawMessage(v)
					b, err := json.Marshal(params)
					must(t, err)
					if r := h.call(as, m.Name, string(b)); r.Code == -32603 || r.Code == -1 || r.Status != 200 {
						t.Errorf("%s %.200s: %v", m.Name, b, r)
					}
				}
			}
		}
	}
	h.good(t, admin, "system/getVersionInfo", `{}`, nil) // else nothing was tried
	h.good(t, h.super, "system/getVersionInfo", `{}`, nil)
}

// superSession keeps one session of the superuser.
func (h *house) superSession(t testing.TB) http.Header {
	if h.super == nil {
		h.super = h.session(t, "super")
	}
	return h.super
}
