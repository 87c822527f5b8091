package portal_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rs/zerolog"

	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/memory"
)

// audited is every method that writes, with the events that it tells: the published names (portal.md 9.2) where there is one,
// else ours. The conversations must have seen each of them.
var audited = map[string]string{
	"login/enterpriseLogin":      "USER_LOGIN USER_LOGIN_FAILURE USER_LOCKOUT USE_RECOVERY_CODE",
	"login/operatorLogin":        "OPERATOR_LOGIN OPERATOR_LOGIN_FAILURE USER_LOCKOUT",
	"login/redeemPasswordReset":  "PASSWORD_RESET PASSWORD_RESET_REFUSED",
	"login/requestPasswordReset": "PASSWORD_RESET_REFUSED",
	"logout":                     "",

	"enterprise/insertEnterprise":                     "CREATE_ENTERPRISE CREATE_USER SUPERUSER_ADDED",
	"enterprise/cloneEnterpriseV2":                    "CREATE_ENTERPRISE CREATE_USER SUPERUSER_ADDED",
	"enterprise/deleteEnterprise":                     "DELETE_ENTERPRISE",
	"enterpriseProxy/deleteEnterpriseProxy":           "DELETE_ENTERPRISE_PROXY",
	"enterprise/updateEnterprise":                     "UPDATE_ENTERPRISE",
	"enterprise/setEnterpriseBastionState":            "UPDATE_ENTERPRISE",
	"enterpriseProxy/insertEnterpriseProxyEnterprise": "CREATE_ENTERPRISE CREATE_USER SUPERUSER_ADDED",
	"enterpriseProxy/insertEnterpriseProxy":           "CREATE_ENTERPRISE_PROXY CREATE_USER SUPERUSER_ADDED",
	"enterpriseProxy/updateEnterpriseProxy":           "UPDATE_ENTERPRISE_PROXY",
	"network/assignEnterpriseToEnterpriseProxy":       "ASSIGN_ENTERPRISE_TO_PROXY UNASSIGN_ENTERPRISE_FROM_PROXY ENTERPRISE_DISABLE_PROXY_ACCESS",
	"network/unassignEnterpriseFromEnterpriseProxy":   "UNASSIGN_ENTERPRISE_FROM_PROXY ENTERPRISE_DISABLE_PROXY_ACCESS",

	"enterprise/insertEnterpriseUser":           "CREATE_USER SUPERUSER_ADDED",
	"enterpriseUser/updateEnterpriseUser":       "UPDATE_USER UPDATE_USER_REFUSED SUPERUSER_ADDED",
	"enterpriseUser/deleteEnterpriseUser":       "DELETE_USER REVOKE_SSH_ACCESS",
	"enterpriseProxy/insertEnterpriseProxyUser": "CREATE_USER SUPERUSER_ADDED",
	"enterpriseProxy/updateEnterpriseProxyUser": "UPDATE_USER UPDATE_USER_REFUSED",
	"enterpriseProxy/deleteEnterpriseProxyUser": "DELETE_USER",
	"operatorUser/insertOperatorUser":           "CREATE_OPERATOR_USER",
	"operatorUser/updateOperatorUser":           "UPDATE_OPERATOR_USER UPDATE_USER_REFUSED SUPERUSER_ADDED",
	"operatorUser/deleteOperatorUser":           "DELETE_OPERATOR_USER",
	"operatorUser/setOperatorUserBastionState":  "UPDATE_OPERATOR_USER",
	"password/change":                           "UPDATE_USER UPDATE_OPERATOR_USER UPDATE_USER_REFUSED",
	"secondFactor/enroll":                       "UPDATE_USER_REFUSED",
	"secondFactor/confirm":                      "ENABLE_SECOND_FACTOR",
	"secondFactor/remove":                       "DISABLE_SECOND_FACTOR UPDATE_USER_REFUSED",
	"secondFactor/reset":                        "RESET_SECOND_FACTOR",
	"sshConfig/generateSshKey":                  "GRANT_SSH_ACCESS",
	"sshConfig/importSshKey":                    "GRANT_SSH_ACCESS",
	"sshConfig/revokeOperatorUserSSHKey":        "REVOKE_SSH_ACCESS",
	"sshConfig/revokeEnterpriseProxyUserSSHKey": "REVOKE_SSH_ACCESS",
	"sshConfig/revokeEnterpriseUserSSHKey":      "REVOKE_SSH_ACCESS",

	"enterpriseUser/sendEnterpriseUserPasswordResetEmail":       "SEND_PASSWORD_RESET_EMAIL",
	"enterpriseProxy/sendEnterpriseProxyUserPasswordResetEmail": "SEND_PASSWORD_RESET_EMAIL",
	"operatorUser/sendOperatorUserPasswordResetEmail":           "SEND_PASSWORD_RESET_EMAIL",
	"system/retryMail":    "RETRY_MAIL",
	"system/deleteMail":   "DELETE_MAIL",
	"system/createBackup": "CREATE_BACKUP",

	"apiToken/create":                  "CREATE_API_TOKEN",
	"apiToken/download":                "DOWNLOAD_API_TOKEN API_TOKEN_REFUSED",
	"apiToken/refresh":                 "REFRESH_API_TOKEN",
	"apiToken/revoke":                  "REVOKE_API_TOKEN",
	"network/createApiToken":           "CREATE_API_TOKEN",
	"network/downloadApiToken":         "DOWNLOAD_API_TOKEN",
	"network/refreshApiToken":          "REFRESH_API_TOKEN",
	"network/revokeApiToken":           "REVOKE_API_TOKEN",
	"enterpriseProxy/createApiToken":   "CREATE_API_TOKEN",
	"enterpriseProxy/downloadApiToken": "DOWNLOAD_API_TOKEN",
	"enterpriseProxy/refreshApiToken":  "REFRESH_API_TOKEN",
	"enterpriseProxy/revokeApiToken":   "REVOKE_API_TOKEN",
	"enterprise/createApiToken":        "CREATE_API_TOKEN",
	"enterprise/downloadApiToken":      "DOWNLOAD_API_TOKEN API_TOKEN_REFUSED",
	"enterprise/refreshApiToken":       "REFRESH_API_TOKEN",
	"enterprise/revokeApiToken":        "REVOKE_API_TOKEN",

	"role/setEnterpriseDelegatedToOperator":                         "ENTERPRISE_ENABLE_OPERATOR_ACCESS ENTERPRISE_DISABLE_OPERATOR_ACCESS",
	"role/setEnterpriseUserManagementDelegatedToOperator":           "ENTERPRISE_ENABLE_OPERATOR_USER_MGMT ENTERPRISE_DISABLE_OPERATOR_USER_MGMT",
	"role/setEnterpriseDelegatedToEnterpriseProxy":                  "ENTERPRISE_ENABLE_PROXY_ACCESS ENTERPRISE_DISABLE_PROXY_ACCESS",
	"role/setEnterpriseViewSensitiveDataDelegatedToOperator":        "ENTERPRISE_ENABLE_VIEW_SENSITIVE_DATA ENTERPRISE_DISABLE_VIEW_SENSITIVE_DATA",
	"role/setEnterpriseViewSensitiveDataDelegatedToEnterpriseProxy": "ENTERPRISE_ENABLE_VIEW_SENSITIVE_DATA ENTERPRISE_DISABLE_VIEW_SENSITIVE_DATA",
	"role/setEnterpriseProxyDelegatedToOperator":                    "PROXY_ENABLE_OPERATOR_ACCESS PROXY_DISABLE_OPERATOR_ACCESS",

	"compositeRole/createByOperator":            "CREATE_COMPOSITE_ROLE",
	"compositeRole/createByEnterpriseProxy":     "CREATE_COMPOSITE_ROLE",
	"compositeRole/createByEnterprise":          "CREATE_COMPOSITE_ROLE",
	"compositeRole/updateByOperator":            "UPDATE_COMPOSITE_ROLE",
	"compositeRole/updateByEnterpriseProxy":     "UPDATE_COMPOSITE_ROLE",
	"compositeRole/updateByEnterprise":          "UPDATE_COMPOSITE_ROLE",
	"compositeRole/deleteByOperator":            "DELETE_COMPOSITE_ROLE",
	"compositeRole/deleteByEnterpriseProxy":     "DELETE_COMPOSITE_ROLE",
	"compositeRole/deleteByEnterprise":          "DELETE_COMPOSITE_ROLE",
	"role/insertRoleCustomizationPackage":       "UPLOAD_ROLE_CUSTOMIZATION_PACKAGE",
	"role/applyRoleCustomizationPackage":        "APPLY_ROLE_CUSTOMIZATION_PACKAGE",
	"role/saveAndApplyRoleCustomizationPackage": "UPDATE_ROLE_CUSTOMIZATION_PACKAGE APPLY_ROLE_CUSTOMIZATION_PACKAGE",
	"role/deleteRoleCustomizationPackage":       "DELETE_ROLE_CUSTOMIZATION_PACKAGE",
	"role/removeCustomRoles":                    "REMOVE_ALL_ROLE_CUSTOMIZATIONS",
	"role/removeEnterpriseProxyCustomRoles":     "REMOVE_ALL_ROLE_CUSTOMIZATIONS",
	"role/removeEnterpriseCustomRoles":          "REMOVE_ALL_ROLE_CUSTOMIZATIONS",
	"role/createRoleCustomization":              "UPDATE_ROLE_CUSTOMIZATION",
	"role/deleteRoleCustomization":              "ROLE_RESET",

	"systemProperty/insertSystemProperty":                     "CREATE_SYSTEM_PROPERTY",
	"systemProperty/insertOrUpdateSystemProperty":             "CREATE_SYSTEM_PROPERTY UPDATE_SYSTEM_PROPERTY",
	"systemProperty/updateSystemProperty":                     "UPDATE_SYSTEM_PROPERTY AUTHENTICATION_MODE_UPDATED",
	"systemProperty/deleteSystemProperty":                     "DELETE_SYSTEM_PROPERTY UPDATE_SYSTEM_PROPERTY AUTHENTICATION_MODE_UPDATED",
	"enterprise/insertOrUpdateEnterpriseProperty":             "UPDATE_ENTERPRISE_PROPERTY AUTHENTICATION_MODE_UPDATED",
	"enterpriseProxy/insertOrUpdateEnterpriseProxyProperty":   "UPDATE_ENTERPRISE_PROXY_PROPERTY AUTHENTICATION_MODE_UPDATED",
	"enterprise/insertOrUpdateEnterpriseCapability":           "UPDATE_ENTERPRISE_PROPERTY ENABLE_ROLE_CUSTOMIZATION_CAPABILITY DISABLE_ROLE_CUSTOMIZATION_CAPABILITY",
	"enterpriseProxy/insertOrUpdateEnterpriseProxyCapability": "UPDATE_ENTERPRISE_PROXY_PROPERTY ENABLE_ROLE_CUSTOMIZATION_CAPABILITY DISABLE_ROLE_CUSTOMIZATION_CAPABILITY",
	"enterprise/insertOrUpdateEnterpriseRateLimits":           "UPDATE_ENTERPRISE_PROPERTY",
	"enterprise/insertOrUpdateEnterpriseProxyRateLimits":      "UPDATE_ENTERPRISE_PROXY_PROPERTY",
	"enterprise/insertOrUpdateEnterpriseAlertConfigurations":  "UPDATE_ENTERPRISE_ALERT_CONFIGURATION",
	"enterprise/setEnterpriseAllAlertsRecipients":             "UPDATE_ENTERPRISE_ALERT_RECIPIENTS",
	"enterprise/updateEnterpriseSecurityPolicy":               "UPDATE_ENTERPRISE_SECURITY_POLICY",
	"enterprise/decodeEnterpriseKey":                          "DECODE_ENTERPRISE_KEY",
}

