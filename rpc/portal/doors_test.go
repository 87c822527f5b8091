package portal_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// The places that a call may name, as far as what is behind a door depends on them. A partner's and the operator's own
// tenant is not an enterprise, and so on.
const (
	nothing   = "nothing"   // no tenant is named
	own       = "own"       // the caller's own, if he has one of that kind; else one below his, which has delegated nothing
	delegated = "delegated" // one below his, which has delegated everything
	other     = "other"     // one that is not the caller's to see, or not there
)

// A doorway is what is published of a method, and how it is called here. In params $tenant, $user, $proxy, $msp, $network and
// $operator are replaced by the place and by somebody there, $new by a new text.
type doorway struct {
	public   bool   // for everybody, signed in or not; the list of those is short and stays so
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

	"operatorUser/getOperatorUser":    {all: "READ:OPERATOR_USER", callers: "OPERATOR", self: "OPERATOR", params: `{"id":$operator}`},
	"operatorUser/insertOperatorUser": {all: "CREATE:OPERATOR_USER", callers: "OPERATOR", context: "network", params: `{"networkId":$network,"username":"service-account-x","password":"correct horse 1","roleId":3}`, passed: -32602},
	"operatorUser/updateOperatorUser": {all: "UPDATE:OPERATOR_USER", callers: "OPERATOR", self: "OPERATOR", params: `{"id":$operator,"_update":{"domain":"x"}}`, inside: func(role int, place string) int {
		if role == 1 || place == other {
			return 0
		}
		return -32002
	}},
	"operatorUser/deleteOperatorUser": {all: "DELETE:OPERATOR_USER", callers: "OPERATOR", params: `{"id":999999}`},

	"network/getNetworkEnterprises":   {all: "READ:ENTERPRISE", callers: "OPERATOR", context: "network", params: `{"networkId":$network}`},
	"network/getNetworkOperatorUsers": {all: "READ:OPERATOR_USER", callers: "OPERATOR", context: "network", params: `{"networkId":$network}`},

	"role/getUserTypeRoles":                               {any: "READ:ENTERPRISE_USER READ:PROXY_USER READ:OPERATOR_USER", params: `{"userType":"MSP"}`},
	"role/setEnterpriseDelegatedToOperator":               {all: "UPDATE:ENTERPRISE_DELEGATION", context: "enterprise", params: `{"enterpriseId":$tenant,"isDelegated":false}`},
	"role/setEnterpriseUserManagementDelegatedToOperator": {all: "UPDATE:ENTERPRISE_DELEGATION", callers: "OPERATOR MSP ENTERPRISE", context: "enterprise", params: `{"enterpriseId":$tenant,"isDelegated":false}`},
	"role/setEnterpriseDelegatedToEnterpriseProxy":        {all: "UPDATE:ENTERPRISE_DELEGATION", callers: "ENTERPRISE", context: "enterprise", params: `{"enterpriseId":$tenant,"isDelegated":false}`, passed: -32006},

	"role/setEnterpriseProxyDelegatedToOperator": {all: "UPDATE:ENTERPRISE_PROXY_DELEGATION", callers: "OPERATOR MSP", context: "proxy", params: `{"enterpriseProxyId":$proxy,"isDelegated":false}`},

	"sshConfig/generateSshKey":                  {all: "CREATE:SELF_SSH_KEY", callers: "OPERATOR MSP ENTERPRISE", params: `{"expire":-1}`, passed: -32602},
	"sshConfig/importSshKey":                    {all: "CREATE:SELF_SSH_KEY", callers: "OPERATOR MSP ENTERPRISE", params: `{"publicKey":"x"}`, passed: -32602},
	"sshConfig/getOperatorUserSSHKey":           {any: "READ:SELF_SSH_KEY READ:OPERATOR_SSH_KEY", callers: "OPERATOR", params: `{"allKeys":true}`},
	"sshConfig/getEnterpriseProxyUserSSHKey":    {any: "READ:SELF_SSH_KEY READ:PARTNER_SSH_KEY", callers: "OPERATOR MSP", context: "proxy", params: `{"enterpriseProxyId":$proxy}`},
	"sshConfig/getEnterpriseUserSSHKey":         {any: "READ:SELF_SSH_KEY READ:ENTERPRISE_SSH_KEY", callers: "OPERATOR MSP ENTERPRISE", context: "enterprise", params: `{"enterpriseId":$tenant}`},
	"sshConfig/revokeOperatorUserSSHKey":        {any: "DELETE:SELF_SSH_KEY DELETE:OPERATOR_SSH_KEY", callers: "OPERATOR", params: `{"userId":999999}`, inside: onlyOf(1)},
	"sshConfig/revokeEnterpriseProxyUserSSHKey": {any: "DELETE:SELF_SSH_KEY DELETE:PARTNER_SSH_KEY", callers: "OPERATOR MSP", context: "proxy", params: `{"enterpriseProxyId":$proxy,"userId":[999999]}`, inside: onlyOf(1, 5)},
	"sshConfig/revokeEnterpriseUserSSHKey": {any: "DELETE:SELF_SSH_KEY DELETE:ENTERPRISE_SSH_KEY", callers: "OPERATOR MSP ENTERPRISE", context: "enterprise", params: `{"enterpriseId":$tenant,"userId":[999999]}`, inside: func(role int, place string) int {
		if role == 9 || place == delegated && (role == 1 || role == 5) {
			return 0
		}
		return -32002
	}},

	"operatorUser/setOperatorUserBastionState": {all: "UPDATE:OPERATOR_USER", callers: "OPERATOR", self: "OPERATOR", params: `{"operatorUserId":999999,"bastionState":"STAGE_REQUESTED"}`, inside: onlyOf(1)},
	"enterprise/setEnterpriseBastionState":     {all: "UPDATE:ENTERPRISE", context: "enterprise", params: `{"enterpriseId":$tenant,"bastionState":"UNSTAGE_REQUESTED"}`, passed: -32006},

	"network/createApiToken":    {all: "CREATE:OPERATOR_TOKEN", callers: "OPERATOR", params: `{"name":"$new","lifetimeMs":1}`},
	"network/downloadApiToken":  {all: "READ:OPERATOR_TOKEN", params: `{"id":999999}`, passed: noToken},
	"network/getApiTokens":      {all: "READ:OPERATOR_TOKEN", params: `{}`},
	"network/refreshApiToken":   {all: "UPDATE:OPERATOR_TOKEN", params: `{"apiToken":"x"}`, passed: noToken},
	"network/revokeApiToken":    {all: "UPDATE:OPERATOR_TOKEN", params: `{"id":999999}`},
	"operatorUser/getApiTokens": {all: "READ:OPERATOR_TOKEN", params: `{"id":$operator}`},

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

	"enterpriseUser/sendEnterpriseUserPasswordResetEmail":       {any: "UPDATE:ENTERPRISE_USER UPDATE:PROXY_USER", params: `{"id":$user}`, inside: writeUser},
	"enterpriseUser/getEnterpriseUserPasswordResetEmail":        {any: "READ:ENTERPRISE_USER READ:PROXY_USER", params: `{"id":$user}`, inside: readUser},
	"enterpriseProxy/sendEnterpriseProxyUserPasswordResetEmail": {all: "UPDATE:PROXY_USER", callers: "MSP OPERATOR", params: `{"id":$msp}`, inside: readPartnerUser},
	"enterpriseProxy/getEnterpriseProxyUserPasswordResetEmail":  {all: "READ:PROXY_USER", callers: "MSP OPERATOR", params: `{"id":$msp}`, inside: readPartnerUser},
	"operatorUser/sendOperatorUserPasswordResetEmail": {all: "UPDATE:OPERATOR_USER", callers: "OPERATOR", params: `{"id":$operator}`, inside: func(_ int, place string) int {
		if place == other {
			return 0
		}
		return -32006 // he has no address
	}},
	"operatorUser/getOperatorUserPasswordResetEmail": {all: "READ:OPERATOR_USER", callers: "OPERATOR", params: `{"id":$operator}`},

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

	"login/enterpriseLogin":      {public: true, params: `{}`, passed: -32602},
	"login/operatorLogin":        {public: true, params: `{}`, passed: -32602},
	"login/redeemPasswordReset":  {public: true, params: `{}`, passed: -32602},
	"login/requestPasswordReset": {public: true, params: `{}`, passed: -32602},
	"logout":                     {public: true, params: `{}`},
	"rpc.discover":               {public: true, params: `{}`},
}

