package portal_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/rpc"
	"github.com/portico-vco/portico/rpc/portal"
	"github.com/portico-vco/portico/store"
)

// A mention is a param by which a call names something that has an owner: a number, or one of the texts below.
type mention struct{ method, path string }

// texts are the params that name something by another word than its number.
var texts = regexp.MustCompile(`(^|\.)(username|clientId|apiToken)$`)

// mentions are all of them: told by their form, not by their names, so that none is forgotten.
func mentions(t *testing.T, h *house) []mention {
	t.Helper()
	return params(t, h, func(path string, s schema) bool { return isID(s) || texts.MatchString(path) })
}

// params are those of all methods, also within others, that are chosen; the OpenRPC document has them.
func params(t *testing.T, h *house, chosen func(path string, s schema) bool) (all []mention) {
	t.Helper()
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
	for _, m := range doc.Methods {
		paths := map[string]bool{}
		for _, p := range m.Params {
			walk(p.Schema, p.Name, func(path string, s schema) {
				if chosen(path, s) {
					paths[path] = true
				}
			})
		}
		for _, path := range slices.Sorted(maps.Keys(paths)) {
			all = append(all, mention{m.Name, path})
		}
	}
	return all
}

// walk visits a param and all within it. Of a list of objects it is "path[].member", of another list "path", for one value also stands
// without its list.
func walk(s schema, path string, visit func(path string, s schema)) {
	visit(path, s)
	for _, alternative := range asList(s["anyOf"]) {
		walk(asSchema(alternative), path, visit)
	}
	if items := asSchema(s["items"]); items != nil && items["properties"] == nil {
		walk(items, path, visit)
	} else if items != nil {
		walk(items, path+"[]", visit)
	}
	for name, member := range asSchema(s["properties"]) {
		walk(asSchema(member), path+"."+name, visit)
	}
}

// isID: an rpc.ID is a number or a string, and neither a flag nor a time.
func isID(s schema) bool {
	types := asList(s["type"])
	return slices.Contains(types, any("integer")) && slices.Contains(types, any("string")) &&
		!slices.Contains(types, any("boolean")) && s["format"] == nil
}

// into writes a value to its place in params.
func (r mention) into(t *testing.T, params, value string) string {
	t.Helper()
	var p any
	must(t, json.Unmarshal([]byte(params), &p))
	b, err := json.Marshal(within(p, strings.Split(r.path, "."), json.RawMessage(value)))
	must(t, err)
	return string(b)
}

// forms are the params as they are, without another tenant, and without anything else that says where or who.
func (r mention) forms(t *testing.T, params string) (all []string) {
	t.Helper()
	names := []string{"", "enterpriseId", "enterpriseProxyId", "id", "username", "enterpriseUserId"}
	for _, without := range [][]string{names[:1], names[:3], names} {
		var p schema
		must(t, json.Unmarshal([]byte(params), &p))
		for _, name := range without {
			delete(p, name)
		}
		b, err := json.Marshal(p)
		must(t, err)
		if !slices.Contains(all, string(b)) {
			all = append(all, string(b))
		}
	}
	return all
}

func within(p any, path []string, value any) any {
	if len(path) == 0 {
		return value
	}
	o := asSchema(p)
	if o == nil {
		o = schema{}
	}
	name, many := strings.CutSuffix(path[0], "[]")
	if !many {
		o[name] = within(o[name], path[1:], value)
		return o
	}
	var first any
	if list := asList(o[name]); len(list) > 0 {
		first = list[0]
	}
	o[name] = []any{within(first, path[1:], value)}
	return o
}

