package portal_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/memory"
)

// entries are all ways in with what somebody holds; each answers whether he was let in.
var entries = map[string]func(t *testing.T, h *house, as http.Header) bool{
	"/portal": func(t *testing.T, h *house, as http.Header) bool {
		return h.call(as, "auth/getCallerInfo", `{}`).Code == 0
	},
	"/portal/rest": func(t *testing.T, h *house, as http.Header) bool {
		return strings.Contains(h.post("/portal/rest/auth/getCallerInfo", as, ``).Body.String(), "principal")
	},
	"a batch": func(t *testing.T, h *house, as http.Header) bool {
		w := h.post("/portal", as, `[{"jsonrpc":"2.0","id":1,"method":"nonsense"},{"jsonrpc":"2.0","id":2,"method":"auth/getCallerInfo"}]`)
		return strings.Contains(w.Body.String(), `"result"`)
	},
	"beside a good session": func(t *testing.T, h *house, as http.Header) bool {
		if as.Get("Cookie") != "" {
			return false
		}
		as = as.Clone()
		as["Cookie"] = h.session(t, "super")["Cookie"]
		return h.call(as, "auth/getCallerInfo", `{}`).Code == 0
	},
	"as the other scheme": func(t *testing.T, h *house, as http.Header) bool {
		scheme, text, _ := strings.Cut(as.Get("Authorization"), " ")
		other := map[string]string{"Token": "Bearer ", "Bearer": "Token "}[scheme]
		return other != "" && h.call(http.Header{"Authorization": {other + text}}, "auth/getCallerInfo", `{}`).Code == 0
	},
	"exchanged": func(t *testing.T, h *house, as http.Header) bool {
		text, ok := strings.CutPrefix(as.Get("Authorization"), "Token ")
		return ok && h.post("/csp/gateway/am/api/auth/api-tokens/authorize", nil, "refresh_token="+text).Code == 200
	},
	"refreshed": func(t *testing.T, h *house, as http.Header) bool {
		text, ok := strings.CutPrefix(as.Get("Authorization"), "Token ")
		return ok && textIn(h.call(as, "apiToken/refresh", fmt.Sprintf(`{"apiToken":%q}`, text))) != ""
	},
}

// TestB03TakenAwayIsGone: whatever ends a right ends it for the next call, by every way in, for all that was made of it, and after a restart.
func TestB03TakenAwayIsGone(t *testing.T) {
	update := func(set string) func(t *testing.T, h *house, id int64) {
		return func(t *testing.T, h *house, _ int64) {
			h.good(t, h.session(t, "admin@acme"), "enterpriseUser/updateEnterpriseUser", `{"username":"ops@acme","_update":`+set+`}`, nil)
		}
	}
	for name, c := range map[string]struct {
		take          func(t *testing.T, h *house, id int64)
		token, access bool // whether these are gone
		session       bool
	}{
		"the token is revoked": {func(t *testing.T, h *house, id int64) {
			h.good(t, h.session(t, "ops@acme"), "apiToken/revoke", fmt.Sprintf(`{"id":%d}`, id), nil)
		}, true, true, false},
		"its owner is disabled":    {update(`{"isActive":false}`), true, true, true},
		"his role takes no tokens": {update(`{"roleId":12}`), true, true, false},
		"his password is set":      {update(`{"password":"correct horse 2"}`), false, false, true},
		"the token has expired":    {func(_ *testing.T, h *house, _ int64) { h.pass(48 * time.Hour) }, true, true, true},
		"he is deleted": {func(t *testing.T, h *house, _ int64) {
			h.good(t, h.session(t, "admin@acme"), "enterpriseUser/deleteEnterpriseUser", `{"username":"ops@acme"}`, nil)
		}, true, true, true},
		"his tenant is deleted": {func(t *testing.T, h *house, _ int64) {
			h.good(t, h.session(t, "super"), "enterprise/deleteEnterprise", `{"enterpriseId":1}`, nil)
		}, true, true, true},
		"tokens are switched off": {func(t *testing.T, h *house, _ int64) {
			h.setProperty(t, "session.options.enableApiTokenAuth", "false")
		}, true, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			db := memory.Open()
			t.Cleanup(func() { db.Close() })
			h := buildOn(t, db, zerolog.Nop())
			h.at(noon)
			session := h.session(t, "ops@acme")
			id, text := h.enabled(t, session, "ci", day)
			access := http.Header{"Authorization": {"Bearer " + h.exchanged(t, text)}}
			for _, as := range []http.Header{bearing(text), access, session} {
				h.good(t, as, "auth/getCallerInfo", `{}`, nil)
			}
			c.take(t, h, id)
			for i, as := range []http.Header{bearing(text), access, session} {
				if gone := []bool{c.token, c.access, c.session}[i]; gone {
					h.shut(t, as)
					again := assemble(t, db, zerolog.Nop())
					again.at(h.clock())
					again.shut(t, as)
				} else if !entries["/portal"](t, h, as) {
					t.Errorf("%v is refused, too", []string{"the token", "what was made of it", "the session"}[i])
				}
			}
		})
	}
}

