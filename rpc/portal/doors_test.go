package portal_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
)

// granted is the published matrix of objects and roles (portal.md 5.6), written down once more: C create, R read, U update,
// D delete; d: on a tenant below only by its consent. The columns are the roles by number, 1 to 12.
var granted = map[string]string{
	//                  OSU   OSA   OSP  OBU  MSU   MSA   MSP MBU  ESU  ESA ESP ERO
	"OPERATOR_USER":               "CRUD  R     R    R    -     -     -   -    -    -   -   -",
	"OPERATOR_TOKEN":              "CRU   CRU   CRU  CRU  -     -     -   -    -    -   -   -",
	"OPERATOR_EVENT":              "R     R     R    -    -     -     -   -    -    -   -   -",
	"SYSTEM_PROPERTY":             "CRUD  R     R    -    -     -     -   -    -    -   -   -",
	"PROXY":                       "CRUD  CRUD  R    CRUD RU    RU    R   R    -    -   -   -",
	"ENTERPRISE_PROXY_DELEGATION": "- - - - U - - - - - - -",
	"PROXY_USER":                  "CRUDd CRUDd Rd   Rd   CRUD  R     R   R    -    -   -   -",
	"PROXY_TOKEN":                 "CRU   R     R    R    CRU   CRU   CRU -    -    -   -   -",
	"ENTERPRISE":                  "CRUD  CRUD  R    RUD  CRUD  CRUD  R   RUD  RU   RU  R   R",
	"ENTERPRISE_USER":             "CRUDd CRUDd Rd   Rd   CRUDd CRUDd Rd  Rd   CRUD R   R   R",
	"ENTERPRISE_TOKEN":            "CRUd  Rd    Rd   Rd   CRUd  Rd    Rd  Rd   CRU  CRU CRU -",
	"ENTERPRISE_EVENT":            "Rd    Rd    Rd   Rd   Rd    Rd    Rd  Rd   R    R   R   R",
	"SELF_SSH_KEY":                "CRD   CRD   CRD  CRD  CRD   CRD   CRD CRD  CRD  CRD CRD -",
	"OPERATOR_SSH_KEY":            "RD    -     -    -    -     -     -   -    -    -   -   -",
	"PARTNER_SSH_KEY":             "RD    -     -    -    RD    -     -   -    -    -   -   -",
	"ENTERPRISE_SSH_KEY":          "RDd   -     -    -    RDd   -     -   -    RD   -   -   -",
	"ENTERPRISE_DELEGATION":       "-     -     -    -    -     -     -   -    U    -   -   -",
}

// actors are one user of each role, by the role's number.
var actors = []string{"super", "opstd", "opsupport", "opbusiness", "admin@northwind", "std@northwind", "support@northwind", "business@northwind",
	"admin@acme", "ops@acme", "support@acme", "readonly@acme"}

// kindOf is the type of user that has a role.
func kindOf(role int) string { return []string{"OPERATOR", "MSP", "ENTERPRISE"}[(role-1)/4] }

// holds says whether a role holds "ACTION:OBJECT", and whether that takes a consent on a tenant below.
func holds(role int, privilege string) (held, consent bool) {
	action, object, _ := strings.Cut(privilege, ":")
	cell := strings.Fields(granted[object])[role-1]
	cell, consent = strings.CutSuffix(cell, "d")
	return strings.Contains(cell, action[:1]), consent
}

// The places that a call may name. A partner's and the operator's own tenant is not an enterprise.
const (
	nothing = "nothing" // no tenant is named
	own     = "own"     // the caller's own enterprise, if he has one; else a tenant below his, which has delegated nothing
	other   = "other"   // a tenant that is not the caller's to see, or not there
)

// A doorway is what is published of a method, and how it is called here. In params $tenant, $user and $proxy are replaced by the place.
type doorway struct {
	all, any string // privileges, with spaces between
	callers  string // types of users; "" is every one
	self     string // the type of users that needs no privilege on itself
	context  string // the tenant that the params name: enterprise, proxy, network, or "" for none
	params   string
	passed   int                                     // the code behind the door; 0 is success
	inside   func(role int, place string) (code int) // instead of passed
}

const noToken = -32004 // the answer to a token that is not there

