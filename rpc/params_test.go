package rpc_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/rpc"
)

// decoded lets the server read params, and answers what the method got, or the error as path: message.
func decoded[P any](t *testing.T, params string) (got P, refused string) {
	t.Helper()
	table, err := rpc.NewTable([]rpc.Method{{Name: "m", Doc: "d", Rule: auth.Public,
		Do: rpc.Func(func(_ context.Context, _ *auth.Principal, in P) (any, error) { got = in; return nil, nil })}})
	if err != nil {
		t.Fatal(err)
	}
	h := newHouse(t, func(o *rpc.Options) { o.Table = table })
	body := h.ask("/portal/rest/m", params, "").Body.Bytes()
	var fault struct {
		Error struct {
			Message string
			Data    struct {
				Error []struct{ Path, Message string }
			}
		}
	}
	if string(body) == "null" {
		return got, ""
	}
	if err := json.Unmarshal(body, &fault); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	var all []string
	for _, e := range fault.Error.Data.Error {
		all = append(all, e.Path+": "+e.Message)
	}
	if len(all) == 0 {
		return got, fault.Error.Message
	}
	return got, strings.Join(all, "; ")
}

func TestLooseScalars(t *testing.T) {
	is := func(ok func(everything) bool) func(everything) bool { return ok }
	at := func(want string) func(everything) bool {
		return func(e everything) bool {
			if want == "" {
				return e.Time.IsZero()
			}
			return e.Time.Format(time.RFC3339Nano) == want && e.Time.Location() == time.UTC
		}
	}
	for _, c := range []struct {
		params string
		ok     func(everything) bool
	}{
		{`{"id":6}`, is(func(e everything) bool { return e.ID == 6 })},
		{`{"id":"6"}`, is(func(e everything) bool { return e.ID == 6 })},
		{`{"id":""}`, is(func(e everything) bool { return e.ID == 0 })},
		{`{"id":null}`, is(func(e everything) bool { return e.ID == 0 })},
		{`{"id":"-1"}`, is(func(e everything) bool { return e.ID == -1 })},
		{`{"ids":[1,"2"]}`, is(func(e everything) bool { return len(e.IDs) == 2 && e.IDs[1] == 2 })},
		{`{"ids":"7"}`, is(func(e everything) bool { return len(e.IDs) == 1 && e.IDs[0] == 7 })},
		{`{"ids":null}`, is(func(e everything) bool { return e.IDs == nil })},
		{`{"flag":true,"bool":1}`, is(func(e everything) bool { return bool(e.Flag) && bool(e.Bool) })},
		{`{"flag":"TRUE","bool":"True"}`, is(func(e everything) bool { return bool(e.Flag) && bool(e.Bool) })},
		{`{"flag":"1","bool":"1"}`, is(func(e everything) bool { return bool(e.Flag) && bool(e.Bool) })},
		{`{"flag":0,"bool":"False"}`, is(func(e everything) bool { return !bool(e.Flag) && !bool(e.Bool) })},
		{`{"flagP":false}`, is(func(e everything) bool { return e.FlagP != nil && !bool(*e.FlagP) })},
		{`{"flagP":null}`, is(func(e everything) bool { return e.FlagP == nil })},
		{`{"flagP":""}`, is(func(e everything) bool { return e.FlagP == nil })},
		{`{"with":null}`, is(func(e everything) bool { return e.With == nil })},
		{`{"with":"edges"}`, is(func(e everything) bool { return len(e.With) == 1 && e.With.Has("edges") })},
		{`{"with":["edges","roles"]}`, is(func(e everything) bool { return len(e.With) == 2 })},
		{`{"with":[]}`, is(func(e everything) bool { return len(e.With) == 0 })},
		{`{"time":1700000000123}`, at("2023-11-14T22:13:20.123Z")},
		{`{"time":"1700000000123"}`, at("2023-11-14T22:13:20.123Z")},
		{`{"time":1700000000123.75}`, at("2023-11-14T22:13:20.123Z")},
		{`{"time":"2023-11-14T22:13:20Z"}`, at("2023-11-14T22:13:20Z")},
		{`{"time":"2023-11-14T22:13:20.123Z"}`, at("2023-11-14T22:13:20.123Z")},
		{`{"time":"2023-11-14T22:13:20.123456+01:30"}`, at("2023-11-14T20:43:20.123456Z")},
		{`{"time":"0001-01-01T00:00:00Z"}`, at("")},
		{`{"time":"0001-12-31T23:59:59.000+14:00"}`, at("")},
		{`{"time":null}`, at("")},
		{`{"time":""}`, at("")},
		{`{"time":0}`, at("")},
		{`{"timeP":"0001-01-01T00:00:00Z"}`, is(func(e everything) bool { return e.TimeP == nil })},
		{`{"strP":null}`, is(func(e everything) bool { return e.StrP != nil && *e.StrP == "" })},
		{`{"strP":""}`, is(func(e everything) bool { return e.StrP != nil && *e.StrP == "" })},
		{`{"strP":"\u00e9\ud83d\ude00\n"}`, is(func(e everything) bool { return *e.StrP == "é😀\n" })},
		{`{}`, is(func(e everything) bool { return e.StrP == nil && e.UpdateP == nil })},
		{`{"Str":"x","STR":"y"}`, is(func(e everything) bool { return e.Str == "" })},
		{`{"str":null,"int":null,"float":null,"plain":null,"list":null,"map":null,"any":null,"_update":null,"updateP":null,"kind":null}`,
			is(func(e everything) bool { return e.List == nil && e.UpdateP == nil })},
		{`{"int":31536000000.0}`, is(func(e everything) bool { return e.Int == 31536000000 })},
		{`{"int":-5,"small":127,"float":1e3,"plain":true}`, is(func(e everything) bool { return e.Int == -5 && e.Small == 127 && e.Float == 1000 && e.Plain })},
		{`{"list":[{"roleId":1},{"name":null}]}`, is(func(e everything) bool {
			return e.List[0].RoleID == 1 && *e.List[1].Name == "" && e.List[0].Name == nil
		})},
		{`{"map":{"a":1},"any":{"b":[2]}}`, is(func(e everything) bool { return e.Map["a"] == 1 && e.Any.(map[string]any)["b"] != nil })},
		{`{"_update":{"isActive":0,"x":1},"updateP":{}}`, is(func(e everything) bool { return e.Update.Active != nil && !bool(*e.Update.Active) && e.UpdateP != nil })},
		{`{"kind":"A"}`, is(func(e everything) bool { return e.Kind == "A" })},
		{`{"k\u0069nd":"B"}`, is(func(e everything) bool { return e.Kind == "B" })},
	} {
		if e, refused := decoded[everything](t, c.params); refused != "" || !c.ok(e) {
			t.Errorf("%s: %s %+v", c.params, refused, e)
		}
	}
}