func (h *house) shut(t *testing.T, as http.Header) {
	t.Helper()
	for way, in := range entries {
		if in(t, h, as) {
			t.Errorf("%s: in with %.20s...", way, as.Get("Authorization")+as.Get("Cookie"))
		}
	}
}

// What is good opens them all, or shut would see nothing.
func TestEntries(t *testing.T) {
	h := build(t)
	_, text := h.enabled(t, h.session(t, "ops@acme"), "ci", day)
	for _, way := range slices.Sorted(maps.Keys(entries)) { // refreshed comes last: it ends the text
		if !entries[way](t, h, bearing(text)) {
			t.Errorf("%s: a good token is refused", way)
		}
	}
}

// exchanged is an access token of an API token's user.
func (h *house) exchanged(t *testing.T, text string) string {
	t.Helper()
	w := h.post("/csp/gateway/am/api/auth/api-tokens/authorize", nil, "refresh_token="+text)
	_, rest, _ := strings.Cut(w.Body.String(), `"access_token":"`)
	access, _, ok := strings.Cut(rest, `"`)
	if !ok {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return access
}

// A brittle engine loses one commit of many.
type brittle struct {
	store.Engine
	until  int  // commits that go well; none is lost when negative
	silent bool // the lost one is written, and said to be lost
}

var errLost = errors.New("the disk has gone")

func (b *brittle) Commit(ctx context.Context, f func(store.Reader) ([]store.Write, error)) error {
	wrote := false
	lose := func(r store.Reader) ([]store.Write, error) {
		writes, err := f(r)
		if wrote = len(writes) > 0; wrote && err == nil && b.until == 0 && !b.silent {
			return nil, errLost
		}
		return writes, err
	}
	err := b.Engine.Commit(ctx, lose)
	if err == nil && wrote {
		if b.until--; b.until == -1 && b.silent {
			return errLost
		}
	}
	if errors.Is(err, errLost) {
		b.until = -1
	}
	return err
}

// TestB11FaultsWhileMaking: whichever step of making something with a secret fails, there is all of it or nothing: no secret without its
// record, no record that nobody was told of but one that is seen and can be ended.
func TestB11FaultsWhileMaking(t *testing.T) {
	for _, silent := range []bool{false, true} {
		for lost := range 4 {
			b := &brittle{Engine: memory.New(), until: -1, silent: silent}
			db := store.Open(b)
			t.Cleanup(func() { db.Close() })
			h := buildOn(t, db, zerolog.Nop())
			as, admin := h.session(t, "ops@acme"), h.session(t, "admin@acme")
			_, old := h.enabled(t, as, "old", time.Hour)
			b.until = lost
			var texts []string
			note := func(r reply) reply {
				if text := textIn(r); text != "" {
					texts = append(texts, text)
				}
				if r.Code != 0 && (r.Result != nil || strings.Contains(string(r.Error), "gone")) {
					t.Errorf("a failure with a result, or with its cause: %v %s", r, r.Error)
				}
				return r
			}
			made := note(h.call(as, "apiToken/create", `{"name":"new","lifetimeMs":60000}`))
			for _, s := range h.list(t, as) {
				if s.Name == "new" && s.State == "PENDING" {
					note(h.call(as, "apiToken/download", fmt.Sprintf(`{"id":%d}`, s.ID)))
				} else if s.Name == "new" {
					t.Errorf("%d: a new token is %+v", lost, s)
				}
			}
			note(h.call(as, "apiToken/refresh", fmt.Sprintf(`{"apiToken":%q}`, old)))
			note(h.call(admin, "apiClient/insertApiClient", `{"clientId":"backup","roleId":12,"firstName":"B","lastName":"U"}`))
			if b.until >= 0 {
				t.Fatalf("%d: nothing was lost", lost)
			}
			all := h.list(t, as)
			if made.Code == 0 && !slices.ContainsFunc(all, func(s shown) bool { return s.Name == "new" }) {
				t.Errorf("%d: a token that was made is not listed", lost)
			}
			for _, text := range texts { // a text that was given out is good
				if got := h.use(text); got != "in" {
					t.Errorf("%d: a text that was given out is refused: %s", lost, got)
				}
			}
			for _, s := range all {
				h.good(t, as, "apiToken/revoke", fmt.Sprintf(`{"id":%d}`, s.ID), nil)
			}
			for _, text := range append(texts, old) {
				if h.use(text) == "in" {
					t.Errorf("%d: a text is good that belongs to nothing in the list", lost)
				}
			}
		}
	}
}