var doorways = map[string]doorway{
	"enterprise/insertEnterprise": {all: "CREATE:ENTERPRISE", callers: "OPERATOR MSP", params: `{"name":" x","configurationId":1}`, passed: -32602},
	"enterprise/getEnterprise": {all: "READ:ENTERPRISE", params: `{"enterpriseId":$tenant}`, inside: func(role int, place string) int {
		if place == nothing && role <= 8 {
			return -32602
		}
		return 0
	}},
	"enterprise/updateEnterprise":     {all: "UPDATE:ENTERPRISE", context: "enterprise", params: `{"enterpriseId":$tenant,"_update":{}}`},
	"enterprise/getEnterpriseUsers":   {all: "READ:ENTERPRISE READ:ENTERPRISE_USER", context: "enterprise", params: `{"enterpriseId":$tenant}`},
	"enterprise/insertEnterpriseUser": {all: "CREATE:ENTERPRISE_USER", context: "enterprise", params: `{"enterpriseId":$tenant,"username":"service-account-x","password":"correct horse 1","roleId":12}`, passed: -32602},

	"enterpriseUser/getEnterpriseUser":    {all: "READ:ENTERPRISE_USER", self: "ENTERPRISE", params: `{"id":$user}`, inside: readUser},
	"enterpriseUser/updateEnterpriseUser": {all: "UPDATE:ENTERPRISE_USER", self: "ENTERPRISE", params: `{"id":$user,"_update":{"domain":"x"}}`, inside: writeUser},
	"enterpriseUser/deleteEnterpriseUser": {all: "DELETE:ENTERPRISE_USER", context: "enterprise", params: `{"enterpriseId":$tenant,"id":999999}`},

	"enterpriseProxy/getEnterpriseProxyUsers":   {all: "READ:ENTERPRISE READ:PROXY_USER", callers: "OPERATOR MSP", context: "proxy", params: `{"enterpriseProxyId":$proxy}`},
	"enterpriseProxy/insertEnterpriseProxyUser": {all: "CREATE:PROXY_USER", callers: "OPERATOR MSP", context: "proxy", params: `{"enterpriseProxyId":$proxy,"username":"service-account-x","password":"correct horse 1","roleId":8}`, passed: -32602},
	"enterpriseProxy/getEnterpriseProxyUser":    {all: "READ:PROXY_USER READ:PROXY", self: "MSP", params: `{"id":$msp}`, inside: readPartnerUser},
	"enterpriseProxy/updateEnterpriseProxyUser": {all: "UPDATE:PROXY_USER", callers: "OPERATOR MSP", self: "MSP", params: `{"id":$msp,"_update":{"domain":"x"}}`, inside: writePartnerUser},
	"enterpriseProxy/deleteEnterpriseProxyUser": {all: "DELETE:PROXY_USER", callers: "OPERATOR MSP", context: "proxy", params: `{"enterpriseProxyId":$proxy,"id":999999}`},

	"operatorUser/getOperatorUser":    {all: "READ:OPERATOR_USER", callers: "OPERATOR", self: "OPERATOR", params: `{"id":999999}`},
	"operatorUser/insertOperatorUser": {all: "CREATE:OPERATOR_USER", callers: "OPERATOR", context: "network", params: `{"networkId":$network,"username":"service-account-x","password":"correct horse 1","roleId":3}`, passed: -32602},
	"operatorUser/updateOperatorUser": {all: "UPDATE:OPERATOR_USER", callers: "OPERATOR", self: "OPERATOR", params: `{"id":$operator,"_update":{"domain":"x"}}`, inside: func(role int, _ string) int {
		if role == 1 {
			return 0
		}
		return -32002
	}},
	"operatorUser/deleteOperatorUser": {all: "DELETE:OPERATOR_USER", callers: "OPERATOR", params: `{"id":999999}`},

	"network/getNetworkEnterprises":   {all: "READ:ENTERPRISE", callers: "OPERATOR", context: "network", params: `{"networkId":$network}`},
	"network/getNetworkOperatorUsers": {all: "READ:OPERATOR_USER", callers: "OPERATOR", context: "network", params: `{"networkId":$network}`},

	"role/getUserTypeRoles":                               {any: "READ:ENTERPRISE_USER READ:PROXY_USER READ:OPERATOR_USER", params: `{"userType":"MSP"}`},
	"role/setEnterpriseDelegatedToOperator":               {all: "UPDATE:ENTERPRISE_DELEGATION", context: "enterprise", params: `{"enterpriseId":$tenant,"isDelegated":false}`},
	"role/setEnterpriseUserManagementDelegatedToOperator": {all: "UPDATE:ENTERPRISE_DELEGATION", context: "enterprise", params: `{"enterpriseId":$tenant,"isDelegated":false}`},
	"role/setEnterpriseDelegatedToEnterpriseProxy":        {all: "UPDATE:ENTERPRISE_DELEGATION", callers: "ENTERPRISE", context: "enterprise", params: `{"enterpriseId":$tenant,"isDelegated":false}`, passed: -32006},

	"role/setEnterpriseProxyDelegatedToOperator": {all: "UPDATE:ENTERPRISE_PROXY_DELEGATION", callers: "OPERATOR MSP", context: "proxy", params: `{"enterpriseProxyId":$proxy,"isDelegated":false}`},

	"sshConfig/generateSshKey":                  {all: "CREATE:SELF_SSH_KEY", params: `{"expire":-1}`, passed: -32602},
	"sshConfig/importSshKey":                    {all: "CREATE:SELF_SSH_KEY", params: `{"publicKey":"x"}`, passed: -32602},
	"sshConfig/getOperatorUserSSHKey":           {any: "READ:SELF_SSH_KEY READ:OPERATOR_SSH_KEY", callers: "OPERATOR", params: `{"allKeys":true}`},
	"sshConfig/getEnterpriseProxyUserSSHKey":    {any: "READ:SELF_SSH_KEY READ:PARTNER_SSH_KEY", callers: "OPERATOR MSP", context: "proxy", params: `{"enterpriseProxyId":$proxy}`},
	"sshConfig/getEnterpriseUserSSHKey":         {any: "READ:SELF_SSH_KEY READ:ENTERPRISE_SSH_KEY", context: "enterprise", params: `{"enterpriseId":$tenant}`},
	"sshConfig/revokeOperatorUserSSHKey":        {any: "DELETE:SELF_SSH_KEY DELETE:OPERATOR_SSH_KEY", callers: "OPERATOR", params: `{"userId":999999}`, inside: onlyOf(1)},
	"sshConfig/revokeEnterpriseProxyUserSSHKey": {any: "DELETE:SELF_SSH_KEY DELETE:PARTNER_SSH_KEY", callers: "OPERATOR MSP", context: "proxy", params: `{"enterpriseProxyId":$proxy,"userId":[999999]}`, inside: onlyOf(1, 5)},
	"sshConfig/revokeEnterpriseUserSSHKey":      {any: "DELETE:SELF_SSH_KEY DELETE:ENTERPRISE_SSH_KEY", context: "enterprise", params: `{"enterpriseId":$tenant,"userId":[999999]}`, inside: onlyOf(9)},

	"operatorUser/setOperatorUserBastionState": {all: "UPDATE:OPERATOR_USER", callers: "OPERATOR", self: "OPERATOR", params: `{"operatorUserId":999999,"bastionState":"STAGE_REQUESTED"}`, inside: onlyOf(1)},
	"enterprise/setEnterpriseBastionState":     {all: "UPDATE:ENTERPRISE", context: "enterprise", params: `{"enterpriseId":$tenant,"bastionState":"UNSTAGE_REQUESTED"}`, passed: -32006},

	"network/createApiToken":    {all: "CREATE:OPERATOR_TOKEN", callers: "OPERATOR", params: `{"name":"$new","lifetimeMs":1}`},
	"network/downloadApiToken":  {all: "READ:OPERATOR_TOKEN", params: `{"id":999999}`, passed: noToken},
	"network/getApiTokens":      {all: "READ:OPERATOR_TOKEN", params: `{}`},
	"network/refreshApiToken":   {all: "UPDATE:OPERATOR_TOKEN", params: `{"apiToken":"x"}`, passed: noToken},
	"network/revokeApiToken":    {all: "UPDATE:OPERATOR_TOKEN", params: `{"id":999999}`},
	"operatorUser/getApiTokens": {all: "READ:OPERATOR_TOKEN", params: `{"id":999999}`},

	"enterpriseProxy/createApiToken": {all: "CREATE:PROXY_TOKEN", params: `{"enterpriseUserId":$msp,"name":"$new","lifetimeMs":1}`, inside: func(role int, place string) int {
		switch {
		case place == other:
			return noToken
		case role == 1, role == 5, role == 6: // the target is std@northwind
			return 0
		}
		return -32002
	}},
	"enterpriseProxy/downloadApiToken": {all: "READ:PROXY_TOKEN", params: `{"id":999999}`, passed: noToken},
	"enterpriseProxy/getApiTokens":     {all: "READ:PROXY_TOKEN", context: "proxy", params: `{"enterpriseProxyId":$proxy}`},
	"enterpriseProxy/refreshApiToken":  {all: "UPDATE:PROXY_TOKEN", params: `{"apiToken":"x"}`, passed: noToken},
	"enterpriseProxy/revokeApiToken":   {all: "UPDATE:PROXY_TOKEN", params: `{"id":999999}`},

	"enterprise/createApiToken":   {all: "CREATE:ENTERPRISE_TOKEN", params: `{"enterpriseUserId":$user,"name":"$new","lifetimeMs":1}`, inside: createFor},
	"enterprise/downloadApiToken": {all: "READ:ENTERPRISE_TOKEN", params: `{"id":999999}`, passed: noToken},
	"enterprise/getApiTokens":     {all: "READ:ENTERPRISE_TOKEN", context: "enterprise", params: `{"enterpriseId":$tenant}`},
	"enterprise/refreshApiToken":  {all: "UPDATE:ENTERPRISE_TOKEN", params: `{"apiToken":"x"}`, passed: noToken},
	"enterprise/revokeApiToken":   {all: "UPDATE:ENTERPRISE_TOKEN", params: `{"id":999999}`},
	"enterpriseUser/getApiTokens": {any: "READ:ENTERPRISE_TOKEN READ:PROXY_TOKEN", params: `{"id":$user}`},

	"apiToken/create":   {any: "CREATE:OPERATOR_TOKEN CREATE:PROXY_TOKEN CREATE:ENTERPRISE_TOKEN", params: `{"userId":$user,"name":"$new","lifetimeMs":1}`, inside: createFor},
	"apiToken/download": {any: "READ:OPERATOR_TOKEN READ:PROXY_TOKEN READ:ENTERPRISE_TOKEN", params: `{"id":999999}`, passed: noToken},
	"apiToken/revoke":   {any: "UPDATE:OPERATOR_TOKEN UPDATE:PROXY_TOKEN UPDATE:ENTERPRISE_TOKEN", params: `{"id":999999}`},
	"apiToken/refresh":  {any: "UPDATE:OPERATOR_TOKEN UPDATE:PROXY_TOKEN UPDATE:ENTERPRISE_TOKEN", params: `{"apiToken":"x"}`, passed: noToken},
	"apiToken/get":      {any: "READ:OPERATOR_TOKEN READ:PROXY_TOKEN READ:ENTERPRISE_TOKEN", params: `{"id":999999}`},
	"apiToken/list":     {any: "READ:OPERATOR_TOKEN READ:PROXY_TOKEN READ:ENTERPRISE_TOKEN", params: `{"userId":$user}`},

	"systemProperty/getSystemProperties":          {all: "READ:SYSTEM_PROPERTY", callers: "OPERATOR", params: `{}`},
	"systemProperty/getSystemProperty":            {all: "READ:SYSTEM_PROPERTY", callers: "OPERATOR", params: `{"id":1}`},
	"systemProperty/insertSystemProperty":         {all: "CREATE:SYSTEM_PROPERTY", callers: "OPERATOR", params: `{"name":"product.version","value":"x"}`, passed: -32006},
	"systemProperty/insertOrUpdateSystemProperty": {all: "CREATE:SYSTEM_PROPERTY", callers: "OPERATOR", params: `{"name":"product.version","value":"x"}`, passed: -32007},
	"systemProperty/updateSystemProperty":         {all: "UPDATE:SYSTEM_PROPERTY", callers: "OPERATOR", params: `{"name":"nonsense","_update":{}}`},

	"enterpriseUser/sendEnterpriseUserPasswordResetEmail": {any: "UPDATE:ENTERPRISE_USER UPDATE:PROXY_USER", params: `{"id":$user}`, inside: writeUser},
	"enterpriseUser/getEnterpriseUserPasswordResetEmail":  {any: "READ:ENTERPRISE_USER READ:PROXY_USER", params: `{"id":$user}`, inside: readUser},
	"enterpriseProxy/sendEnterpriseProxyUserPasswordResetEmail": {all: "UPDATE:PROXY_USER", callers: "MSP OPERATOR", params: `{"id":$msp}`, inside: func(role int, place string) int {
		if place == other || role == 5 {
			return 0
		}
		return -32002 // below, and not delegated
	}},
	"enterpriseProxy/getEnterpriseProxyUserPasswordResetEmail": {all: "READ:PROXY_USER", callers: "MSP OPERATOR", params: `{"id":$msp}`, inside: func(role int, place string) int {
		if place == other || role >= 5 {
			return 0
		}
		return -32002
	}},
	"operatorUser/sendOperatorUserPasswordResetEmail": {all: "UPDATE:OPERATOR_USER", callers: "OPERATOR", params: `{"id":$operator}`, passed: -32006}, // he has no address
	"operatorUser/getOperatorUserPasswordResetEmail":  {all: "READ:OPERATOR_USER", callers: "OPERATOR", params: `{"id":$operator}`},

	"system/getMail":                                        {all: "READ:SYSTEM_PROPERTY", callers: "OPERATOR", params: `{}`},
	"system/retryMail":                                      {all: "UPDATE:SYSTEM_PROPERTY", callers: "OPERATOR", params: `{"id":999999}`},
	"system/deleteMail":                                     {all: "DELETE:SYSTEM_PROPERTY", callers: "OPERATOR", params: `{"id":999999}`},
	"enterprise/getEnterpriseProperty":                      {all: "READ:ENTERPRISE", context: "enterprise", params: `{"enterpriseId":$tenant,"name":"x"}`},
	"enterprise/insertOrUpdateEnterpriseProperty":           {all: "UPDATE:ENTERPRISE", context: "enterprise", params: `{"enterpriseId":$tenant,"name":"x","value":"1","dataType":"NUMBER"}`},
	"enterpriseProxy/getEnterpriseProxyProperty":            {all: "READ:PROXY", callers: "OPERATOR MSP", context: "proxy", params: `{"enterpriseProxyId":$proxy,"name":"x"}`},
	"enterpriseProxy/insertOrUpdateEnterpriseProxyProperty": {all: "UPDATE:PROXY", callers: "OPERATOR MSP", context: "proxy", params: `{"enterpriseProxyId":$proxy,"name":"x","value":"1","dataType":"NUMBER"}`},

	"secondFactor/get":     {params: `{}`},
	"secondFactor/enroll":  {params: `{}`, passed: -32602},
	"secondFactor/confirm": {params: `{}`, passed: -32602},
	"secondFactor/remove":  {params: `{}`, passed: -32602},
	"secondFactor/reset":   {any: "UPDATE:OPERATOR_USER UPDATE:PROXY_USER UPDATE:ENTERPRISE_USER", params: `{"id":999999}`},
	"password/change":      {params: `{"password":"correct horse 2"}`, passed: -32602},

	"system/getVersionInfo":     {params: `{}`},
	"event/getEnterpriseEvents": {all: "READ:ENTERPRISE_EVENT", context: "enterprise", params: `{"enterpriseId":$tenant}`},
	"event/getOperatorEvents":   {all: "READ:OPERATOR_EVENT", callers: "OPERATOR", context: "network", params: `{"networkId":$network}`},
}

