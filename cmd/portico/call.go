package main

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
	"os"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/portico-vco/portico/auth/secret"
)

const callText = `Calls a method and prints its result. PARAMS is a JSON object, @FILE for one in a file, or - for one from stdin;
without it there are none. The API token comes from PORTICO_TOKEN or --token-file.

  portico call enterprise/getEnterpriseUsers '{"enterpriseId": 1}'
`

const callMore = `
PORTICO_TOKEN, the API token, has no flag, because other users of a machine can read command lines.

Exit status: 0 the result is on stdout; 1 the portal answered with an error, which is on stderr; 2 the command line is
wrong; 3 the portal could not be reached or gave no answer that makes sense.
`

// maxAnswer is more than any answer of a portal.
const maxAnswer = 256 << 20

// A caller is what one call takes.
type caller struct {
	url, tokenFile, caFile string
	insecure               bool
	timeout                time.Duration
	token                  secret.Text
	jar                    http.CookieJar // of a session, where there shall be one
}

// flags are those that say where the portal is, and how it is known.
func (c *caller) flags(f *pflag.FlagSet, url, about string) {
	f.StringVar(&c.url, "url", url, about)
	f.StringVar(&c.caFile, "cacert", "", "`FILE` of certificates in PEM to trust, such as data/tls/cert.pem")
	f.BoolVarP(&c.insecure, "insecure", "k", false, "do not verify the portal's certificate")
	f.DurationVar(&c.timeout, "timeout", time.Minute, "`DURATION` to wait for the answer, such as 10s")
}

func (p *program) call() *cobra.Command {
	var c caller
	cmd := p.command(about{"call [flags] METHOD [PARAMS]", "call a method of a portal and print the result", callText, callMore},
		func(ctx context.Context, words []string) error {
			if len(words) < 1 || len(words) > 2 {
				return wrong("give a method and, if it needs them, its params")
			}
			body, err := p.requestOf(words)
			if err != nil {
				return wrong("%w", err)
			}
			if err := c.prepare(p); err != nil {
				return wrong("%w", err)
			}
			answer, err := c.post(ctx, body)
			if err != nil {
				return &statusError{exitUnreachable, err}
			}
			return p.show(answer)
		})
	c.flags(cmd.Flags(), "https://127.0.0.1:8443", "`URL` of the portal")
	cmd.Flags().StringVar(&c.tokenFile, "token-file", "", "`FILE` with the API token")
	return cmd
}

// requestOf makes the body of a call from the method and the params of a command line.
func (p *program) requestOf(words []string) ([]byte, error) {
	if len(words) == 1 {
		return request(words[0], nil)
	}
	params, err := p.params(words[1])
	if err != nil {
		return nil, err
	}
	if params = bytes.TrimSpace(params); !json.Valid(params) || params[0] != '{' {
		return nil, errors.New("PARAMS is not a JSON object")
	}
	return request(words[0], params)
}

func request(method string, params json.RawMessage) ([]byte, error) {
	return json.Marshal(struct {
		Version string          `json:"jsonrpc"`
		ID      int             `json:"id"`
		Method  string          `json:"method"`
		Params  json.RawMessage `json:"params,omitempty"`
	}{"2.0", 1, method, params})
}

func (p *program) params(word string) ([]byte, error) {
	if word == "-" {
		return io.ReadAll(p.stdin)
	}
	if name, ok := strings.CutPrefix(word, "@"); ok {
		return os.ReadFile(name)
	}
	return []byte(word), nil
}

// address finds the address of the calls. A secret leaves the machine over TLS or not at all.
func (c *caller) address(secret string) error {
	u, err := url.Parse(c.url)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("--url %q is not an address such as https://portal.example", c.url)
	}
	if u.Scheme == "http" && secret != "" && !loopback(u.Hostname()) {
		return fmt.Errorf("the %s is not sent to %s without TLS; use https", secret, u.Host)
	}
	if !strings.HasSuffix(strings.TrimSuffix(u.Path, "/"), "/portal") {
		u.Path = strings.TrimSuffix(u.Path, "/") + "/portal/"
	}
	c.url = u.String()
	return nil
}

// prepare finds the address and the token.
func (c *caller) prepare(p *program) error {
	c.token = secret.Text(strings.TrimSpace(p.getenv("PORTICO_TOKEN")))
	if c.tokenFile != "" {
		data, err := os.ReadFile(c.tokenFile)
		if err != nil {
			return fmt.Errorf("--token-file: %w", err)
		}
		c.token = secret.Text(strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(string(data)), "Token ")))
		if c.token == "" {
			return fmt.Errorf("there is no token in %s", c.tokenFile)
		}
	}
	if strings.ContainsFunc(string(c.token), func(r rune) bool { return r <= ' ' || r > '~' }) {
		return errors.New("the API token has characters in it that no token has")
	}
	if c.token == "" {
		return c.address("")
	}
	return c.address("API token")
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.Unmap().IsLoopback()
}

// An answer is what the portal says.
type answer struct {
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Code    int             `json:"code"`
		Message string          `json:"message"`
		Data    json.RawMessage `json:"data"`
	} `json:"error"`
}

func (c *caller) post(ctx context.Context, body []byte) (*answer, error) {
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "portico/"+buildVersion())
	if c.token != "" {
		req.Header.Set("Authorization", "Token "+string(c.token))
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, explainTLS(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	a := new(answer)
	if err := json.Unmarshal(data, a); err != nil || a.Error == nil && a.Result == nil {
		return nil, fmt.Errorf("%s answered %s, and no JSON-RPC: is it a portal?", c.url, res.Status)
	}
	return a, nil
}

func (c *caller) client() (*http.Client, error) {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: c.insecure}
	t.DialContext = (&net.Dialer{Timeout: 10 * time.Second}).DialContext
	t.DisableKeepAlives = true
	if c.caFile != "" {
		data, err := os.ReadFile(c.caFile)
		if err != nil {
			return nil, fmt.Errorf("--cacert: %w", err)
		}
		t.TLSClientConfig.RootCAs = x509.NewCertPool()
		if !t.TLSClientConfig.RootCAs.AppendCertsFromPEM(data) {
			return nil, fmt.Errorf("--cacert: no certificate in %s", c.caFile)
		}
	}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse } // a redirect would take the token along
	return &http.Client{Transport: t, CheckRedirect: stay, Jar: c.jar}, nil
}

// explainTLS adds what to do about a certificate nobody vouches for.
func explainTLS(err error) error {
	var unknown x509.UnknownAuthorityError
	if errors.As(err, &unknown) {
		return fmt.Errorf("%w; a self-signed certificate is trusted with --cacert data/tls/cert.pem", err)
	}
	return err
}

// show prints the result, or the error.
func (p *program) show(a *answer) error {
	if err := a.err(); err != nil {
		return err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, a.Result, "", "  "); err != nil {
		return err
	}
	_, err := fmt.Fprintln(p.stdout, out.String())
	return err
}

// err is what the portal refuses with. Only its words are shown, never its control characters.
func (a *answer) err() error {
	if a.Error == nil {
		return nil
	}
	text := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, cmp.Or(a.Error.Message, "no message"))
	text = fmt.Sprintf("error %d: %s", a.Error.Code, text)
	if len(a.Error.Data) > 0 && string(a.Error.Data) != "null" {
		text += "\n" + string(a.Error.Data)
	}
	return errors.New(text)
}
