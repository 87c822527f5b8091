package oauth_test

import (
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
)

const (
	byForm    = "&client_id=app&client_secret=" + good
	grant     = "grant_type=client_credentials"
	jwtBearer = "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
	issued    = `{"access_token":"access.token.text","token_type":"Bearer","expires_in":1799,"scope":"READ:EDGE READ:USER"}`
	csp       = `{"id_token":null,"token_type":"bearer","expires_in":1799,"scope":"READ:EDGE READ:USER","access_token":"access.token.text","refresh_token":null}`
	exchanged = `{"id_token":null,"token_type":"bearer","expires_in":1800,"scope":"","access_token":"access.token.text","refresh_token":null}`
	asked     = "oauth2/token: app " + good + `  [] for [] in "" for 0s`
	unknown   = `{"error":"invalid_client","error_description":"the client is unknown or its credential is wrong"}`
	twoWays   = `{"error":"invalid_request","error_description":"the client shows in more than one way who it is"}`
	who       = `{"error":"invalid_client","error_description":"the client must show who it is"}`
	noBasic   = `{"error":"invalid_client","error_description":"the Authorization header is not Basic with a client id and a secret"}`
	badScope  = `{"error":"invalid_scope","error_description":"scope must be words with a space between them"}`
	notForm   = `{"error":"invalid_request","error_description":"the body is not a form (application/x-www-form-urlencoded)"}`
)

func bad(text string) string {
	return `{"error":"invalid_request","error_description":"` + text + `"}`
}

