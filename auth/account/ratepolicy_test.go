package account

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/limit"
)

var (
	anOperator = &auth.Principal{Type: auth.User, UserID: 3, UserType: auth.Operator, Role: auth.RoleByID(1)}
	aPartner   = &auth.Principal{Type: auth.User, UserID: 4, UserType: auth.MSP, ProxyID: 1}
	aCustomer  = &auth.Principal{Type: auth.User, UserID: 5, UserType: auth.Enterprise, EnterpriseID: 1}
	anApp      = &auth.Principal{Type: auth.App, ClientID: 6, UserType: auth.Enterprise, EnterpriseID: 1}
	aStranger  = &auth.Principal{Call: auth.Call{Source: "2001:db8::7"}}
)

// Who is counted together: by the policies for everyone, and by a tenant's own.
func TestRateCounted(t *testing.T) {
	callers := []*auth.Principal{anOperator, aPartner, aCustomer, anApp, aStranger}
	const nobody, all = "-", "all"
	for _, c := range []struct {
		kind string
		own  bool
		want [5]string
	}{
		{"SYSTEM", false, [5]string{all, all, all, all, "2001:db8::/64"}},
		{"OPERATOR_USER", false, [5]string{"user 3", nobody, nobody, nobody, nobody}},
		{"MSP_USER", false, [5]string{nobody, "user 4", nobody, nobody, nobody}},
		{"ENTERPRISE_USER", false, [5]string{nobody, nobody, "user 5", "app 6 in ENTERPRISE 1", nobody}},
		{"ENTERPRISE", false, [5]string{nobody, nobody, "ENTERPRISE 1", "ENTERPRISE 1", nobody}},
		{"PROXY", false, [5]string{nobody, "MSP 1", nobody, nobody, nobody}},
		{"ENTERPRISE_USER", true, [5]string{nobody, nobody, "user 5", "app 6 in ENTERPRISE 1", nobody}},
		{"ENTERPRISE", true, [5]string{nobody, nobody, "ENTERPRISE 1", "ENTERPRISE 1", nobody}},
		{"MSP_USER", true, [5]string{nobody, "user 4", nobody, nobody, nobody}},
		{"PROXY", true, [5]string{nobody, "MSP 1", nobody, nobody, nobody}},
	} {
		p := ratePolicies([]RateLimit{{Type: c.kind, Policies: []RatePolicy{{Rules: map[string]int64{"maxConcurrent": 1}}}}}, c.own)[0]
		for i, by := range callers {
			if got := describe(p.counts(by)); got != c.want[i] {
				t.Errorf("%s (own %v): caller %d is counted as %s, want %s", c.kind, c.own, i, got, c.want[i])
			}
		}
	}
	// In a tenant's own, everybody is everybody of that tenant.
	p := ratePolicies([]RateLimit{{Type: "SYSTEM", Policies: []RatePolicy{{}}}}, true)[0]
	if got := describe(p.counts(aCustomer)); got != "ENTERPRISE 1" {
		t.Errorf("SYSTEM of an enterprise counts %s", got)
	}
}

func describe(c counted, ok bool) string {
	switch {
	case !ok:
		return "-"
	case c.place != "":
		return c.place
	case c.client != 0:
		return fmt.Sprint("app ", c.client, " in ", c.of, " ", c.tenant)
	case c.user != 0:
		return fmt.Sprint("user ", c.user)
	case c.tenant != 0:
		return fmt.Sprint(c.of, " ", c.tenant)
	}
	return "all"
}

func TestRateMatches(t *testing.T) {
	for _, c := range []struct {
		match  RateMatch
		method string
		want   bool
	}{
		{RateMatch{"ALL", ""}, "event/getEnterpriseEvents", true},
		{RateMatch{"ALL", ""}, "", true},
		{RateMatch{"METHOD", "event/getEnterpriseEvents"}, "event/getEnterpriseEvents", true},
		{RateMatch{"METHOD", "event/getEnterpriseEvents"}, "event/getEnterpriseEventsList", false},
		{RateMatch{"METHOD", "event/getEnterpriseEvents"}, "event/getenterpriseevents", false},
		{RateMatch{"METHOD", "event/getEnterpriseEvents"}, "", false},
		{RateMatch{"METHOD_PREFIX", "event/"}, "event/getEnterpriseEvents", true},
		{RateMatch{"METHOD_PREFIX", "event/"}, "event", false},
		{RateMatch{"METHOD_PREFIX", "event/"}, "", false},
	} {
		if got := c.match.fits(c.method); got != c.want {
			t.Errorf("%v fits %q: %v, want %v", c.match, c.method, got, c.want)
		}
	}
}