// anywhere are the events that any call may leave, whatever it is of: those of the credentials it comes with, and of too many
// calls.
var anywhere = []string{"API_TOKEN_REFUSED", "RATE_LIMIT_EXCEEDED"}

// inSteps are the methods that write what nobody sees before their last Update, which tells of it.
var inSteps = []string{"enterprise/cloneEnterpriseV2"}

// untold are the collections that a call may write to without an event, and why.
var untold = map[string]string{
	"session":      "the end of a session has no event (portal.md 9.2)",
	"lockout":      "the count of wrong passwords; each is told as a refusal, and that they led to a lock-out",
	"secondfactor": "a seed that was shown is none before it is confirmed",
}

// An audit listens to conversations: who wrote what, and told what of it.
type audit struct {
	seen map[string]map[string]bool // by method
	ways map[string]bool            // in which secrets came
}

// A transaction is what one Update has written: events, and records of collections.
type transaction struct {
	events  []*account.Event
	records map[string]bool
}

// open makes a house whose store and calls the audit listens to.
func (a *audit) open(t testing.TB) *house {
	t.Helper()
	ears := &listener{Engine: memory.New()}
	db := store.Open(ears)
	t.Cleanup(func() { db.Close() })
	var log bytes.Buffer
	secrets := newRedaction(a.ways)
	secrets.answers = new(bytes.Buffer)
	h := buildOn(t, db, zerolog.New(io.MultiWriter(&log, secrets)))
	t.Cleanup(func() {
		secrets.keepStore(t, db)
		secrets.judge(t)
	})
	log.Reset()
	calls := secrets.listen(h.handler)
	var one sync.Mutex // a client has his answer, and makes the next call, before this one has been listened to
	h.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		one.Lock()
		defer one.Unlock()
		ears.heard = nil // what was done between two calls
		calls.ServeHTTP(w, r)
		id := w.Header().Get("X-Request-Id")
		a.hear(t, methodsIn(t, &log, id), id, ears.heard)
		for _, tx := range ears.heard {
			secrets.tell(tx.events...)
		}
	})
	return h
}