// Each row is a POST over TLS: the Authorization header, the body, what the authority is asked, and the answer.
var requests = map[string]struct {
	path, header, body string
	asked              string
	status             int
	answer             string
}{
	"Basic":                     {"/oauth2/token", basic("app:" + good), grant, asked, 200, issued},
	"Basic, lower case":         {"/oauth2/token", "basic " + strings.TrimPrefix(basic("app:"+good), "Basic "), grant, asked, 200, issued},
	"Basic and the same id":     {"/oauth2/token", basic("app:" + good), grant + "&client_id=app&client_secret=", asked, 200, issued},
	"form":                      {"/oauth2/token", "", grant + byForm, asked, 200, issued},
	"form, unknown and twice":   {"/oauth2/token", "", grant + byForm + "&x=1&x=2&audience=a", asked, 200, issued},
	"form, what is empty":       {"/oauth2/token", "", grant + byForm + "&scope=&orgId=&resource=&client_assertion=", asked, 200, issued},
	"a slash at the end":        {"//oauth2/token/", "", grant + byForm, asked, 200, issued},
	"something in the address":  {"/oauth2/token?a=b&%zz", "", grant + byForm, asked, 200, issued},
	"what is wanted":            {"/oauth2/token", "", grant + byForm + "&scope=b+a+b&orgId=org-1&accessTokenValiditySeconds=60", "oauth2/token: app " + good + `  [] for [a b] in "org-1" for 1m0s`, 200, issued},
	"resource":                  {"/oauth2/token", "", grant + byForm + "&resource=urn%3Auuid%3Aorg-1", "oauth2/token: app " + good + `  [] for [] in "org-1" for 0s`, 200, issued},
	"resource, the portal":      {"/oauth2/token", "", grant + byForm + "&resource=https://portal.example/", asked, 200, issued},
	"resource, its calls":       {"/oauth2/token", "", grant + byForm + "&resource=https://portal.example/portal", asked, 200, issued},
	"life, none":                {"/oauth2/token", "", grant + byForm + "&accessTokenValiditySeconds=soon", asked, 200, issued},
	"life, negative":            {"/oauth2/token", "", grant + byForm + "&accessTokenValiditySeconds=-1", asked, 200, issued},
	"life, too large a number":  {"/oauth2/token", "", grant + byForm + "&accessTokenValiditySeconds=9223372037", asked, 200, issued},
	"life, long":                {"/oauth2/token", "", grant + byForm + "&accessTokenValiditySeconds=2147483647", "oauth2/token: app " + good + `  [] for [] in "" for 596523h14m7s`, 200, issued},
	"assertion":                 {"/oauth2/token", "", grant + "&client_assertion=signed&" + jwtBearer, `oauth2/token:   signed [https://portal.example https://portal.example/oauth2/token] for [] in "" for 0s`, 200, issued},
	"assertion and id":          {"/oauth2/token", "", grant + "&client_id=app&client_assertion=signed&" + jwtBearer, `oauth2/token: app  signed [https://portal.example https://portal.example/oauth2/token] for [] in "" for 0s`, 200, issued},
	"assertion at revoke":       {"/oauth2/revoke", "", "token=t&client_assertion=signed&" + jwtBearer, "oauth2/revoke:   [https://portal.example https://portal.example/oauth2/token https://portal.example/oauth2/revoke] t", 200, ""},
	"assertion of another type": {"/oauth2/token", "", grant + "&client_assertion=signed&client_assertion_type=saml", "", 401, `{"error":"invalid_client","error_description":"client_assertion_type must be urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}`},
	"assertion without type":    {"/oauth2/token", "", grant + "&client_assertion=signed", "", 401, `{"error":"invalid_client","error_description":"client_assertion_type must be urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}`},

	"nobody":                    {"/oauth2/token", "", grant, "", 401, who},
	"an id alone":               {"/oauth2/token", "", grant + "&client_id=app", "", 401, who},
	"a secret alone":            {"/oauth2/token", "", grant + "&client_secret=" + good, "", 400, bad("the parameter client_id is missing")},
	"a wrong secret":            {"/oauth2/token", basic("app:wrong"), grant, "oauth2/token: app wrong" + `  [] for [] in "" for 0s`, 401, unknown},
	"an unknown client":         {"/oauth2/token", "", grant + "&client_id=none&client_secret=" + good, "oauth2/token: none " + good + `  [] for [] in "" for 0s`, 401, unknown},
	"Basic and form":            {"/oauth2/token", basic("app:" + good), grant + byForm, "", 400, twoWays},
	"Basic and assertion":       {"/oauth2/token", basic("app:" + good), grant + "&client_assertion=signed&" + jwtBearer, "", 400, twoWays},
	"form and assertion":        {"/oauth2/token", "", grant + byForm + "&client_assertion=signed&" + jwtBearer, "", 400, twoWays},
	"Bearer and form":           {"/oauth2/token", "Bearer x", grant + byForm, "", 400, twoWays},
	"Basic and another id":      {"/oauth2/token", basic("app:" + good), grant + "&client_id=other", "", 400, bad("the header and the form name two clients")},
	"Bearer":                    {"/oauth2/token", "Bearer x", grant, "", 401, noBasic},
	"Basic, no base64":          {"/oauth2/token", "Basic app:" + good, grant, "", 401, noBasic},
	"Basic, no colon":           {"/oauth2/token", "Basic YXBw", grant, "", 401, noBasic},
	"Basic, no secret":          {"/oauth2/token", basic("app:"), grant, "", 401, noBasic},
	"Basic, no id":              {"/oauth2/token", basic(":" + good), grant, "", 401, noBasic},
	"Basic, not UTF-8":          {"/oauth2/token", basic("app:\xff"), grant, "", 401, noBasic},
	"Basic alone":               {"/oauth2/token", "Basic", grant, "", 401, noBasic},
	"no grant":                  {"/oauth2/token", basic("app:" + good), "", "", 400, bad("the parameter grant_type is missing")},
	"another grant":             {"/oauth2/token", basic("app:" + good), "grant_type=password&username=u&password=p", "", 400, `{"error":"unsupported_grant_type","error_description":"grant_type must be client_credentials"}`},
	"a grant twice":             {"/oauth2/token", "", grant + byForm + "&" + grant, "", 400, bad("the parameter grant_type is there more than once")},
	"a secret twice":            {"/oauth2/token", "", grant + byForm + "&client_secret=", "", 400, bad("the parameter client_secret is there more than once")},
	"two resources":             {"/oauth2/token", "", grant + byForm + "&resource=a&resource=b", "", 400, `{"error":"invalid_target","error_description":"a token is for one resource"}`},
	"another's resource":        {"/oauth2/token", "", grant + byForm + "&resource=https://elsewhere.example", "", 400, `{"error":"invalid_target","error_description":"resource must be this portal's address, or urn:uuid: and the logical id of an organisation"}`},
	"a resource without id":     {"/oauth2/token", "", grant + byForm + "&resource=urn:uuid:", "", 400, `{"error":"invalid_target","error_description":"resource must be this portal's address, or urn:uuid: and the logical id of an organisation"}`},
	"orgId and resource":        {"/oauth2/token", "", grant + byForm + "&orgId=o&resource=urn:uuid:o", "", 400, bad("orgId and resource name the organisation twice")},
	"a scope that is none":      {"/oauth2/token", "", grant + byForm + "&scope=a++b", "", 400, badScope},
	"a scope with a quote":      {"/oauth2/token", "", grant + byForm + `&scope=a"`, "", 400, badScope},
	"a scope with a letter é":   {"/oauth2/token", "", grant + byForm + "&scope=%C3%A9", "", 400, badScope},
	"a scope it has not":        {"/oauth2/token", "", grant + byForm + "&scope=UNHELD", "oauth2/token: app " + good + `  [] for [UNHELD] in "" for 0s`, 400, `{"error":"invalid_scope","error_description":"the scope 'UNHELD' is not the client's"}`},
	"an unknown word":           {"/oauth2/token", "", grant + byForm + "&scope=ODD", "oauth2/token: app " + good + `  [] for [ODD] in "" for 0s`, 400, `{"error":"invalid_request","error_description":"the scope 'ODD' is not the client's"}`},
	"JSON":                      {"/oauth2/token", "", ` {"grant_type":"client_credentials"}`, "", 400, bad("the body must be a form (application/x-www-form-urlencoded), not JSON")},
	"no form":                   {"/oauth2/token", "", "grant_type=%zz", "", 400, notForm},
	"semicolons":                {"/oauth2/token", "", "grant_type=client_credentials;client_id=app", "", 400, notForm},
	"not UTF-8":                 {"/oauth2/token", "", grant + "&client_id=%ff&client_secret=x", "", 400, bad("the parameter client_id is not UTF-8")},
	"a secret in the address":   {"/oauth2/token?client_secret=" + good, "", grant + "&client_id=app", "", 400, bad("the parameter client_secret must be in the body, not in the address")},
	"the grant in the address":  {"/oauth2/token?" + grant, "", byForm, "", 400, bad("the parameter grant_type must be in the body, not in the address")},
	"too many failures":         {"/oauth2/token", basic("busy:x"), grant, "oauth2/token: busy x" + `  [] for [] in "" for 0s`, 429, `{"error":"slow_down","error_description":"too many failures"}`},
	"a store that may not say":  {"/oauth2/token", basic("down:x"), grant, "oauth2/token: down x" + `  [] for [] in "" for 0s`, 503, `{"error":"temporarily_unavailable","error_description":"unavailable"}`},
	"our fault":                 {"/oauth2/token", basic("broken:x"), grant, "oauth2/token: broken x" + `  [] for [] in "" for 0s`, 500, `{"error":"server_error","error_description":"internal error"}`},
	"a panic":                   {"/oauth2/token", basic("panics:x"), grant, "oauth2/token: panics x" + `  [] for [] in "" for 0s`, 500, `{"error":"server_error","error_description":"internal error"}`},
	"a client that may not":     {"/oauth2/token", basic("barred:x"), grant, "oauth2/token: barred x" + `  [] for [] in "" for 0s`, 400, `{"error":"unauthorized_client","error_description":"not for you"}`},
	"revoke":                    {"/oauth2/revoke", basic("app:" + good), "token=t&token_type_hint=refresh_token", "oauth2/revoke: app " + good + " [] t", 200, ""},
	"revoke nothing":            {"/oauth2/revoke", basic("app:" + good), "", "", 400, bad("the parameter token is missing")},
	"revoke a person's":         {"/oauth2/revoke", "", "token=t&client_id=portico", "oauth2/revoke: portico  [] t", 401, unknown},
	"revoke another kind":       {"/oauth2/revoke", basic("app:" + good), "token=another-kind", "oauth2/revoke: app " + good + " [] another-kind", 400, `{"error":"unsupported_token_type","error_description":"not here"}`},
	"revoke as nobody":          {"/oauth2/revoke", "", "token=t", "", 401, who},
	"revoke as a stranger":      {"/oauth2/revoke", basic("none:x"), "token=t", "oauth2/revoke: none x [] t", 401, unknown},
	"introspect":                {"/oauth2/introspect", "", "token=" + access + byForm, "oauth2/introspect: app " + good + " [] " + access, 200, `{"active":true,"scope":"READ:EDGE READ:USER","client_id":"app","username":"Billing","token_type":"Bearer","exp":1700001800,"iat":1700000000,"sub":"app:7","aud":"portal","iss":"https://portal.example","jti":"jti-1","ptype":"APP","org":"org-1"}`},
	"introspect what is dead":   {"/oauth2/introspect", "", "token=dead" + byForm, "oauth2/introspect: app " + good + " [] dead", 200, `{"active":false}`},
	"introspect nothing":        {"/oauth2/introspect", basic("app:" + good), "", "", 400, bad("the parameter token is missing")},
	"introspect as nobody":      {"/oauth2/introspect", "", "token=" + access, "", 401, who},
	"introspect as a stranger":  {"/oauth2/introspect", basic("app:x"), "token=" + access, "oauth2/introspect: app x [] " + access, 401, unknown},
	"a token in the address":    {"/oauth2/introspect?token=" + access, basic("app:" + good), "token=" + access, "", 400, bad("the parameter token must be in the body, not in the address")},
	"CSP app":                   {"/csp/gateway/am/api/auth/authorize", basic("app:" + good), grant + "&orgId=org-1", "csp/gateway/am/api/auth/authorize: app " + good + `  [] for [] in "org-1" for 0s`, 200, csp},
	"CSP app, wrong secret":     {"/csp/gateway/am/api/auth/authorize", basic("app:x"), grant, "csp/gateway/am/api/auth/authorize: app x" + `  [] for [] in "" for 0s`, 401, `{"error":"invalid_client","error_description":"the client is unknown or its credential is wrong","message":"the client is unknown or its credential is wrong","statusCode":401,"requestId":"ID"}`},
	"CSP token":                 {"/csp/gateway/am/api/auth/api-tokens/authorize", "", "api_token=api.token.text", "csp/gateway/am/api/auth/api-tokens/authorize: api.token.text", 200, exchanged},
	"CSP token, old name":       {"/csp/gateway/am/api/auth/api-tokens/authorize", "", "refresh_token=api.token.text", "csp/gateway/am/api/auth/api-tokens/authorize: api.token.text", 200, exchanged},
	"CSP token, both names":     {"/csp/gateway/am/api/auth/api-tokens/authorize", "", "api_token=a&refresh_token=a", "", 400, cspBad("invalid_request", "api_token and refresh_token are one thing")},
	"CSP token, none":           {"/csp/gateway/am/api/auth/api-tokens/authorize", "", "", "", 400, cspBad("invalid_request", "the parameter api_token is missing")},
	"CSP token, in the address": {"/csp/gateway/am/api/auth/api-tokens/authorize?refresh_token=api.token.text", "", "", "", 400, cspBad("invalid_request", "the parameter refresh_token must be in the body, not in the address")},
	"CSP token, dead":           {"/csp/gateway/am/api/auth/api-tokens/authorize", "", "api_token=dead", "csp/gateway/am/api/auth/api-tokens/authorize: dead", 400, cspBad("invalid_grant", "revoked token")},
	"CSP token, told from deep": {"/csp/gateway/am/api/auth/api-tokens/authorize", "", "api_token=wrapped", "csp/gateway/am/api/auth/api-tokens/authorize: wrapped", 400, cspBad("invalid_grant", "expired token")},
}

