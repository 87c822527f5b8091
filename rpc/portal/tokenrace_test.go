package portal_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/portico-vco/portico/store/memory"
)

// Of a thousand downloads at once one gets the text; the rest get their refusal, never a 5xx.
func TestThousandDownloadsOfOneToken(t *testing.T) {
	h := build(t)
	as := h.session(t, "ops@acme")
	id := h.pending(t, as, "ci", time.Hour)
	var text string
	for _, r := range together(1000, func(int) reply { return h.call(as, "apiToken/download", fmt.Sprintf(`{"id":%d}`, id)) }) {
		switch got := textIn(r); {
		case got != "" && text != "":
			t.Fatal("two texts of one token")
		case got != "":
			text = got
		case r.Code != -32006 || r.Status != 200 || r.Message != "cannot download: state is ENABLED":
			t.Fatalf("a loser got %v", r)
		}
	}
	if text == "" {
		t.Fatal("nobody got the text")
	}
	h.good(t, bearing(text), "system/getVersionInfo", `{}`, nil)
	if all := h.list(t, as); len(all) != 1 || all[0].State != "ENABLED" {
		t.Errorf("the list is %+v, want one that is ENABLED", all)
	}
	if n := len(h.told(t, acme(t, h), "DOWNLOAD_API_TOKEN")); n != 1 {
		t.Errorf("%d DOWNLOAD_API_TOKEN, want 1", n)
	}
	if n := len(h.told(t, acme(t, h), "API_TOKEN_REFUSED")); n < 1 || n > 3 {
		t.Errorf("%d API_TOKEN_REFUSED, want a few: they are counted per caller and minute", n)
	}
}

func TestManyDownloadsOfManyTokens(t *testing.T) {
	h := build(t)
	type one struct {
		who string
		id  int64
	}
	var all []one
	for who, n := range map[string]int{"ops@acme": 40, "support@acme": 30, "std@northwind": 30} {
		as := h.session(t, who)
		for i := range n {
			all = append(all, one{who, h.pending(t, as, fmt.Sprint("t", i), time.Hour)})
		}
	}
	sessions := map[string]func(id int64) reply{}
	for _, who := range []string{"ops@acme", "support@acme", "std@northwind"} {
		as := h.session(t, who)
		sessions[who] = func(id int64) reply { return h.call(as, "apiToken/download", fmt.Sprintf(`{"id":%d}`, id)) }
	}
	texts := make([]int, len(all))
	for i, r := range together(len(all)*32, func(i int) reply { o := all[i%len(all)]; return sessions[o.who](o.id) }) {
		switch {
		case textIn(r) != "":
			texts[i%len(all)]++
		case r.Code != -32006 || r.Status != 200:
			t.Fatalf("a loser got %v", r)
		}
	}
	for i, n := range texts {
		if n != 1 {
			t.Errorf("%d texts of token %d", n, all[i].id)
		}
	}
}

// Whatever a number may look like: it leads to the one token and to no second text.
func TestIDVariants(t *testing.T) {
	variants := []string{
		`" 1"`, `"1 "`, `"\t1"`, `1.0`, `"1.0"`, `"01"`, `01`, `1e0`, `"1e0"`, `"+1"`, `"-1"`, `"0x1"`, `"1_0"`, `"%31"`, `"1\u0000"`, `"\u0031"`,
		`"١"`, `"１"`, `"¹"`, `"1"`, `1`, `18446744073709551617`, `"18446744073709551617"`, `9223372036854775808`, `99999999999999999999999`,
		`-9223372036854775808`, `1e400`, `0.1e1`, `10e-1`, `[1]`, `{"id":1}`, `true`, `null`, `""`, `0`, `1.5`, `1.0000000000000000001`,
	}
	h := build(t)
	as := h.session(t, "ops@acme")
	id := h.pending(t, as, "ci", time.Hour)
	if id != 1 {
		t.Fatalf("the first token is %d", id)
	}
	texts := 0
	for range 2 {
		for _, v := range variants {
			for _, r := range []reply{
				h.call(as, "apiToken/download", `{"id":`+v+`}`),
				h.call(as, "enterprise/downloadApiToken", `{"id":`+v+`,"enterpriseId":`+v+`}`),
			} {
				if textIn(r) != "" {
					texts++
				} else if r.Code == 0 || r.Status >= 500 {
					t.Errorf("id %s: %v", v, r)
				}
			}
		}
	}
	if texts != 1 {
		t.Errorf("%d texts of one token", texts)
	}
}

// A revocation that was answered is final, whatever else happened in that moment.
func TestRevokeAgainstDownload(t *testing.T) {
	h := build(t)
	as := h.session(t, "ops@acme")
	downloads := 0
	for i := range 150 {
		id := h.pending(t, as, fmt.Sprint("t", i), time.Hour)
		got := together(2, func(i int) reply {
			return h.call(as, []string{"apiToken/download", "apiToken/revoke"}[i], fmt.Sprintf(`{"id":%d}`, id))
		})
		if string(got[1].Result) != `{"rows":1}` {
			t.Fatalf("revoke: %v", got[1])
		}
		if s := h.show(t, as, id); s.State != "REVOKED" || !s.IsRevoked {
			t.Fatalf("after a revocation the token is %+v", s)
		}
		text := textIn(got[0])
		if text == "" {
			if got[0].Code != -32006 || got[0].Message != "cannot download: state is REVOKED" {
				t.Fatalf("download: %v", got[0])
			}
			continue
		}
		downloads++
		if r := h.call(bearing(text), "system/getVersionInfo", `{}`); r.Message != "tokenError [revoked token]" {
			t.Fatalf("a revoked token: %v", r)
		}
	}
	t.Logf("%d of 150 downloads came before the revocation", downloads)
}