func TestRateRules(t *testing.T) {
	got := ratePolicies([]RateLimit{
		{Type: "SYSTEM", Policies: []RatePolicy{{Rules: map[string]int64{"maxConcurrent": 7}},
			{Rules: map[string]int64{"reservoir": 500, "reservoirRefreshAmount": 400, "reservoirRefreshInterval": 250}}}},
		{Type: "SYSTEM", Enabled: ptr(false), Policies: []RatePolicy{{Rules: map[string]int64{"maxConcurrent": 1}}}},
		{Type: "SYSTEM", Enabled: ptr(true), Policies: []RatePolicy{{Rules: map[string]int64{"maxConcurrent": 7}}}},
	}, false)
	if len(got) != 3 || got[0].rule != (limit.Rule{AtOnce: 7}) || got[2].rule != got[0].rule ||
		got[1].rule != (limit.Rule{Burst: 500, Amount: 400, Every: 250 * time.Millisecond}) {
		t.Fatalf("%+v", got)
	}
	if got[0].number == got[2].number {
		t.Error("two policies that say the same share their count, and take twice")
	}
}

// The properties decide, each time anew: which ones there are for whom, and what becomes of a count.
func TestRateClaims(t *testing.T) {
	e := newEstate(t)
	ctx := context.Background()
	set := func(name, value string) {
		t.Helper()
		must(t, func() error {
			_, err := e.UpdateProperty(ctx, System("test"), 0, name, PropertyUpdate{Value: &value})
			return err
		}())
	}
	// claims answers what is demanded of a call, as the bounds at once: they tell the policies apart.
	claims := func(by *auth.Principal) string {
		t.Helper()
		list, _, err := e.RateClaims(ctx, by, "event/getEnterpriseEvents")
		must(t, err)
		var out []string
		for _, c := range list {
			out = append(out, fmt.Sprint(c.Rule.AtOnce))
		}
		return strings.Join(out, " ")
	}
	want := func(when, operator, partner, one, two, stranger string) {
		t.Helper()
		for i, by := range []*auth.Principal{anOperator, aPartner, e.by[0], e.by[1], aStranger} {
			if w, got := []string{operator, partner, one, two, stranger}[i], claims(by); got != w {
				t.Errorf("%s: caller %d has %q, want %q", when, i, got, w)
			}
		}
	}
	policy := func(kind string, n int) string {
		return fmt.Sprintf(`[{"type":%q,"policies":[{"match":{"type":"METHOD_PREFIX","value":"event/"},"rules":{"maxConcurrent":%d}},`+
			`{"match":{"type":"METHOD_PREFIX","value":"user/"},"rules":{"maxConcurrent":99}}]}]`, kind, n)
	}
	own := func(in auth.Tenant, value string) {
		t.Helper()
		var limits []RateLimit
		must(t, json.Unmarshal([]byte(value), &limits))
		_, err := e.SetRateLimits(ctx, System("test"), in, limits)
		must(t, err)
	}

	set("vco.api.rateLimit.rules.global", policy("SYSTEM", 1))
	set("vco.api.rateLimit.rules.enterprise.default", policy("ENTERPRISE", 2))
	set("vco.api.rateLimit.rules.enterpriseProxy.default", policy("MSP_USER", 3))
	want("while they are off", "", "", "", "", "")
	set("vco.api.rateLimit.enabled", "TRUE")
	want("the defaults", "1", "1 3", "1 2", "1 2", "1")
	if _, logOnly, err := e.RateClaims(ctx, anOperator, "x"); !logOnly || err != nil {
		t.Errorf("logOnly %v, %v: by default it is only logged", logOnly, err)
	}
	set("vco.api.rateLimit.mode.logOnly", "false")
	if _, logOnly, err := e.RateClaims(ctx, anOperator, "x"); logOnly || err != nil {
		t.Errorf("logOnly %v, %v", logOnly, err)
	}
	own(e.in[1], policy("ENTERPRISE_USER", 4))
	want("one's own instead of the default", "1", "1 3", "1 2", "1 4", "1")
	own(e.in[1], "[]")
	want("none of one's own instead of the default", "1", "1 3", "1 2", "1", "1")
	set("vco.api.rateLimit.rules.global", policy("OPERATOR_USER", 5))
	want("changed", "5", "3", "2", "", "")

	before, _, err := e.RateClaims(ctx, e.by[0], "event/x")
	must(t, err)
	e.rates = textBook[rateText, []ratePolicy]{} // as if it had been full
	again, _, err := e.RateClaims(ctx, e.by[0], "event/x")
	must(t, err)
	if len(before) != 1 || before[0] != again[0] {
		t.Error("a policy that is read again has another number: whoever makes that happen is rid of his count")
	}
	set("vco.api.rateLimit.rules.enterprise.default", policy("ENTERPRISE", 3))
	if changed, _, err := e.RateClaims(ctx, e.by[0], "event/x"); err != nil || changed[0].Policy == before[0].Policy {
		t.Errorf("a policy that was changed has the same number: %v", err)
	}
}

// The book holds a bounded amount of text, however many tenants have limits of their own.
func TestRateBookIsBounded(t *testing.T) {
	var b textBook[rateText, []ratePolicy]
	for i := range 1000 {
		limits := rateText{true, fmt.Sprintf("[]%*s", 10<<10+i, "")}
		_, err := b.look(limits, len(limits.text), readRates)
		must(t, err)
		if size := textOf(&b); size != b.size || size > maxTextBook {
			t.Fatalf("%d bytes of text, counted as %d", size, b.size)
		}
	}
}

func textOf(b *textBook[rateText, []ratePolicy]) (n int) {
	for t := range b.known {
		n += len(t.text)
	}
	return n
}