// methodsIn takes the methods of a request from the log, which has a line for each call, with the request's number.
func methodsIn(t testing.TB, log *bytes.Buffer, request string) (names []string) {
	t.Helper()
	for lines := json.NewDecoder(log); lines.More(); {
		var line struct{ Method, RequestID string }
		must(t, lines.Decode(&line))
		if line.RequestID != request {
			t.Errorf("the log tells of request %q, the answer of %q", line.RequestID, request)
		}
		names = append(names, line.Method)
	}
	return names
}

// hear holds what a request wrote against what its methods may tell.
func (a *audit) hear(t testing.TB, methods []string, request string, heard []transaction) {
	t.Helper()
	for _, tx := range heard {
		if _, ok := audited[methods[0]]; !ok && len(methods) == 1 && !(len(tx.events) == 1 && slices.Contains(anywhere, tx.events[0].Name)) {
			t.Errorf("%s writes, and audited does not know it", methods[0])
		}
		if len(tx.events) == 0 && !slices.Contains(inSteps, methods[0]) {
			for name := range tx.records {
				if untold[name] == "" {
					t.Errorf("%v wrote to %s and told nothing of it", methods, name)
				}
			}
		}
		for _, e := range tx.events {
			a.told(t, methods, request, e)
		}
	}
}