func TestParamsRefused(t *testing.T) {
	const whole, truth, when = "must be a whole number", "must be true or false", "must be epoch milliseconds (13 digits) or an RFC 3339 time"
	for params, want := range map[string]string{
		`{"id":"x"}`:                          "id: " + whole,
		`{"id":1.5}`:                          "id: " + whole,
		`{"id":true}`:                         "id: " + whole,
		`{"id":{}}`:                           "id: " + whole,
		`{"id":99999999999999999999}`:         "id: " + whole,
		`{"ids":[1,null]}`:                    "ids: must be a list of whole numbers",
		`{"ids":{}}`:                          "ids: must be a list of whole numbers",
		`{"with":5}`:                          "with: must be a list of strings",
		`{"with":["edges","x"]}`:              "with: must be one of edges, roles",
		`{"with":"x"}`:                        "with: must be one of edges, roles",
		`{"flag":2}`:                          "flag: " + truth,
		`{"bool":"yes"}`:                      "bool: " + truth,
		`{"flag":[]}`:                         "flag: " + truth,
		`{"time":170000000012}`:               "time: " + when,
		`{"time":"2023-11-14 22:13:20"}`:      "time: " + when,
		`{"time":"2023-02-30T00:00:00Z"}`:     "time: " + when,
		`{"time":-1700000000123}`:             "time: " + when,
		`{"time":[]}`:                         "time: " + when,
		`{"str":5}`:                           "str: must be a string",
		`{"strP":5}`:                          "strP: must be a string",
		`{"int":"5"}`:                         "int: " + whole,
		`{"int":1.5}`:                         "int: " + whole,
		`{"int":1e300}`:                       "int: " + whole,
		`{"small":128}`:                       "small: " + whole,
		`{"float":"1"}`:                       "float: must be a number",
		`{"float":1e999}`:                     "float: must be a number",
		`{"plain":1}`:                         "plain: " + truth,
		`{"kind":"C"}`:                        "kind: must be one of A, B",
		`{"list":{}}`:                         "list: must be a list",
		`{"list":[{},{"roleId":"x"},5]}`:      "list[1].roleId: " + whole + "; list[2]: must be an object",
		`{"map":[]}`:                          "map: must be an object",
		`{"map":{"a":"b"}}`:                   "map.a: " + whole,
		`{"_update":5}`:                       "_update: must be an object",
		`{"_update":{"roleId":"x"},"int":""}`: "_update.roleId: " + whole + "; int: " + whole,
	} {
		if _, refused := decoded[everything](t, params); refused != want {
			t.Errorf("%s: %q, want %q", params, refused, want)
		}
	}
}