func cspBad(word, text string) string {
	return `{"error":"` + word + `","error_description":"` + text + `","message":"` + text + `","statusCode":400,"requestId":"ID"}`
}

func TestRequests(t *testing.T) {
	h := newHouse(t)
	for name, c := range requests {
		var headers []string
		if c.header != "" {
			headers = []string{"Authorization", c.header}
		}
		w := h.post(c.path, c.body, headers...)
		head := w.Header()
		answer := strings.ReplaceAll(w.Body.String(), head.Get("X-Request-Id"), "ID")
		if got := h.was(); got != c.asked {
			t.Errorf("%s: the authority is asked\n %s, want\n %s", name, got, c.asked)
		}
		if w.Code != c.status || answer != c.answer {
			t.Errorf("%s:\n %d %s, want\n %d %s", name, w.Code, answer, c.status, c.answer)
		}
		for header, want := range map[string]string{
			"Cache-Control": "no-store", "Pragma": "no-cache", "Content-Length": strconv.Itoa(w.Body.Len()),
			"WWW-Authenticate": map[bool]string{true: `Basic realm="portico", charset="UTF-8"`}[c.status == 401 && c.header != ""],
			"Retry-After":      map[int]string{429: "5", 503: "5"}[c.status],
			"Content-Type":     map[bool]string{true: "application/json"}[answer != ""],
		} {
			if got := head.Get(header); got != want {
				t.Errorf("%s: %s is %q, want %q", name, header, got, want)
			}
		}
		if head.Get("X-Request-Id") == "" {
			t.Errorf("%s: no X-Request-Id", name)
		}
	}
	for _, s := range []string{good, access, "api.token.text", "signed", "hunter2", "Basic "} {
		for line := range strings.Lines(h.log.String()) {
			if strings.Contains(line, s) && !strings.Contains(line, `"error":"`+insider) {
				t.Errorf("%q is in the log: %s", s, line)
			}
		}
	}
}

