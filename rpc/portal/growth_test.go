package portal_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portico-vco/portico/store"
)

// TestB15Growth: what is over leaves nothing in the store: no record, no entry of an index, no count, whoever made it and however often.
// Two things stay: of a client the least that keeps its id from being given again, and the last sweep's own word.
func TestB15Growth(t *testing.T) {
	t.Parallel()
	h := buildAt(t, noon)
	h.setProperty(t, "vco.enterprise.selfResetPassword.enabled", "true")
	live(t, h, "before") // makes what there is one of, such as counters
	h.sweepAll(t)
	before := h.keys(t)
	for i := range 20 {
		live(t, h, fmt.Sprint("life", i))
	}
	if grown := len(h.keys(t)) - len(before); grown < 1000 {
		t.Fatalf("only %d keys more: nothing was tried", grown)
	}
	h.sweepAll(t)
	h.sweepAll(t) // the events of the first one, too
	words := 0
	for _, key := range h.keys(t) {
		_, found := slices.BinarySearch(before, key)
		switch {
		case found, strings.HasPrefix(key, "client/"), strings.HasSuffix(key, "/n"): // the latter is a collection's counter
		case strings.HasPrefix(key, "event"):
			words++
		default:
			t.Errorf("%q is left", key)
		}
	}
	if words > 12 {
		t.Errorf("%d keys of events are left", words)
	}
}

// live makes one of everything that a caller, or a stranger, can make the portal keep, and takes away what does not end by itself.
func live(t *testing.T, h *house, name string) {
	t.Helper()
	admin, super := h.session(t, "admin@acme"), h.session(t, "super")
	id := func(as http.Header, method, format string, args ...any) string {
		t.Helper()
		var made struct{ ID int64 }
		h.good(t, as, method, fmt.Sprintf(format, args...), &made)
		return fmt.Sprint(made.ID)
	}
	h.loginFrom(afar, name+"@nowhere", "wrong")
	h.loginFrom(afar, "ops@acme", "wrong")
	h.call(nil, "login/requestPasswordReset", fmt.Sprintf(`{"username":%q}`, name))
	user := id(admin, "enterprise/insertEnterpriseUser", `{"username":"%s@acme","password":"correct horse 1","roleId":11}`, name)
	as := h.session(t, name+"@acme")
	_, text := h.enabled(t, as, "ci", time.Hour)
	h.exchanged(t, text)
	h.pending(t, as, "pending", time.Hour)
	h.good(t, as, "sshConfig/generateSshKey", `{}`, nil)
	group := id(admin, "userGroup/insertUserGroup", `{"name":%q}`, name)
	h.good(t, admin, "userGroup/addUserGroupMembers", fmt.Sprintf(`{"id":%s,"userIds":[%s]}`, group, user), nil)
	login := id(admin, "credential/insertCredential", `{"username":%q,"password":%q}`, name, right)
	h.good(t, admin, "credential/shareCredentialWithUser", fmt.Sprintf(`{"id":%s,"userId":%s}`, login, user), nil)
	h.good(t, admin, "credential/shareCredentialWithUserGroup", fmt.Sprintf(`{"id":%s,"userGroupId":%s}`, login, group), nil)
	var app, client struct {
		ID                     int64
		ClientID, ClientSecret string
	}
	h.good(t, admin, "oauthApp/insertOauthApp", fmt.Sprintf(`{"name":%q,"scope":{"roleIds":[11]}}`, name), &app)
	h.good(t, admin, "apiClient/insertApiClient", fmt.Sprintf(`{"clientId":%q,"roleId":11,"firstName":"a","lastName":"b"}`, name), &client)
	h.good(t, h.session(t, "admin@globex"), "oauthApp/insertOauthAppGrant", fmt.Sprintf(`{"clientId":%q,"roleIds":[11]}`, app.ClientID), nil)
	access := strings.TrimPrefix(h.bearer(t, client.ClientID, client.ClientSecret).Get("Authorization"), "Bearer ")
	h.post("/oauth2/revoke", nil, fmt.Sprintf("client_id=%s&client_secret=%s&token=%s", client.ClientID, client.ClientSecret, access))
	role := id(admin, "compositeRole/createByEnterprise", `{"name":%q,"userType":"ENTERPRISE","functionalRoleIds":[127]}`, name)
	pack := id(admin, "role/insertRoleCustomizationPackage", `{"name":%q,"blobContent":{"roleCustomizations":[]}}`, name)
	tenant := id(super, "enterprise/insertEnterprise", `{"name":%q,"configurationId":1,"user":{"username":"admin@%s","password":"correct horse 1"}}`, name, name)
	inside := h.session(t, "admin@"+name)
	h.enabled(t, inside, "ci", time.Hour)
	h.plantWithin(t, inside)
	webhook := id(admin, "webhook/insertWebhook", `{"name":%q,"url":"https://hooks.example"}`, name)
	h.good(t, admin, "webhook/sendTestEvent", `{"id":`+webhook+`}`, nil)
	for method, params := range map[string]string{
		"webhook/deleteWebhook":               `{"id":` + webhook + `}`,
		"credential/deleteCredential":         `{"id":` + login + `,"force":true}`,
		"userGroup/deleteUserGroup":           `{"id":` + group + `,"force":true}`,
		"enterpriseUser/deleteEnterpriseUser": `{"id":` + user + `}`,
		"oauthApp/deleteOauthApp":             fmt.Sprintf(`{"id":%d,"force":true}`, app.ID),
		"apiClient/deleteApiClient":           fmt.Sprintf(`{"id":%d}`, client.ID),
		"compositeRole/deleteByEnterprise":    `{"roleIds":[` + role + `]}`,
		"role/deleteRoleCustomizationPackage": `{"id":` + pack + `}`,
	} {
		h.good(t, admin, method, params, nil)
	}
	h.good(t, super, "enterprise/deleteEnterprise", `{"enterpriseId":`+tenant+`}`, nil)
}

