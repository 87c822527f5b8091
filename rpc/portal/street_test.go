package portal_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
)

// A party is a caller with what is his: what stands for $tenant and so on in his calls, and what he has of each kind.
type party struct {
	as   http.Header
	kind string
	at   map[string]string // by "tenant" and so on
	owns map[string]string // by kind
}

// plots say how users of a type plant.
var plots = map[auth.UserType]struct {
	insertUser, by, property string
	weak, function           int // a weak role, and a function of such roles
}{
	auth.Operator:   {"operatorUser/insertOperatorUser", "Operator", "", 3, 107},
	auth.MSP:        {"enterpriseProxy/insertEnterpriseProxyUser", "EnterpriseProxy", "enterpriseProxy/insertOrUpdateEnterpriseProxyProperty", 7, 117},
	auth.Enterprise: {"enterprise/insertEnterpriseUser", "Enterprise", "enterprise/insertOrUpdateEnterpriseProperty", 11, 127},
}

// plant gives an organisation something of each kind, made by its superuser, with its name in it; also a clerk, with something of his.
func (h *house) plant(t *testing.T, who, name string) (owns map[string]string) {
	t.Helper()
	as, kind := h.session(t, who), h.find(t, who).Type
	plot := plots[kind]
	id := func(method, format string, args ...any) string {
		t.Helper()
		var made struct{ ID json.Number }
		h.good(t, as, method, fmt.Sprintf(format, args...), &made)
		return string(made.ID)
	}
	clerk := "clerk@" + name
	if kind == auth.Operator {
		clerk = "clerk." + name
	}
	owns = map[string]string{
		"username":   fmt.Sprintf("%q", clerk),
		"user":       id(plot.insertUser, `{"username":%q,"password":"correct horse 1","roleId":%d,"email":"clerk@mail.example"}`, clerk, plot.weak),
		"group":      id("userGroup/insertUserGroup", `{"name":"group of %s"}`, name),
		"credential": id("credential/insertCredential", `{"username":"login of %s","password":%q}`, name, right),
		"webhook":    id("webhook/insertWebhook", `{"name":"webhook of %s","url":"https://hooks.example"}`, name),
		"app":        id("oauthApp/insertOauthApp", `{"name":"app of %s","scope":{"roleIds":[%d]}}`, name, plot.weak),
		"client":     id("apiClient/insertApiClient", `{"clientId":"client-of-%s","roleId":%d,"firstName":"C","lastName":"L"}`, name, plot.weak),
		"role": id("compositeRole/createBy"+plot.by, `{"networkId":1,"name":"role of %s","userType":%q,"functionalRoleIds":[%d]}`,
			name, kind, plot.function),
		"package": id("role/insertRoleCustomizationPackage",
			`{"name":"package of %s","blobContent":{"roleCustomizations":[{"forRoleId":%d,
				"removePrivileges":[{"object":"ENTERPRISE","action":"READ"}]}]}}`, name, plot.function),
	}
	for method, params := range map[string]string{
		"userGroup/addUserGroupMembers":           `{"id":$group,"userIds":[$user]}`,
		"credential/shareCredentialWithUser":      `{"id":$credential,"userId":$user}`,
		"credential/shareCredentialWithUserGroup": `{"id":$credential,"userGroupId":$group}`,
		"oauthApp/rotateOauthAppSecret":           `{"id":$app}`,
		"apiClient/rotateApiClientSecret":         `{"id":$client}`,
		"role/applyRoleCustomizationPackage":      `{"id":$package}`,
	} {
		h.good(t, as, method, replace(params, owns), nil)
	}
	var test struct{ DeliveryID json.Number }
	h.good(t, as, "webhook/sendTestEvent", `{"id":`+owns["webhook"]+`}`, &test)
	owns["delivery"] = string(test.DeliveryID)
	var app struct{ ClientID string }
	h.good(t, as, "oauthApp/getOauthApp", `{"id":`+owns["app"]+`}`, &app)
	owns["clientId"] = fmt.Sprintf("%q", app.ClientID)
	if plot.property != "" {
		owns["property"] = id(plot.property, `{"name":"property of %s","value":"1"}`, name)
	}
	if kind == auth.Enterprise {
		var alerts struct{ EnterpriseAlertConfigurations []struct{ ID json.Number } }
		h.good(t, as, "enterprise/insertOrUpdateEnterpriseAlertConfigurations",
			`{"enterpriseAlertConfigurations":[{"alertDefinitionId":3,"description":"of `+name+`"}]}`, &alerts)
		owns["alert"] = string(alerts.EnterpriseAlertConfigurations[0].ID)
	}
	work := h.session(t, clerk)
	h.good(t, work, "sshConfig/generateSshKey", `{}`, nil)
	owns["token"] = fmt.Sprint(h.pending(t, work, "token of "+name, day))
	_, text := h.enabled(t, work, "text of "+name, day)
	owns["text"] = fmt.Sprintf("%q", text)
	return owns
}