// belongings say what a mention leads to, the first pattern that fits it. "-" is nothing that one tenant has and another has not:
// there is one network, functional roles and privileges are everybody's, and so on.
var belongings = [][2]string{
	{"*/*.networkId", "-"}, {"*/*.operatorId", "-"},
	{"*/*.functionalRoleIds", "-"}, {"*/*.forRoleId", "-"}, {"role/*.privilegeIds", "-"}, {"role/getEligible*.roleId", "-"},
	{"*/*.alertDefinitionId", "-"}, {"*/*.configurationId", "-"}, {"event/*.edgeId", "-"}, {"event/*.gatewayId", "-"},
	{"systemProperty/*.id", "-"}, {"system/*Mail.id", "-"},
	{"login/*.username", "-"}, {"credential/*.username", "-"}, {"*/*.smsList.username", "-"}, // what is typed in, not looked up in a tenant
	{"*/insert*.username", "-"}, {"*/insert*.user.username", "-"}, {"*/clone*.user.username", "-"}, {"*/*._update.username", "-"}, // one is for all
	{"oauthApp/*Grant.clientId", "-"}, {"oauthApp/accept*.clientId", "-"}, // an app is known to all who may grant it something
	{"apiClient/*.clientId", "-"}, {"*/*._update.clientId", "-"},

	{"*/*.userId", "user"}, {"*/*.userIds", "user"}, {"*/*UserId", "user"}, {"*/*.username", "username"},
	{"*/*.roleId", "role"}, {"*/*.roleIds", "role"}, {"*/*.userGroupId", "group"}, {"*/*.apiToken", "text"},
	{"*/*.enterpriseId", "enterprise"}, {"*/*.enterpriseIds", "enterprise"}, {"network/*.enterprises", "enterprise"},
	{"*/*.enterpriseProxyId", "partner"},

	{"*/get*Property.id", "property"}, {"*/*Alert*.id", "alert"}, {"*/getApiTokens.id", "user"},
	{"*/*ApiToken.id", "token"}, {"apiToken/*.id", "token"},
	{"role/*.id", "package"}, {"oauthApp/*.id", "app"}, {"apiClient/*.id", "client"}, {"userGroup/*.id", "group"},
	{"credential/*.id", "credential"}, {"webhook/redeliver.id", "delivery"}, {"webhook/*.id", "webhook"}, {"webhook/*.webhookId", "webhook"},
	{"secondFactor/*.id", "user"}, {"*User/*.id", "user"}, {"*/*User.id", "user"}, {"*/*PasswordResetEmail.id", "user"},
	{"enterpriseProxy/*.id", "partner"}, {"enterprise/*.id", "enterprise"}, {"network/*.id", "-"},
}

func (r mention) leadsTo() string { return r.first(belongings) }

// first is what stands beside the first pattern that fits.
func (r mention) first(of [][2]string) string {
	for _, b := range of {
		if ok, err := path.Match(b[0], r.method+"."+r.path); ok && err == nil {
			return b[1]
		}
	}
	return ""
}