// plantWithin makes in a tenant what is to go with it.
func (h *house) plantWithin(t *testing.T, as http.Header) {
	t.Helper()
	for method, params := range map[string]string{
		"userGroup/insertUserGroup":                              `{"name":"g"}`,
		"webhook/insertWebhook":                                  `{"name":"w","url":"https://hooks.example"}`,
		"credential/insertCredential":                            `{"username":"l","password":"right horse 1"}`,
		"oauthApp/insertOauthApp":                                `{"name":"a","scope":{"roleIds":[11]}}`,
		"enterprise/insertOrUpdateEnterpriseProperty":            `{"name":"p","value":"1"}`,
		"compositeRole/createByEnterprise":                       `{"name":"r","userType":"ENTERPRISE","functionalRoleIds":[127]}`,
		"role/insertRoleCustomizationPackage":                    `{"name":"p","blobContent":{"roleCustomizations":[]}}`,
		"enterprise/insertOrUpdateEnterpriseAlertConfigurations": `{"enterpriseAlertConfigurations":[{"alertDefinitionId":3}]}`,
	} {
		h.good(t, as, method, params, nil)
	}
}

// sweepAll lets everything end that ends by itself, and removes it.
func (h *house) sweepAll(t *testing.T) {
	t.Helper()
	ctx := context.Background()
	must(t, h.accounts.FlushRefusals(ctx, true))
	h.pass(800 * day)
	for range 2 { // what one leaves the other finds
		must(t, errors.Join(h.tokens.Sweep(ctx), h.clients.Sweep(ctx), h.groups.Sweep(ctx), h.vault.Sweep(ctx), h.resets.Sweep(ctx), h.letters.Sweep(ctx), h.hooks.Sweep(ctx)))
	}
}

// keys are all there are, in order.
func (h *house) keys(t *testing.T) (all []string) {
	t.Helper()
	must(t, h.accounts.Store.View(context.Background(), func(tx store.Tx) error {
		return tx.Scan(store.Range{}, func(key, _ []byte) (bool, error) {
			all = append(all, string(key))
			return true, nil
		})
	}))
	return all
}
