package cli

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/rpc"
)

// maxAnswer is more than any answer of a portal.
const maxAnswer = 256 << 20

// A Portal is one that is called.
type Portal struct {
	URL      string
	CA       []byte // certificates in PEM to trust; without them those of the system
	CAName   string // what CA is called in errors
	Insecure bool   // do not verify the portal's certificate
	Timeout  time.Duration
	Token    secret.Text
	Jar      http.CookieJar // of a session, where there shall be one
	Agent    string

	client *http.Client
}

// Address makes the URL that of the calls. A secret, which is called so, leaves the machine over TLS or not at all.
func (p *Portal) Address(secret string) error {
	u, err := url.Parse(p.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("--url %q is not an address such as https://portal.example", p.URL)
	}
	if u.Scheme == "http" && secret != "" && !loopback(u.Hostname()) {
		return fmt.Errorf("the %s is not sent to %s without TLS; use https", secret, u.Host)
	}
	if !strings.HasSuffix(strings.TrimSuffix(u.Path, "/"), "/portal") {
		u.Path = strings.TrimSuffix(u.Path, "/") + "/portal/"
	}
	p.URL = u.String()
	return nil
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.Unmap().IsLoopback()
}

// CheckToken refuses what is no token, before it is in a header.
func CheckToken(t secret.Text) error {
	if strings.ContainsFunc(string(t), func(r rune) bool { return r <= ' ' || r > '~' }) {
		return errors.New("the API token has characters in it that no token has")
	}
	return nil
}

// An Error is what a portal refuses with.
type Error struct {
	Code    int             `json:"code"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data"`
}

func (e *Error) Error() string {
	text := fmt.Sprintf("error %d: %s", e.Code, Printable(cmp.Or(e.Message, "no message")))
	if len(e.Data) > 0 && string(e.Data) != "null" {
		text += "\n" + Printable(string(e.Data))
	}
	return text
}

// Kind is what the error's number says.
func (e *Error) Kind() auth.Kind { return rpc.KindOf(e.Code) }

// An UnreachableError says that there was no answer, or none that makes sense.
type UnreachableError struct{ Err error }

func (e *UnreachableError) Error() string { return e.Err.Error() }
func (e *UnreachableError) Unwrap() error { return e.Err }

// Call makes a call and answers its result, an *Error, or an *UnreachableError. Params are anything that JSON has an object for; nil is
// none.
func (p *Portal) Call(ctx context.Context, method string, params any) (json.RawMessage, error) {
	body, err := request(method, params)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Result json.RawMessage `json:"result"`
		Error  *Error          `json:"error"`
	}
	status, data, err := p.post(ctx, body)
	if ctx.Err() != nil {
		return nil, errors.New("interrupted")
	}
	if err != nil {
		return nil, &UnreachableError{explain(err)}
	}
	if err := json.Unmarshal(data, &answer); err != nil || answer.Error == nil && answer.Result == nil {
		return nil, &UnreachableError{fmt.Errorf("%s answered %s, and no JSON-RPC: is it a portal?", p.URL, Printable(status))}
	}
	if answer.Error != nil {
		return nil, answer.Error
	}
	return answer.Result, nil
}

// Ask makes a call and decodes its result into out, unless that is nil. Its errors name the method.
func (p *Portal) Ask(ctx context.Context, method string, params, out any) error {
	result, err := p.Call(ctx, method, params)
	var refused *Error
	if errors.As(err, &refused) {
		return fmt.Errorf("%s: %w", method, err)
	}
	if err != nil || out == nil {
		return err
	}
	if err := json.Unmarshal(result, out); err != nil {
		return &UnreachableError{fmt.Errorf("%s: the answer is not what it should be: %w", method, err)}
	}
	return nil
}

func request(method string, params any) ([]byte, error) {
	return json.Marshal(struct {
		Version string `json:"jsonrpc"`
		ID      int    `json:"id"`
		Method  string `json:"method"`
		Params  any    `json:"params,omitempty"`
	}{"2.0", 1, method, params})
}

func (p *Portal) post(ctx context.Context, body []byte) (status string, data []byte, err error) {
	if p.client == nil {
		if p.client, err = p.newClient(); err != nil {
			return "", nil, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, p.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL, bytes.NewReader(body))
	if err != nil {
		return "", nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", p.Agent)
	if p.Token != "" {
		req.Header.Set("Authorization", "Token "+string(p.Token))
	}
	res, err := p.client.Do(req)
	if err != nil {
		return "", nil, err
	}
	defer res.Body.Close()
	data, err = io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	return res.Status, data, err
}

func (p *Portal) newClient() (*http.Client, error) {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: p.Insecure}
	t.DialContext = (&net.Dialer{Timeout: 10 * time.Second}).DialContext
	t.IdleConnTimeout = 5 * time.Second // less than any portal's
	if len(p.CA) > 0 {
		t.TLSClientConfig.RootCAs = x509.NewCertPool()
		if !t.TLSClientConfig.RootCAs.AppendCertsFromPEM(p.CA) {
			return nil, fmt.Errorf("no certificate in %s", p.CAName)
		}
	}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse } // a redirect would take the token along
	return &http.Client{Transport: t, CheckRedirect: stay, Jar: p.Jar}, nil
}

// Close lets go of the connections.
func (p *Portal) Close() {
	if p.client != nil {
		p.client.CloseIdleConnections()
	}
}

// explain adds what to do about a certificate nobody vouches for.
func explain(err error) error {
	var unknown x509.UnknownAuthorityError
	if errors.As(err, &unknown) {
		return fmt.Errorf("%w; a self-signed certificate is trusted with --cacert data/tls/cert.pem", err)
	}
	return err
}