// TestExact: what nobody asks for is refused, at the depth of the params that say so, and told of in the document.
func TestExact(t *testing.T) {
	type inner struct {
		Name string `json:"name"`
	}
	type params struct {
		rpc.Exact
		inner
		Inner inner `json:"inner"`
	}
	got, refused := decoded[params](t, `{"name":"a","inner":{"name":"b","other":1}}`)
	if refused != "" || got.Name != "a" || got.Inner.Name != "b" {
		t.Errorf("got %+v, refused %q", got, refused)
	}
	if _, refused := decoded[params](t, `{"Name":"a","inner":{}}`); refused != "Name: is not one of the params" {
		t.Errorf("refused %q", refused)
	}
	if s := rpc.SchemaOf[params](false); s["additionalProperties"] != false {
		t.Errorf("the schema is %v", s)
	}
}

// TestGuard: what may stand for a guarded member is not passed over, everything else is.
func TestGuard(t *testing.T) {
	type params struct {
		Limits string `json:"limits" guard:"limits|sources"`
		Lemits string `json:"lemits"`
	}
	for name, refused := range map[string]bool{
		"limit": true, "Limits": true, "LIMIT": true, "limts": true, "limitss": true, "limist": true, "_limits": true, "ilmits": true, "Source": true,
		"limits": false, "lemits": false, "lemit": false, "": false, "l": false, "lim": false, "climates": false, "stimli": false, "resources": false,
	} {
		want := ""
		if refused {
			want = name + ": is not one of the params; is limits meant?"
		}
		if _, got := decoded[params](t, `{"`+name+`":"x"}`); got != want {
			t.Errorf("%s: refused %q, want %q", name, got, want)
		}
	}
}

func TestRequired(t *testing.T) {
	for params, want := range map[string]string{
		``: "name: is required; who: is required; at: is required",
		`{"name":"","who":"0","at":"0001-01-01T00:00:00Z"}`:         "name: is required; who: is required; at: is required",
		`{"name":null,"who":null,"at":null,"deep":{}}`:              "deep.life: is required; name: is required; who: is required; at: is required",
		`{"name":"n","who":1,"at":1700000000123,"deep":{}}`:         "deep.life: is required",
		`{"name":"n","who":1,"at":1700000000123,"deep":{"life":0}}`: "",
		`{"name":"n","who":1,"at":1700000000123}`:                   "",
	} {
		if _, refused := decoded[needs](t, params); refused != want {
			t.Errorf("%s: %q, want %q", params, refused, want)
		}
	}
}