// The body is read as a form whatever it is labelled as.
func TestContentTypeDecidesNothing(t *testing.T) {
	h := newHouse(t)
	for _, typ := range []string{"", "application/json", "text/plain", "multipart/form-data", "nonsense;;"} {
		r := httptest.NewRequest("POST", issuer+"/oauth2/token", strings.NewReader(grant+byForm))
		if typ != "" {
			r.Header.Set("Content-Type", typ)
		}
		if w := h.send(r); w.Code != 200 || w.Body.String() != issued {
			t.Errorf("%q: %d %s", typ, w.Code, w.Body)
		}
	}
}

// What the server refuses for the endpoints has their form.
func TestRefusedBeforeTheForm(t *testing.T) {
	for name, c := range map[string]struct {
		verb, body string
		headers    []string
		status     int
		text       string
	}{
		"GET":        {"GET", "", nil, 405, "this path does not take this HTTP method"},
		"PUT":        {"PUT", grant + byForm, nil, 405, "this path does not take this HTTP method"},
		"too large":  {"POST", grant + byForm + "&x=" + strings.Repeat("x", 64<<10), nil, 413, "the body is too large"},
		"cross-site": {"POST", grant + byForm, []string{"Sec-Fetch-Site", "cross-site"}, 403, "cross-site requests are refused"},
		"an origin":  {"POST", grant + byForm, []string{"Origin", "https://evil.example"}, 403, "cross-site requests are refused"},
		"twice":      {"POST", grant, []string{"Authorization", basic("app:" + good), "Authorization", basic("app:" + good)}, 400, "more than one Authorization header"},
	} {
		for _, path := range []string{"/oauth2/token", "/oauth2/revoke", "/oauth2/introspect"} {
			h := newHouse(t)
			r := httptest.NewRequest(c.verb, issuer+path, strings.NewReader(c.body))
			for i := 0; i < len(c.headers); i += 2 {
				r.Header.Add(c.headers[i], c.headers[i+1])
			}
			w := h.send(r)
			if w.Code != c.status || w.Body.String() != bad(c.text) || h.was() != "" || w.Header().Get("Pragma") != "no-cache" {
				t.Errorf("%s %s: %d %s", name, path, w.Code, w.Body)
			}
			if allow := w.Header().Get("Allow"); (allow == "POST") != (c.status == 405) {
				t.Errorf("%s %s: Allow %q", name, path, allow)
			}
		}
	}
}

// Without TLS nothing is looked at, unless the request never left the machine.
func TestWithoutTLS(t *testing.T) {
	h := newHouse(t)
	for path := range map[string]bool{"/oauth2/token": true, "/oauth2/revoke": true, "/oauth2/introspect": true,
		"/csp/gateway/am/api/auth/authorize": true, "/csp/gateway/am/api/auth/api-tokens/authorize": true} {
		r := httptest.NewRequest("POST", "http://portal.example"+path, strings.NewReader(grant+byForm+"&token=t&api_token=api.token.text"))
		w := h.send(r)
		if w.Code != 400 || !strings.HasPrefix(w.Body.String(), `{"error":"invalid_request","error_description":"TLS is required`) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
		if got := h.was(); !strings.HasPrefix(got, "refused "+path[1:]+" from 192.0.2.1: TLS is required") {
			t.Errorf("%s: %q", path, got)
		}
	}
	r := httptest.NewRequest("POST", "http://portal.example/oauth2/token", strings.NewReader(grant+byForm))
	r.RemoteAddr = "[::1]:4711"
	if w := h.send(r); w.Code != 200 || h.was() != asked {
		t.Errorf("on loopback: %d %s", w.Code, w.Body)
	}
}