// open are the methods for everybody. The list is short and stays so.
var open = []string{"login/enterpriseLogin", "login/operatorLogin", "login/redeemPasswordReset", "login/requestPasswordReset", "logout", "rpc.discover"}

func readUser(role int, place string) int {
	if place == own && role <= 8 {
		return -32002 // below, and not delegated
	}
	return 0
}

// writeUser: the param is one that nobody may write of himself without the privilege.
func writeUser(role int, place string) int {
	switch {
	case place != own:
		return 0 // rows 0
	case role == 9:
		return 0
	}
	return -32002
}

// onlyOf: the params name another user, whom only these roles reach.
func onlyOf(roles ...int) func(int, string) int {
	return func(role int, _ string) int {
		if slices.Contains(roles, role) {
			return 0
		}
		return -32002
	}
}

// readPartnerUser: the user is std@northwind, or of a partner that is not the caller's to see.
func readPartnerUser(role int, place string) int {
	if place == own && role <= 4 {
		return -32002 // not delegated
	}
	return 0
}

// writePartnerUser: as writeUser.
func writePartnerUser(role int, place string) int {
	if place == own && role != 5 {
		return -32002
	}
	return 0
}

// createFor: the owner is ops@acme or, for those above, admin@globex.
func createFor(role int, place string) int {
	switch {
	case place == other:
		return noToken
	case role == 9, role == 10:
		return 0
	}
	return -32002
}