func readUser(role int, place string) int {
	if place == own && role <= 8 {
		return -32002 // below, and not delegated
	}
	return 0
}

// writeUser: the param is one that nobody may write of himself without the privilege.
func writeUser(role int, place string) int {
	if place == own && role != 9 || place == delegated && role == 6 { // admin@globex is a superuser
		return -32002
	}
	return 0 // where the user is not the caller's to see: rows 0
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
	case role == 9, role == 10, place == delegated && (role == 1 || role == 5):
		return 0
	}
	return -32002
}

// published asks the portal which methods there are.
func published(t *testing.T, h *house) (names []string) {
	t.Helper()
	var doc struct{ Methods []struct{ Name string } }
	h.good(t, nil, "rpc.discover", `{}`, &doc)
	for _, m := range doc.Methods {
		names = append(names, m.Name)
	}
	slices.Sort(names)
	return names
}

func TestEveryMethodHasADoorway(t *testing.T) {
	known := slices.Sorted(maps.Keys(doorways))
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
			if doorways[name].public {
				wrong = r.Code == -32000 && !strings.Contains(r.Message, "password")
			}
			if wrong {
				t.Errorf("%s by nobody with %v: %v", name, as, r)
			}
			if w := h.post("/portal/rest/"+name, as, ``); !doorways[name].public && (w.Code != 200 || !strings.Contains(w.Body.String(), `{"error":{"code":-32000,`) || w.Header().Get("Expires") != "0") {
				t.Errorf("/portal/rest/%s by nobody: %d %s", name, w.Code, w.Body)
			}
		}
	}
}
