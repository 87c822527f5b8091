package portal_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// Whoever becomes a superuser is told of, in whatever way: as a person or as an API client, made so or promoted. Who is one stays one in silence.
func TestSuperusersAreToldOf(t *testing.T) {
	t.Parallel()
	h := build(t)
	admin := h.session(t, "admin@acme")
	one := func(as http.Header, method, params string) (made struct{ ID int64 }) {
		t.Helper()
		h.good(t, as, method, params, &made)
		return made
	}
	const person = `{"username":%q,"password":"Correct-Horse-9!","roleId":%d}`
	user := one(admin, "enterprise/insertEnterpriseUser", fmt.Sprintf(person, "plain@acme", 10)).ID
	client := one(admin, "apiClient/insertApiClient", `{"clientId":"plain","roleId":10,"firstName":"a","lastName":"b"}`).ID
	for _, c := range []struct{ method, params, want string }{
		{"enterprise/insertEnterpriseUser", fmt.Sprintf(person, "second@acme", 9), "second@acme"},
		{"enterpriseUser/updateEnterpriseUser", fmt.Sprintf(`{"id":%d,"_update":{"roleId":9}}`, user), "plain@acme"},
		{"enterpriseUser/updateEnterpriseUser", fmt.Sprintf(`{"id":%d,"_update":{"roleId":9,"firstName":"x"}}`, user), ""},
		{"apiClient/insertApiClient", `{"clientId":"robot","roleId":9,"firstName":"a","lastName":"b"}`, "service-account-robot"},
		{"apiClient/updateApiClient", fmt.Sprintf(`{"id":%d,"_update":{"roleIds":[9]}}`, client), "service-account-plain"},
		{"apiClient/updateApiClient", fmt.Sprintf(`{"id":%d,"_update":{"roleIds":[9],"description":"x"}}`, client), ""},
	} {
		before := len(h.told(t, acme(t, h), "SUPERUSER_ADDED"))
		h.good(t, admin, c.method, c.params, nil)
		told := h.told(t, acme(t, h), "SUPERUSER_ADDED")
		if c.want == "" && len(told) != before || c.want != "" && (len(told) != before+1 || !strings.HasPrefix(told[0].Message, c.want+" ")) {
			t.Errorf("%s %s: %d events", c.method, c.params, len(told)-before)
		}
	}
}