// expected computes the code from what is published.
func (d doorway) expected(role int, place string) int {
	kind := kindOf(role)
	if d.callers != "" && !slices.Contains(strings.Fields(d.callers), kind) {
		return -32003
	}
	consent := false
	lacks := false
	for _, p := range strings.Fields(d.all) {
		held, c := holds(role, p)
		lacks, consent = lacks || !held, consent || c
	}
	if any := strings.Fields(d.any); len(any) > 0 {
		lacks = !slices.ContainsFunc(any, func(p string) bool { held, _ := holds(role, p); return held })
	}
	if lacks && d.self != kind {
		return -32002
	}
	switch d.context {
	case "enterprise":
		switch {
		case place == other, place == nothing && kind != "ENTERPRISE":
			return -32004
		case kind != "ENTERPRISE" && consent:
			return -32002
		}
	case "proxy":
		switch {
		case place == other, place == nothing && kind != "MSP":
			return -32004
		case kind != "MSP" && consent:
			return -32002
		}
	case "network":
		if place == other {
			return -32004
		}
	}
	if d.inside != nil {
		if d.context == "" && place == nothing && !strings.Contains(d.params, "$tenant") {
			return d.inside(role, own)
		}
		return d.inside(role, place)
	}
	return d.passed
}

// fill writes the place into the params.
func (d doorway) fill(h *house, role int, place string, new *int) string {
	at := map[string]string{"$tenant": "1", "$proxy": "1", "$network": "1", "$user": h.names["ops_acme"], "$msp": h.names["std_northwind"], "$operator": h.names["opbusiness"]}
	if kindOf(role) == "MSP" {
		at["$tenant"], at["$user"] = "2", h.names["admin_globex"]
	}
	switch {
	case place == nothing:
		at["$tenant"], at["$proxy"], at["$network"] = "0", "null", `"0"`
	case place == other && kindOf(role) == "OPERATOR":
		at["$tenant"], at["$proxy"], at["$network"], at["$user"], at["$msp"] = "999", "999", "2", "999", "999"
	case place == other:
		at["$tenant"], at["$proxy"], at["$network"], at["$user"], at["$msp"] = "3", "2", "2", h.names["admin_initech"], h.names["admin_southwind"]
	}
	*new++
	at["$new"] = fmt.Sprint("n", *new)
	out := d.params
	for name, v := range at {
		out = strings.ReplaceAll(out, name, v)
	}
	return out
}