// useful are params of calls that get further than those of the doorways. $tenant and so on are the caller's own, see party.
var useful = map[string]string{
	"apiClient/deleteApiClient":                 `{"enterpriseId":$tenant,"id":$client}`,
	"apiClient/insertApiClient":                 `{"enterpriseId":$tenant,"clientId":"$new-client","firstName":"a","lastName":"b"}`,
	"apiClient/updateApiClient":                 `{"enterpriseId":$tenant,"id":$client,"_update":{"firstName":"$new"}}`,
	"apiToken/create.limits.enterpriseId":       `{"name":"$new","lifetimeMs":1}`,
	"apiToken/revokeMany":                       `{"enterpriseId":$tenant,"state":"PENDING","dryRun":true}`,
	"compositeRole/createByEnterprise":          `{"enterpriseId":$tenant,"name":"$new","userType":"ENTERPRISE","functionalRoleIds":[127]}`,
	"compositeRole/createByEnterpriseProxy":     `{"enterpriseProxyId":$proxy,"name":"$new","userType":"MSP","functionalRoleIds":[117]}`,
	"compositeRole/createByOperator":            `{"name":"$new","userType":"OPERATOR","functionalRoleIds":[107]}`,
	"credential/shareCredentialWithUser":        `{"enterpriseId":$tenant,"id":$credential,"userId":$user}`,
	"credential/shareCredentialWithUserGroup":   `{"enterpriseId":$tenant,"id":$credential,"userGroupId":$group}`,
	"credential/unshareCredentialFromUser":      `{"enterpriseId":$tenant,"id":$credential,"userId":$user}`,
	"credential/unshareCredentialFromUserGroup": `{"enterpriseId":$tenant,"id":$credential,"userGroupId":$group}`,
	"enterprise/getEnterprisesWithProperty":     `{"name":"property of umbrella","value":"1"}`,
	"enterprise/insertEnterpriseUser":           `{"enterpriseId":$tenant,"username":"$new@x","password":"correct horse 1","roleId":12}`,
	"enterpriseProxy/insertEnterpriseProxyUser": `{"enterpriseProxyId":$proxy,"username":"$new@x","password":"correct horse 1","roleId":8}`,
	"enterpriseProxy/updateEnterpriseProxyUser": `{"id":$msp,"_update":{}}`,
	"enterpriseUser/updateEnterpriseUser":       `{"id":$user,"_update":{}}`,
	"oauthApp/insertOauthApp":                   `{"enterpriseId":$tenant,"name":"$new","scope":{"roleIds":[12]}}`,
	"oauthApp/insertOauthAppGrant.roleIds":      `{"enterpriseId":$tenant,"clientId":$other}`,
	"oauthApp/updateOauthApp":                   `{"enterpriseId":$tenant,"id":$app,"_update":{"description":"$new"}}`,
	"oauthApp/updateOauthAppGrant":              `{"enterpriseId":$tenant,"clientId":$granted,"roleIds":[12]}`,
	"operatorUser/insertOperatorUser":           `{"username":"$new","password":"correct horse 1","roleId":3}`,
	"operatorUser/updateOperatorUser":           `{"id":$operator,"_update":{}}`,
	"role/createRoleCustomization":              `{"forRoleId":127,"privilegeIds":[281]}`,
	"role/deleteRoleCustomization":              `{"forRoleId":127}`,
	"role/getRoleCustomizations.enterpriseId":   `{"roleCustomizationLevel":"ENTERPRISE"}`,
	"role/removeCustomRoles.enterpriseId":       `{"roleCustomizationLevel":"ENTERPRISE"}`,
	"role/removeCustomRoles.enterpriseProxyId":  `{"roleCustomizationLevel":"PARTNER"}`,
	"role/saveAndApplyRoleCustomizationPackage": `{"id":$package,"_update":{"blobContent":{"roleCustomizations":[]}}}`,
	"userGroup/addUserGroupMembers":             `{"enterpriseId":$tenant,"id":$group,"userIds":[$user]}`,
	"userGroup/removeUserGroupMember":           `{"enterpriseId":$tenant,"id":$group,"userId":$user}`,
	"webhook/redeliver":                         `{"enterpriseId":$tenant,"webhookId":$webhook,"id":$delivery}`,

	"compositeRole/updateByEnterprise._update.functionalRoleIds":      `{"enterpriseId":$tenant,"roleId":$role}`,
	"compositeRole/updateByEnterpriseProxy._update.functionalRoleIds": `{"enterpriseProxyId":$proxy,"roleId":$role}`,
	"compositeRole/updateByOperator._update.functionalRoleIds":        `{"roleId":$role}`,
	"enterprise/getEnterpriseProxyEnterprisesWithProperty":            `{"enterpriseProxyId":$proxy,"name":"property of umbrella","value":"1"}`,
	"role/getRoleCustomizations.enterpriseProxyId":                    `{"roleCustomizationLevel":"PARTNER"}`,

	"role/insertRoleCustomizationPackage.blobContent.roleCustomizations[].addPrivileges":               `{"blobContent":{"roleCustomizations":[{"forRoleId":127}]}}`,
	"role/saveAndApplyRoleCustomizationPackage._update.blobContent.roleCustomizations[].addPrivileges": `{"id":$package,"_update":{"blobContent":{"roleCustomizations":[{"forRoleId":127}]}}}`,
}

// unknown is what there is none of, of the same form as what there is.
func unknown(kind, like string) string {
	switch kind {
	case "username":
		return `"nobody@nowhere"`
	case "text":
		return like[:len(like)-10] + `AAAAAAAAA"`
	}
	return "7777777"
}

// ask makes the call and answers all that is to be seen of the answer, without what was asked for.
func (s *street) ask(t *testing.T, p *party, r mention, params, value string) string {
	t.Helper()
	w := s.post("/portal/rest/"+r.method, p.as, r.into(t, params, value))
	for _, name := range []string{"X-Request-Id", "Content-Length"} {
		w.Header().Del(name)
	}
	word := regexp.MustCompile(`\b` + regexp.QuoteMeta(strings.Trim(value, `"`)) + `\b`)
	return fmt.Sprint(w.Code, w.Header(), word.ReplaceAllLiteralString(w.Body.String(), "IT"))
}

