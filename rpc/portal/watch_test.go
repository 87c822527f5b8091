package portal_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/token"
)

// Who counts hears what the caller is not told: why a login was refused.
func TestLoginsAreWatched(t *testing.T) {
	t.Parallel()
	h := build(t)
	_, codes := h.enrolled(t, "ops@acme")
	h.good(t, h.session(t, "admin@acme"), "enterpriseUser/updateEnterpriseUser", `{"id":`+h.names["support_acme"]+`,"_update":{"isActive":false}}`, nil)
	var got token.Outcome
	n := 0
	h.tokens.Watch(token.Watch{Login: func(o token.Outcome) { got = o; n++ }})
	h.fail(t, 5, "192.0.2.1", "readonly@acme")
	n = 0
	logins := []struct {
		who, password, code string
		want                token.Outcome
	}{
		{"admin@acme", password, "", token.LoggedIn},
		{"super", password, "", token.LoggedIn},
		{"admin@acme", "wrong horse 1", "", token.WrongPassword},
		{"nobody@acme", password, "", token.UnknownUser},
		{"nobody", password, "", token.UnknownUser},
		{"support@acme", password, "", token.NotActive},
		{"support@acme", "wrong horse 1", "", token.NotActive},
		{"readonly@acme", password, "", token.LockedOut},
		{"ops@acme", password, "", token.WrongFactor},
		{"ops@acme", password, "000000", token.WrongFactor},
		{"ops@acme", password, codes[0], token.LoggedIn},
	}
	for _, l := range logins {
		h.loginWith(l.who, l.password, l.code)
		if got != l.want {
			t.Errorf("%s %s %s: %s, want %s", l.who, l.password, l.code, got, l.want)
		}
	}
	if n != len(logins) {
		t.Errorf("%d logins were told of, want %d", n, len(logins))
	}
}

func TestMovesAreWatched(t *testing.T) {
	t.Parallel()
	h := build(t)
	got := map[string]int{}
	h.tokens.Watch(token.Watch{Move: func(a token.Act, moved bool) { got[fmt.Sprint(a, " ", moved)]++ }})
	admin := h.session(t, "admin@acme")
	id, text := h.enabled(t, admin, "one", time.Hour)
	h.call(admin, "apiToken/create", `{"name":"one","lifetimeMs":3600000}`) // the name is taken
	h.call(admin, "apiToken/download", fmt.Sprintf(`{"id":%d}`, id))        // once
	h.call(admin, "enterprise/refreshApiToken", `{"apiToken":"`+text+`"}`)
	h.call(admin, "apiToken/revoke", fmt.Sprintf(`{"id":%d}`, id))
	h.call(admin, "apiToken/revoke", fmt.Sprintf(`{"id":%d}`, id))
	h.call(admin, "apiToken/revoke", `{"id":999}`)
	want := map[string]int{
		"create true": 1, "create false": 1, "download true": 1, "download false": 1, "refresh true": 1, "revoke true": 1, "revoke false": 2,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Letters are counted as long as they wait.
func TestWaitingLetters(t *testing.T) {
	t.Parallel()
	h := build(t)
	waiting := func(want int) {
		t.Helper()
		if n, err := h.letters.Waiting(context.Background()); err != nil || n != want {
			t.Errorf("%d letters wait, %v; want %d", n, err, want)
		}
	}
	waiting(0)
	h.good(t, h.session(t, "admin@acme"), "enterpriseUser/updateEnterpriseUser", `{"id":`+h.names["ops_acme"]+`,"_update":{"email":"ops@acme.example"}}`, nil)
	h.good(t, h.session(t, "admin@acme"), "enterpriseUser/sendEnterpriseUserPasswordResetEmail", `{"id":`+h.names["ops_acme"]+`}`, nil)
	waiting(1)
	_, err := h.letters.DeleteLetter(context.Background(), account.System("test"), 1)
	must(t, err)
	waiting(0)
}