// published asks the portal which methods there are.
func published(t *testing.T, h *house) (names []string) {
	t.Helper()
	var doc struct{ Methods []struct{ Name string } }
	h.good(t, nil, "rpc.discover", `{}`, &doc)
	for _, m := range doc.Methods {
		names = append(names, m.Name)
	}
	sort.Strings(names)
	return names
}

func TestEveryMethodHasADoorway(t *testing.T) {
	var known []string
	for name := range doorways {
		known = append(known, name)
	}
	known = append(known, open...)
	sort.Strings(known)
	if names := published(t, build(t)); !slices.Equal(names, known) {
		t.Errorf("the portal has %q\nthe table has %q", names, known)
	}
}

// Nobody gets in but where the list says so.
func TestNobody(t *testing.T) {
	h := build(t)
	for _, name := range published(t, h) {
		for _, as := range []http.Header{nil, {"Cookie": {""}}, {"Cookie": {"velocloud.session=x"}}, bearing("x"), {"Authorization": {"Token"}}, {"Authorization": {"Basic eDp5"}}, {"Authorization": {""}}} {
			r := h.call(as, name, `{}`)
			wrong := r.Code != -32000 || !strings.HasPrefix(r.Message, "tokenError [") || strings.Contains(r.Message, "password")
			if slices.Contains(open, name) {
				wrong = r.Code == -32000 && !strings.Contains(r.Message, "password")
			}
			if wrong {
				t.Errorf("%s by nobody with %v: %v", name, as, r)
			}
			if w := h.post("/portal/rest/"+name, as, ``); !slices.Contains(open, name) && (w.Code != 200 || !strings.Contains(w.Body.String(), `{"error":{"code":-32000,`) || w.Header().Get("Expires") != "0") {
				t.Errorf("/portal/rest/%s by nobody: %d %s", name, w.Code, w.Body)
			}
		}
	}
}