func (a *audit) told(t testing.TB, methods []string, request string, e *account.Event) {
	t.Helper()
	if e.RequestID != request || e.Source == "" || !strings.Contains(string(e.Detail), request) || !strings.Contains(string(e.Detail), e.Source) {
		t.Errorf("%v told %s of request %q from %q, not %q", methods, e.Name, e.RequestID, e.Source, request)
	}
	open := slices.ContainsFunc(methods, func(m string) bool { return doorways[m].public }) || slices.Contains(anywhere, e.Name)
	isApp := strings.Contains(string(e.Detail), `"principalType":"APP"`) // it has a name and a client id, and no user's number
	if (e.ActorID == 0 && !isApp || e.Actor == "") && !open {
		t.Errorf("%v told %s of nobody", methods, e.Name)
	}
	may := slices.Clone(anywhere)
	for _, m := range methods {
		may = append(may, strings.Fields(audited[m])...)
	}
	if !slices.Contains(may, e.Name) {
		t.Errorf("%v told %s", methods, e.Name)
	}
	if len(methods) != 1 { // which of a batch it was is not known
		return
	}
	if a.seen[methods[0]] == nil {
		a.seen[methods[0]] = map[string]bool{}
	}
	a.seen[methods[0]][e.Name] = true
}

// more plays what no text can say, for it takes codes and mailed links.
func (a *audit) more(t *testing.T) {
	h := a.open(t)
	_, codes := h.enrolled(t, "ops@acme")
	h.enrolled(t, "support@acme")
	if w := h.loginWith("ops@acme", password, codes[0]); w.Code != http.StatusOK {
		t.Fatal(w.Body)
	} else {
		as := http.Header{"Cookie": {w.Header().Get("Set-Cookie")}}
		h.good(t, as, "secondFactor/remove", `{"currentPassword":"correct horse 1"}`, nil)
	}
	h.good(t, h.session(t, "admin@acme"), "secondFactor/reset", `{"username":"support@acme"}`, nil)
	if r := h.redeem(h.link(t, h.relay(t), "ops@acme"), newPassword); r.Code != 0 {
		t.Fatal(r)
	}
	for range 21 {
		h.call(nil, "login/requestPasswordReset", `{"username":"ops@acme"}`)
	}
}