// replace writes what there is for $group and so on.
func replace(params string, by map[string]string) string {
	for name, value := range by {
		params = regexp.MustCompile(`\$`+name+`\b`).ReplaceAllLiteralString(params, value)
	}
	return params
}

// A street is a house with strangers in it: Umbrella and its partner Southwind, who have something of each kind and have consented to
// nothing but each other; Acme and Globex, who have consented to everything, as Northwind has.
type street struct {
	*house
	callers map[string]*party // who try
	owners  []*party          // whose it is
}

func buildStreet(t *testing.T) *street {
	t.Helper()
	h := build(t)
	ctx, by := context.Background(), account.System("test")
	umbrella, err := h.accounts.InsertEnterprise(ctx, by, account.NewEnterprise{Name: "Umbrella", ProxyID: 2})
	must(t, err)
	admin := account.NewUser{Username: "admin@umbrella", Password: password, RoleID: auth.EnterpriseSuperuser}
	_, err = h.accounts.InsertUser(ctx, by, tenant(t, h, auth.Enterprise, umbrella.ID), admin)
	must(t, err)
	give := func(who string, of auth.UserType, id int64, all ...auth.Delegation) {
		for _, which := range all {
			must(t, h.accounts.Delegate(ctx, h.admin(t, who), tenant(t, h, of, id), which, true))
		}
	}
	for i, who := range []string{"admin@acme", "admin@globex"} {
		give(who, auth.Enterprise, int64(i+1), auth.ToOperator, auth.UsersToOperator, auth.ToProxy, auth.SensitiveToOperator, auth.SensitiveToProxy)
	}
	give("admin@umbrella", auth.Enterprise, umbrella.ID, auth.ToProxy, auth.SensitiveToProxy)
	give("admin@northwind", auth.MSP, 1, auth.ToOperator)

	s := &street{house: h}
	settle := func(who, name, enterprise, proxy string) *party {
		p := &party{as: h.session(t, who), kind: h.find(t, who).Type.String(), owns: h.plant(t, who, name)}
		p.at = map[string]string{
			"tenant": enterprise, "proxy": proxy, "network": "1", "user": p.owns["user"], "msp": p.owns["user"], "operator": p.owns["user"],
		}
		return p
	}
	acme, globex := settle("admin@acme", "acme", "1", "0"), settle("admin@globex", "globex", "2", "0")
	northwind, network := settle("admin@northwind", "northwind", "2", "1"), settle("super", "network", "1", "1")
	stranger := settle("admin@umbrella", "umbrella", fmt.Sprint(umbrella.ID), "0")
	partner := settle("admin@southwind", "southwind", fmt.Sprint(umbrella.ID), "2")
	for _, p := range []*party{northwind, network} {
		p.at["user"] = map[string]string{"1": acme.owns["user"], "2": globex.owns["user"]}[p.at["tenant"]]
	}
	network.at["msp"], partner.at["user"] = northwind.owns["user"], stranger.owns["user"]
	stranger.owns["enterprise"], partner.owns["partner"] = stranger.at["tenant"], partner.at["proxy"]
	for _, p := range []*party{acme, northwind, stranger, partner, network} {
		p.at["other"], p.at["granted"] = globex.owns["clientId"], network.owns["clientId"]
		if p == network {
			continue // it is his
		}
		role := map[string]int{"MSP": 7, "ENTERPRISE": 11}[p.kind]
		h.good(t, p.as, "oauthApp/insertOauthAppGrant", fmt.Sprintf(`{"clientId":%s,"roleIds":[%d]}`, p.at["granted"], role), nil)
	}
	s.callers = map[string]*party{"acme": acme, "northwind": northwind, "network": network}
	s.owners = []*party{stranger, partner, network}
	return s
}

// params are those of a call by a party that is to mention something.
func (p *party) params(r mention, serial *int) string {
	out := cmp.Or(useful[r.method+"."+r.path], useful[r.method], doorways[r.method].params)
	*serial++
	return replace(replace(strings.ReplaceAll(out, "$new", fmt.Sprint("n", *serial)), p.at), p.owns)
}

// admitted says whether a party may call at all.
func (p *party) admitted(method string) bool { return doorways[method].admits(p.kind) }