// tokenFor gives a user an API token, also one whose role has none: he had another role when he got it.
func (h *house) tokenFor(t *testing.T, role int) http.Header {
	t.Helper()
	who := actors[role-1]
	none := role == 8 || role == 12
	if none {
		h.setRole(t, who, int64(role-1))
	}
	_, text := h.enabled(t, h.session(t, who), "door", 365*day)
	if none {
		h.setRole(t, who, int64(role))
	}
	return bearing(text)
}

func (h *house) setRole(t *testing.T, who string, role int64) {
	t.Helper()
	v, boss := auth.Update.On(auth.ProxyUser), "admin_northwind"
	if strings.HasSuffix(who, "@acme") {
		v, boss = auth.Update.On(auth.EnterpriseUser), "admin_acme"
	}
	id, err := strconv.ParseInt(h.names[boss], 10, 64)
	must(t, err)
	user, _, err := h.accounts.FindUser(context.Background(), account.System("test"), id, "")
	must(t, err)
	by := user.Principal(auth.Call{}, auth.BySession, 0, time.Time{})
	rows, err := h.accounts.UpdateUser(context.Background(), by, v, 0, who, account.UserUpdate{RoleID: &role})
	if err != nil || rows != 1 {
		t.Fatalf("the role of %s: %d, %v", who, rows, err)
	}
}