// TestTenantCrossing: whatever param of whatever method names something of a tenant that the caller does not see, the answer is that to
// something that does not exist, byte for byte, and nothing of it changes.
func TestTenantCrossing(t *testing.T) {
	t.Parallel()
	s := buildStreet(t)
	before := s.records(t)
	serial, tried := 0, 0
	for _, r := range mentions(t, s.house) {
		kind := r.leadsTo()
		if kind == "" {
			t.Errorf("%s: nobody says what its param %s leads to", r.method, r.path)
		}
		for name, caller := range s.callers {
			if !caller.admitted(r.method) {
				continue
			}
			for _, params := range r.forms(t, caller.params(r, &serial)) {
				for _, owner := range s.owners {
					value, ok := owner.owns[kind]
					if !ok || owner == caller || name == "network" && !foreignToOperators(r, kind) {
						continue
					}
					tried++
					got, want := s.ask(t, caller, r, params, value), s.ask(t, caller, r, params, unknown(kind, value))
					if got != want {
						t.Errorf("%s by %s: %s of another tenant in %s reads\n%s\nand an unknown one\n%s", r.method, name, r.path, params, got, want)
					}
				}
			}
		}
	}
	t.Logf("%d calls", 2*tried)
	s.silent(t)
	after := s.records(t)
	for key := range maps.Keys(before) {
		if before[key] != after[key] {
			t.Errorf("%s was changed from\n%q to\n%q", key, before[key], after[key])
		}
	}
	for key := range maps.Keys(after) {
		if _, ok := before[key]; !ok {
			t.Errorf("%s is new: %q", key, after[key])
		}
	}
}

// silent: nor do the callers' own records tell them of strangers.
func (s *street) silent(t *testing.T) {
	t.Helper()
	for _, in := range []auth.Tenant{acme(t, s.house), tenant(t, s.house, auth.Enterprise, 2), tenant(t, s.house, auth.MSP, 1)} {
		for _, field := range []string{"message", "detail"} {
			for _, word := range []string{"umbrella", "southwind"} {
				rule := account.EventRule{Field: field, Op: "contains", Values: []string{word}}
				page, err := s.accounts.Events(context.Background(), in, account.EventQuery{Rules: []account.EventRule{rule}})
				must(t, err)
				for _, e := range page.Events {
					t.Errorf("the record of %s tells of %s: %s %s", in.Name, word, e.Name, e.Detail)
				}
			}
		}
	}
}

// foreignToOperators: all tenants are below them, and what is in one is foreign in another.
func foreignToOperators(r mention, kind string) bool {
	return kind != "enterprise" && kind != "partner" && strings.Contains(useful[r.method]+doorways[r.method].params, "$tenant")
}

// records are all with a stranger's name in them. Events are left aside: what is refused is told where it is.
func (s *street) records(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	must(t, s.accounts.Store.View(context.Background(), func(tx store.Tx) error {
		return tx.Scan(store.Range{}, func(key, value []byte) (bool, error) {
			if strangers.Match(value) && !bytes.HasPrefix(key, []byte("event")) {
				all[string(key)] = string(value)
			}
			return true, nil
		})
	}))
	return all
}

var strangers = regexp.MustCompile("(?i)umbrella|southwind")

// TestOwnersAreHeard: TestTenantCrossing would see nothing if nobody looked at what is named. So one who may is answered otherwise about
// what is there than about what is not, or it is said here why not.
func TestOwnersAreHeard(t *testing.T) {
	t.Parallel()
	s, serial := buildStreet(t), 0
	all := mentions(t, s.house)
	slices.SortStableFunc(all, func(a, b mention) int { return ends(a.method) - ends(b.method) })
	for _, r := range all {
		kind := r.leadsTo()
		if kind == "-" || r.first(unheard) != "" || s.heard(t, r, kind, &serial) {
			continue
		}
		s = buildStreet(t) // an earlier call may have taken away what this one is about
		if !s.heard(t, r, kind, &serial) {
			t.Errorf("%s: nobody is answered otherwise about a %s in %s than about none", r.method, kind, r.path)
		}
	}
}

// ends is 1 for methods that take away what others are about: they come last.
func ends(method string) int {
	if ending.MatchString(method) {
		return 1
	}
	return 0
}

var ending = regexp.MustCompile("/(delete|remove|revoke|unshare|end)|Delegated|logout")

// unheard are the mentions that make no difference to anybody, and why.
var unheard = [][2]string{
	{"enterpriseProxy/*.enterpriseId", "not a partner's user's"}, {"operatorUser/*.enterprise*Id", "not an operator's"},
	{"enterprise/*.enterpriseProxyId", "not an enterprise's user's"},
	{"enterprise/createApiToken.limits.enterpriseId", "no enterprise is below an enterprise's user"},
	{"apiToken/revokeMany.roleId", "nobody with one of these roles has an API token there"},
	{"role/*Customization*.userId", "nothing is customized for users"},
	{"role/*CustomRoles.userId", "nothing is customized for users"},
}