// Two refreshes of one text at once: one new text, and it alone works.
func TestRefreshAgainstRefresh(t *testing.T) {
	h := build(t)
	as := h.session(t, "ops@acme")
	_, old := h.enabled(t, as, "ci", time.Hour)
	var texts []string
	for _, r := range together(32, func(int) reply { return h.call(as, "apiToken/refresh", fmt.Sprintf(`{"apiToken":%q}`, old)) }) {
		if text := textIn(r); text != "" {
			texts = append(texts, text)
		} else if r.Code != -32004 || r.Status != 200 {
			t.Errorf("a loser got %v", r)
		}
	}
	if len(texts) != 1 {
		t.Fatalf("%d new texts", len(texts))
	}
	h.good(t, bearing(texts[0]), "system/getVersionInfo", `{}`, nil)
	if r := h.call(bearing(old), "system/getVersionInfo", `{}`); r.Message != "tokenError [invalid token]" {
		t.Errorf("the old text: %v", r)
	}
}

func TestLimitOfTokensHoldsUnderConcurrency(t *testing.T) {
	h := build(t)
	as := h.session(t, "ops@acme")
	made := 0
	for _, r := range together(120, func(i int) reply {
		return h.call(as, "apiToken/create", fmt.Sprintf(`{"name":"t%d","lifetimeMs":60000}`, i))
	}) {
		switch {
		case r.Code == 0:
			made++
		case r.Code != -32009 || r.Status != 200:
			t.Errorf("refused with %v", r)
		}
	}
	if n := len(h.list(t, as)); made != 50 || n != 50 {
		t.Errorf("%d made, %d listed, want 50", made, n)
	}
	// Dead tokens do not count.
	h.good(t, as, "apiToken/revoke", fmt.Sprintf(`{"id":%d}`, h.list(t, as)[0].ID), nil)
	h.pending(t, as, "again", time.Minute)
	if r := h.call(as, "apiToken/create", `{"name":"more","lifetimeMs":60000}`); r.Code != -32009 {
		t.Errorf("the 51st: %v", r)
	}
	h.pass(time.Minute)
	h.pending(t, as, "more", time.Minute)
}

func TestNameRace(t *testing.T) {
	h := build(t)
	as := h.session(t, "ops@acme")
	for round := range 3 {
		made := 0
		for _, r := range together(64, func(int) reply { return h.call(as, "apiToken/create", `{"name":"ci","lifetimeMs":60000}`) }) {
			switch {
			case r.Code == 0:
				made++
			case r.Code != -32006 || r.Status != 200:
				t.Errorf("refused with %v", r)
			}
		}
		if made != 1 {
			t.Errorf("round %d: %d tokens of one name", round, made)
		}
		h.pass(time.Minute)
	}
}

// Two superusers who turn on each other at once: one stays.
func TestLastSuperuserStaysWhateverTwoDoAtOnce(t *testing.T) {
	for _, update := range []string{`{"isActive":false}`, `{"isLocked":true}`, `{"roleId":2}`, `{"isNative":false}`, ""} {
		h := buildOn(t, memory.Open(), zerolog.Nop())
		h.setProperty(t, "vco.operator.authentication.mode", "SSO")
		first := h.session(t, "super")
		var second struct{ ID int64 }
		h.good(t, first, "operatorUser/insertOperatorUser", `{"username":"super2","password":"correct horse 1","roleId":1}`, &second)
		other := h.session(t, "super2")
		got := together(2, func(i int) reply {
			as, victim := first, fmt.Sprint(second.ID)
			if i == 1 {
				as, victim = other, h.names["super"]
			}
			if update == "" {
				return h.call(as, "operatorUser/deleteOperatorUser", `{"id":`+victim+`}`)
			}
			return h.call(as, "operatorUser/updateOperatorUser", `{"id":`+victim+`,"_update":`+update+`}`)
		})
		if (got[0].Code == 0) == (got[1].Code == 0) {
			t.Errorf("%s: %v and %v", update, got[0], got[1])
		}
		alive := 0
		for _, who := range []string{"super", "super2"} {
			w := h.post("/portal/rest/login/operatorLogin", nil, `{"username":"`+who+`","password":"correct horse 1"}`)
			if w.Code == 200 {
				if r := h.call(map[string][]string{"Cookie": w.Header()["Set-Cookie"]}, "operatorUser/updateOperatorUser", `{"id":`+h.names["opstd"]+`,"_update":{}}`); r.Code == 0 {
					alive++
				}
			}
		}
		if alive != 1 {
			t.Errorf("%s: %d superusers can get in", update, alive)
		}
	}
}