func TestDoors(t *testing.T) {
	for i, who := range actors {
		role := i + 1
		t.Run(who, func(t *testing.T) {
			t.Parallel()
			h := build(t)
			session, bearer := h.session(t, who), h.tokenFor(t, role)
			serial := 0
			for _, place := range []string{nothing, own, other} {
				var want []int
				var names []string
				for _, name := range published(t, h) {
					d, ok := doorways[name]
					if !ok {
						continue
					}
					expect := d.expected(role, place)
					names, want = append(names, name), append(want, expect)
					params := d.fill(h, role, place, &serial)
					if r := h.call(session, name, params); r.Code != expect || r.Status != 200 {
						t.Errorf("%s: %s %s: code %d %q, want %d", place, name, params, r.Code, r.Message, expect)
					}
					w := h.post("/portal/rest/"+name, session, d.fill(h, role, place, &serial))
					if got := codeIn(w.Body.Bytes()); got != expect {
						t.Errorf("%s: /portal/rest/%s: %s, want code %d", place, name, w.Body, expect)
					}
					if role == 8 || role == 12 {
						expect = -32000
					}
					if r := h.call(bearer, name, d.fill(h, role, place, &serial)); r.Code != expect {
						t.Errorf("%s, by token: %s %s: code %d %q, want %d", place, name, params, r.Code, r.Message, expect)
					}
				}
				for means, as := range map[string]http.Header{"session": session, "token": bearer} {
					var batch []string
					for i, name := range names {
						batch = append(batch, fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":%q,"params":%s}`, i, name, doorways[name].fill(h, role, place, &serial)))
					}
					var answers []json.RawMessage
					must(t, json.Unmarshal(h.post("/portal/", as, "["+strings.Join(batch, ",")+"]").Body.Bytes(), &answers))
					if len(answers) != len(batch) {
						t.Fatalf("%d answers to a batch of %d", len(answers), len(batch))
					}
					for i, a := range answers {
						expect := want[i]
						if means == "token" && (role == 8 || role == 12) {
							expect = -32000
						}
						if got := codeIn(a); got != expect {
							t.Errorf("%s, in a batch by %s: %s: %s, want code %d", place, means, names[i], a, expect)
						}
					}
				}
			}
		})
	}
}

func codeIn(body []byte) int {
	var o struct{ Error *struct{ Code int } }
	if json.Unmarshal(body, &o) != nil || o.Error == nil {
		return 0
	}
	return o.Error.Code
}