func (s *street) heard(t *testing.T, r mention, kind string, serial *int) bool {
	t.Helper()
	for _, caller := range s.owners {
		if !caller.admitted(r.method) {
			continue
		}
		for _, params := range r.forms(t, caller.params(r, serial)) {
			for _, owner := range s.owners {
				if value, ok := owner.owns[kind]; ok && s.ask(t, caller, r, params, unknown(kind, value)) != s.ask(t, caller, r, params, value) {
					return true
				}
			}
		}
	}
	return false
}

// TestPathCrossing is TestTenantCrossing by the paths of other products' APIs: in the path, in the query, in the body.
func TestPathCrossing(t *testing.T) {
	s := buildStreet(t)
	before := s.records(t)
	kinds := map[string]string{
		"id": "credential", "userId": "user", "userGroupId": "group", "enterpriseId": "enterprise", "enterpriseProxyId": "partner",
	}
	tried := 0
	for _, p := range portal.Paths() {
		names := braces.FindAllString(p.Pattern, -1)
		for _, param := range slices.Concat(p.Query, p.Body) {
			names = append(names, param.Name)
		}
		for _, name := range names {
			name = strings.Trim(name, "{}")
			kind := kinds[name]
			for who, caller := range s.callers {
				for _, owner := range s.owners {
					value, ok := owner.owns[kind]
					if !ok || owner == caller || who == "network" && (kind == "enterprise" || kind == "partner") {
						continue
					}
					tried++
					if got, want := s.visit(t, caller, p, name, value), s.visit(t, caller, p, name, unknown(kind, value)); got != want {
						t.Errorf("%s %s by %s: %s of another tenant reads\n%s\nand an unknown one\n%s", p.Verb, p.Pattern, who, name, got, want)
					}
				}
			}
		}
	}
	if tried < 100 {
		t.Errorf("only %d tries", tried)
	}
	if !maps.Equal(before, s.records(t)) {
		t.Error("something of a stranger's was changed")
	}
}

var braces = regexp.MustCompile(`{\w+}`)

// visit makes the call of a path with a value for one of its params, and the caller's own for the rest.
func (s *street) visit(t *testing.T, caller *party, p rpc.Path, name, value string) string {
	t.Helper()
	own := map[string]string{
		"id": caller.owns["credential"], "userId": caller.owns["user"], "userGroupId": caller.owns["group"],
		"username": "x", "password": right, "newPassword": right,
	}
	own[name] = value
	path := braces.ReplaceAllStringFunc(p.Pattern, func(id string) string { return own[strings.Trim(id, "{}")] })
	body, query := map[string]string{}, url.Values{}
	for _, param := range p.Body {
		body[param.Name] = own[param.Name]
	}
	if slices.ContainsFunc(p.Query, func(param rpc.Param) bool { return param.Name == name }) {
		query.Set(name, value)
	}
	b, err := json.Marshal(body)
	must(t, err)
	r := request("/"+path+"?"+query.Encode(), caller.as, string(b))
	r.Method, r.TLS = p.Verb, &tls.ConnectionState{}
	w := s.answer(r)
	for _, header := range []string{"X-Request-Id", "Content-Length"} {
		w.Header().Del(header)
	}
	return fmt.Sprint(w.Code, w.Header(), regexp.MustCompile(`\b`+value+`\b`).ReplaceAllLiteralString(w.Body.String(), "IT"))
}

// TestForeignPageLinks: a link to the next page of a stranger's list is none to his things.
func TestForeignPageLinks(t *testing.T) {
	s := buildStreet(t)
	links, serial := 0, 0
	for _, r := range params(t, s.house, func(path string, _ schema) bool { return path == "nextPageLink" }) {
		for _, owner := range s.owners {
			if !owner.admitted(r.method) {
				continue
			}
			var page struct{ MetaData struct{ NextPageLink string } }
			first := s.call(owner.as, r.method, mention{r.method, "limit"}.into(t, owner.params(r, &serial), "1"))
			if json.Unmarshal(first.Result, &page) != nil || page.MetaData.NextPageLink == "" {
				continue
			}
			links++
			for who, caller := range s.callers {
				if caller.kind == "OPERATOR" { // he sees all tenants
					continue
				}
				got := s.call(caller.as, r.method, r.into(t, caller.params(r, &serial), quoted(page.MetaData.NextPageLink)))
				if strangers.Match(got.Result) || got.Status != 200 {
					t.Errorf("%s by %s with another's link: %v", r.method, who, got)
				}
			}
		}
	}
	if links < 20 {
		t.Errorf("only %d links", links)
	}
}
