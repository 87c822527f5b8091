// Command tokenlife plays the life of an API token with nothing but net/http: log in with a password, create the token,
// download its text once, use it, refresh it, revoke it, and see every step refused that must be.
//
//	PORTICO_URL       the portal, such as https://127.0.0.1:8443
//	PORTICO_CACERT    a file of the certificate to trust; optional
//	PORTICO_USERNAME  an operator superuser, or any other user who may have API tokens
//	PORTICO_PASSWORD  his password
package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	c, err := newClient(os.Getenv("PORTICO_URL"), os.Getenv("PORTICO_CACERT"))
	if err != nil {
		return err
	}
	session, err := c.login(os.Getenv("PORTICO_USERNAME"), os.Getenv("PORTICO_PASSWORD"))
	if err != nil {
		return err
	}
	fmt.Println("logged in")

	// A new token is PENDING: no secret of it exists yet. Without userId it is for whoever calls.
	var token struct{ ID int64 }
	err = c.call(session, "apiToken/create", params{
		"name":       fmt.Sprintf("example %d", time.Now().UnixNano()),
		"lifetimeMs": time.Hour.Milliseconds(),
	}, &token)
	if err != nil {
		return err
	}
	fmt.Println("created:", c.state(session, token.ID))

	// The text is made by the download, is shown this once, and is kept nowhere but here.
	var text struct{ Token string }
	if err := c.call(session, "apiToken/download", params{"id": token.ID}, &text); err != nil {
		return err
	}
	fmt.Println("downloaded:", c.state(session, token.ID))
	if err := c.refused(session, "apiToken/download", params{"id": token.ID}); err != nil {
		return err
	}

	// From now on the token signs its owner's calls in.
	bearer := header{"Authorization", "Token " + text.Token}
	if err := c.call(bearer, "apiToken/list", params{}, new([]any)); err != nil {
		return err
	}
	fmt.Println("used")

	// A refresh gives the same token a new text and its whole life anew. The old text dies.
	if err := c.call(bearer, "apiToken/refresh", params{"apiToken": text.Token}, &text); err != nil {
		return err
	}
	fmt.Println("refreshed:", c.state(session, token.ID))
	if err := c.refused(bearer, "apiToken/list", params{}); err != nil {
		return err
	}

	// Revoked is for good.
	bearer = header{"Authorization", "Token " + text.Token}
	var done struct{ Rows int }
	if err := c.call(bearer, "apiToken/revoke", params{"id": token.ID}, &done); err != nil {
		return err
	}
	fmt.Println("revoked:", c.state(session, token.ID))
	if err := c.refused(bearer, "apiToken/list", params{}); err != nil {
		return err
	}
	return c.call(session, "logout", params{}, new(any))
}

// A client makes calls of a portal.
type client struct {
	url  string
	http *http.Client
}

type header struct{ name, value string }

type params map[string]any

func newClient(url, caFile string) (*client, error) {
	t := &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}}
	if caFile != "" {
		data, err := os.ReadFile(caFile)
		if err != nil {
			return nil, err
		}
		t.TLSClientConfig.RootCAs = x509.NewCertPool()
		t.TLSClientConfig.RootCAs.AppendCertsFromPEM(data)
	}
	return &client{strings.TrimSuffix(url, "/"), &http.Client{Transport: t, Timeout: 30 * time.Second}}, nil
}

// login answers the session as the header that signs calls in. Operators and everybody else have doors of their own.
func (c *client) login(username, password string) (header, error) {
	body, err := json.Marshal(params{"username": username, "password": password})
	if err != nil {
		return header{}, err
	}
	for _, door := range []string{"enterpriseLogin", "operatorLogin"} {
		// The client must not follow the redirect that answers a failure.
		direct := *c.http
		direct.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		res, err := direct.Post(c.url+"/portal/rest/login/"+door, "application/json", bytes.NewReader(body))
		if err != nil {
			return header{}, err
		}
		res.Body.Close()
		for _, k := range res.Cookies() {
			if k.Name == "velocloud.session" {
				return header{"Cookie", k.Name + "=" + k.Value}, nil
			}
		}
	}
	return header{}, errors.New("the login was refused")
}

// A refusal is an error that the portal answers.
type refusal struct {
	Code    int
	Message string
}

func (r *refusal) Error() string { return fmt.Sprintf("%s (%d)", r.Message, r.Code) }

// call makes a JSON-RPC 2.0 call and decodes its result into out.
func (c *client) call(as header, method string, in params, out any) error {
	body, err := json.Marshal(params{"jsonrpc": "2.0", "id": 1, "method": method, "params": in})
	if err != nil {
		return err
	}
	req, err := http.NewRequest(http.MethodPost, c.url+"/portal/", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set(as.name, as.value)
	res, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	var answer struct {
		Result json.RawMessage
		Error  *refusal
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return fmt.Errorf("%s: %s: %w", method, res.Status, err)
	}
	if answer.Error != nil {
		return fmt.Errorf("%s: %w", method, answer.Error)
	}
	return json.Unmarshal(answer.Result, out)
}

// refused makes a call that must be refused.
func (c *client) refused(as header, method string, in params) error {
	err := c.call(as, method, in, new(any))
	var r *refusal
	if errors.As(err, &r) {
		fmt.Println("refused, as it must be:", err)
		return nil
	}
	return fmt.Errorf("%s was not refused: %v", method, err)
}

// state is where the token is in its life.
func (c *client) state(as header, id int64) string {
	var token struct{ State string }
	if err := c.call(as, "apiToken/get", params{"id": id}, &token); err != nil {
		return err.Error()
	}
	return token.State
}