// judge says what was not seen of all that there is to see.
func (a *audit) judge(t *testing.T) {
	t.Helper()
	for _, way := range waysOfSecrets {
		if !a.ways[way] {
			t.Errorf("no secret came as %s, so none was looked for", way)
		}
	}
	for _, method := range slices.Sorted(maps.Keys(audited)) {
		for event := range strings.FieldsSeq(audited[method]) {
			if !a.seen[method][event] {
				t.Errorf("no conversation has seen %s tell %s", method, event)
			}
		}
	}
}

// A listener is an engine that remembers what was committed.
type listener struct {
	store.Engine
	heard []transaction
}

func (l *listener) Commit(ctx context.Context, f func(store.Reader) ([]store.Write, error)) error {
	var tx transaction
	err := l.Engine.Commit(ctx, func(r store.Reader) ([]store.Write, error) {
		writes, err := f(r)
		tx = transaction{records: map[string]bool{}}
		for _, w := range writes {
			name, rest, _ := strings.Cut(string(w.Key), "/")
			switch {
			case name != "event":
				tx.records[name] = true
			case w.Value != nil && rest[0] == 'r':
				tx.events = append(tx.events, eventIn(w))
			}
		}
		return writes, err
	})
	if err == nil && len(tx.records)+len(tx.events) > 0 {
		l.heard = append(l.heard, tx)
	}
	return err
}

func eventIn(w store.Write) *account.Event {
	b, err := store.Unseal(w.Key, w.Value)
	if err != nil {
		panic(err)
	}
	e := new(account.Event)
	if err := json.Unmarshal(b, e); err != nil {
		panic(fmt.Sprintf("%s: %v", b, err))
	}
	return e
}