func TestTableRefuses(t *testing.T) {
	sound := do(func(*auth.Principal, none) (any, error) { return nil, nil })
	row := func(change func(*rpc.Method)) rpc.Method {
		m := rpc.Method{Name: "m", Doc: "d", Rule: auth.SignedIn, Do: sound}
		change(&m)
		return m
	}
	type loop struct {
		Next []*loop `json:"next"`
	}
	for want, m := range map[string]rpc.Method{
		"no name":      row(func(m *rpc.Method) { m.Name = "" }),
		"no sentence":  row(func(m *rpc.Method) { m.Doc = "" }),
		"parsing time": row(func(m *rpc.Method) { m.Deprecated = rpc.Deprecation{Use: "use n"} }),
		"what to use":  row(func(m *rpc.Method) { m.Deprecated = rpc.Deprecation{Since: "2026-11-21"} }),
		"no rule":      row(func(m *rpc.Method) { m.Rule = auth.Rule{} }),
		"no function":  row(func(m *rpc.Method) { m.Do = rpc.Handler{} }),
		"second row":   row(func(m *rpc.Method) { m.Name = "rpc.discover" }),
		"not a struct": row(func(m *rpc.Method) { m.Do = do(func(*auth.Principal, string) (any, error) { return nil, nil }) }),
		"more than one tenant": row(func(m *rpc.Method) {
			m.Do = do(func(*auth.Principal, struct {
				rpc.InEnterprise
				rpc.InProxy
			}) (any, error) {
				return nil, nil
			})
		}),
		"cannot be read": row(func(m *rpc.Method) {
			m.Do = do(func(*auth.Principal, struct {
				C chan int `json:"c"`
			}) (any, error) {
				return nil, nil
			})
		}),
		"no name for the wire": row(func(m *rpc.Method) {
			m.Do = do(func(*auth.Principal, struct{ C int }) (any, error) { return nil, nil })
		}),
		"two members": row(func(m *rpc.Method) {
			m.Do = do(func(*auth.Principal, struct {
				rpc.InEnterprise
				E int `json:"enterpriseId"`
			}) (any, error) {
				return nil, nil
			})
		}),
		"contains itself":  row(func(m *rpc.Method) { m.Do = do(func(*auth.Principal, loop) (any, error) { return nil, nil }) }),
		"contains itself ": row(func(m *rpc.Method) { m.Do = do(func(*auth.Principal, none) ([]*loop, error) { return nil, nil }) }),
	} {
		if _, err := rpc.NewTable([]rpc.Method{m}); err == nil || !strings.Contains(err.Error(), strings.TrimSpace(want)) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	table, err := rpc.NewTable([]rpc.Method{row(func(*rpc.Method) {})})
	if err != nil || len(table.Methods()) != 2 {
		t.Errorf("a sound table: %v", err)
	}
}

// Of a merge patch, what is not named, what is null and what has a value are three things.
func TestPatchTellsNullFromNothing(t *testing.T) {
	type part struct {
		N **int `json:"n"`
	}
	type params struct {
		Flag **rpc.Bool `json:"flag"`
		Part **part     `json:"part"`
	}
	got, refused := decoded[params](t, `{}`)
	if refused != "" || got.Flag != nil || got.Part != nil {
		t.Errorf("not named: %+v %s", got, refused)
	}
	got, refused = decoded[params](t, `{"flag":null,"part":null}`)
	if refused != "" || got.Flag == nil || *got.Flag != nil || got.Part == nil || *got.Part != nil {
		t.Errorf("null: %+v %s", got, refused)
	}
	got, refused = decoded[params](t, `{"flag":0,"part":{"n":null}}`)
	if refused != "" || **got.Flag || (**got.Part).N == nil || *(**got.Part).N != nil {
		t.Errorf("null inside: %+v %s", got, refused)
	}
	if got, refused = decoded[params](t, `{"part":{"n":7}}`); refused != "" || **(**got.Part).N != 7 {
		t.Errorf("a value: %+v %s", got, refused)
	}
	if _, refused = decoded[params](t, `{"flag":"perhaps","part":{"n":"x"}}`); refused != "flag: must be true or false; part.n: must be a whole number" {
		t.Errorf("wrong values: %s", refused)
	}
}

// FuzzParams gives anything to a method that takes everything. It is refused or served, and what was read is read the same way when it is
// sent as the portal writes it.
func FuzzParams(f *testing.F) {
	for _, s := range []string{
		`{}`, `[]`, `{"id":"7","ids":[1,"2"],"flag":"true","flagP":0,"bool":1,"time":1700000000000,"timeP":"2027-01-02T03:04:05Z"}`,
		`{"with":["edges","roles"],"str":"\ud83d\ude00","strP":null,"int":-9223372036854775808,"small":127,"float":1e308,"kind":"A"}`,
		`{"list":[{},null],"map":{"a":1},"any":{"x":[1,{"y":null}]},"_update":{"roleId":null},"updateP":{}}`, `{"int":1e400}`, `{"time":1e30}`, `{"id":99999999999999999999}`,
	} {
		f.Add(s)
	}
	table, err := rpc.NewTable([]rpc.Method{{Name: "m", Doc: "d", Rule: auth.Public,
		Do: rpc.Func(func(_ context.Context, _ *auth.Principal, in everything) (everything, error) { return in, nil })}})
	if err != nil {
		f.Fatal(err)
	}
	h := newHouse(f, func(o *rpc.Options) { o.Table, o.Log = table, zerolog.Nop() })
	f.Fuzz(func(t *testing.T, params string) {
		w := h.ask("/portal/rest/m", params, "")
		if w.Code >= 500 || !json.Valid(w.Body.Bytes()) {
			t.Fatalf("%q: %d %s", params, w.Code, w.Body)
		}
		if w.Code != 200 {
			return
		}
		empty := strings.NewReplacer(`"strP":null`, `"strP":""`, `"name":null`, `"name":""`) // as null is read, where it is given
		once := w.Body.String()
		if w = h.ask("/portal/rest/m", once, ""); w.Code != 200 || empty.Replace(w.Body.String()) != empty.Replace(once) {
			t.Errorf("%q is read as %s, and that as %s", params, once, w.Body)
		}
	})
}
