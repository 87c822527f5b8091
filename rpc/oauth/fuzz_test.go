package oauth_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzForm sends anything to the token endpoint. Every answer is an object with a token or an error in it.
func FuzzForm(f *testing.F) {
	for _, c := range requests {
		f.Add(c.body, "", c.header)
	}
	f.Add(grant, "client_secret=x", "Basic Og==")
	h := newHouse(f)
	f.Fuzz(func(t *testing.T, body, query, header string) {
		r := httptest.NewRequest("POST", issuer+"/oauth2/token", strings.NewReader(body))
		r.URL.RawQuery = query
		r.Header["Authorization"] = []string{header}
		w := h.send(r)
		h.was()
		h.log.Reset()
		var a struct {
			Token string `json:"access_token"`
			Error string `json:"error"`
		}
		err, ok := json.Unmarshal(w.Body.Bytes(), &a), w.Code == 200
		if err != nil || (a.Token == access) != ok || (a.Error == "") != ok {
			t.Fatalf("%q %q: %d %s", body, header, w.Code, w.Body)
		}
		if w.Code == 500 && !strings.Contains(h.last.ClientID, "broken") && !strings.Contains(h.last.ClientID, "panics") {
			t.Fatalf("%q %q: %d %s", body, header, w.Code, w.Body)
		}
		if n := w.Header().Get("Content-Length"); n != strconv.Itoa(w.Body.Len()) {
			t.Fatalf("%q: Content-Length %s", body, n)
		}
	})
}

// FuzzBasic shows that a client id and a secret arrive as they are: encoded, as RFC 6749 wants it, whatever they are made of;
// and as they are, as many clients send them, where both habits give the same bytes, which is so with all of our secrets, and
// where no encoder can have made them.
func FuzzBasic(f *testing.F) {
	f.Add("app", good)
	f.Add("a:b", "c+d %é")
	f.Add("with space", "100%")
	f.Add("é", "%41 ")
	h := newHouse(f)
	f.Fuzz(func(t *testing.T, id, text string) {
		if id == "" || text == "" || !utf8.ValidString(id) || !utf8.ValidString(text) {
			return
		}
		arrives := func(how, pair string) {
			r := httptest.NewRequest("POST", issuer+"/oauth2/token", strings.NewReader(grant))
			r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(pair)))
			h.send(r)
			h.was()
			h.log.Reset()
			if h.last.ClientID != id || string(h.last.Secret) != text {
				t.Fatalf("%s: %q %q arrive as %q %q", how, id, text, h.last.ClientID, string(h.last.Secret))
			}
		}
		arrives("encoded", url.QueryEscape(id)+":"+url.QueryEscape(text))
		if plainly(id) && plainly(text) && !strings.Contains(id, ":") {
			arrives("as it is", id+":"+text)
		}
	})
}

// plainly says whether a text sent without encoding can be told from an encoded one, or is the same.
func plainly(s string) bool {
	return !strings.ContainsAny(s, "+%") || strings.ContainsAny(s, " :/?#[]@$&,;=<>")
}
