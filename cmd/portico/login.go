package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http/cookiejar"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/cmd/portico/cli"
)

const loginText = `Logs in, makes an API token, and keeps it in a profile, by which other commands then call the portal. The session ends at once.

  portico login --url https://portal.example --user me@example.com
  portico login --user me@example.com --cacert data/tls/cert.pem      at a portal of your own on this machine

The profile has the portal's address, its certificate if that was given, and the token, in a file that nobody else may read. Logging in
again replaces the token; the one before is revoked.

With limits the token may do less than you: --method, --privilege, --source, --enterprise, as in portico token create. One that
may not call apiToken/revoke, or not from here, is not ended by portico logout, but by the next login.
`

const loginMore = `
PORTICO_PASSWORD, the password, and PORTICO_CODE, a code of the second factor, have no flags, because other users of a machine can
read command lines. At a terminal you are asked for what is not given.
`

// A loginOrder is what the command line asks for.
type loginOrder struct {
	reached
	user, passwordFile, fingerprint, tokenName string
	operator                                   bool
	lifetime                                   lifetime
	limits                                     cli.Params // with those of the token
}

func (p *program) login() *cobra.Command {
	o := loginOrder{lifetime: lifetime(90 * 24 * time.Hour), limits: cli.Params{}}
	var limits []func(cli.Params) error
	c := p.command(about{"login [flags]", "log in at a portal, and keep an API token for other commands", loginText, loginMore},
		func(ctx context.Context, words []string) error {
			if len(words) > 0 {
				return wrong("%q is too much", words[0])
			}
			for _, set := range limits {
				if err := set(o.limits); err != nil {
					return err
				}
			}
			return p.logIn(ctx, &o)
		})
	f := c.Flags()
	f.StringVar(&o.user, "user", "", "`NAME` of the user; at a terminal you are asked")
	f.BoolVar(&o.operator, "operator", false, "the user is one of the operator's")
	f.StringVar(&o.fingerprint, "trust-fingerprint", "", "`SHA256` of the certificate to trust, as openssl x509 -noout -fingerprint -sha256 says it")
	f.Var(&o.lifetime, "lifetime", "`TIME` that the token lives, such as 30d or 12h, as far as the portal allows")
	f.StringVar(&o.tokenName, "token-name", "", "`NAME` of the token; without it where and when it was made")
	for _, limit := range cli.TokenLimits {
		limits = append(limits, p.paramFlag(f, limit, nil))
	}
	mine(f)
	o.flags(f, "`URL` of the portal; without it that of the profile, or "+localURL)
	f.StringVar(&o.profile, "profile", "", "`NAME` of the profile; without it the one in use, or the portal's host if that is given")
	f.StringVar(&o.passwordFile, "password-file", "", "`FILE` with the user's password, - for stdin")
	p.completions(c)
	return c
}

func (p *program) logIn(ctx context.Context, o *loginOrder) error {
	before, err := p.beforeLogin(o)
	if err != nil {
		return err
	}
	to, err := o.portal("password")
	if err != nil {
		return err
	}
	if len(to.CA) == 0 && before != nil {
		to.CA = []byte(before.CA)
	}
	if o.fingerprint != "" {
		if to.CA, err = trusted(ctx, to, o.fingerprint); err != nil {
			return err
		}
	}
	if from := p.terminal(); o.user == "" && from != nil {
		if o.user, err = p.promptShown(ctx, from, "User"); err != nil {
			return err
		}
	}
	if o.user == "" {
		return wrong("give the --user")
	}
	password, code, err := p.credentials(ctx, o.user, o.passwordFile)
	if err != nil {
		return err
	}
	made, replaced, err := p.makeProfile(ctx, to, o, password, code)
	if made == nil {
		return err
	}
	p.endToken(ctx, replaced)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "profile %s: %s at %s, API token %d until %s\n", cli.Printable(o.profile), cli.Printable(made.Username),
		made.URL, made.TokenID, made.Expires.In(p.local()).Format(time.DateTime))
	return err
}

// beforeLogin finds the name of the profile, and what it was until now.
func (p *program) beforeLogin(o *loginOrder) (*profile, error) {
	all, err := p.readProfiles()
	if err != nil {
		return nil, err
	}
	if o.profile == "" && o.url == "" {
		o.profile = all.Current
	}
	if was := all.All[o.profile]; was != nil && o.url == "" {
		o.url = was.URL
	}
	if o.profile == "" {
		u, err := url.Parse(cmp.Or(o.url, localURL))
		if err != nil || u.Host == "" {
			return nil, wrong("--url %q is not an address such as https://portal.example", o.url)
		}
		o.profile = u.Host
	}
	was := all.All[o.profile]
	if was != nil && o.url != "" && !sameHost(o.url, was.URL) {
		return nil, wrong("the profile %s is of %s; give another --profile, or remove that one first", o.profile, was.URL)
	}
	return was, nil
}

// makeProfile logs in, makes the token and keeps it. What of it cannot be kept does not stay at the portal.
func (p *program) makeProfile(ctx context.Context, to *cli.Portal, o *loginOrder, password, code secret.Text) (made, replaced *profile, err error) {
	method := "login/enterpriseLogin"
	if o.operator {
		method = "login/operatorLogin"
	}
	end, err := p.session(ctx, to, method, o.user, password, code)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, end()) }()
	limits, _ := o.limits["limits"].(cli.Params)
	made = &profile{Sources: limits["sources"] != nil, URL: strings.TrimSuffix(to.URL, "portal/"), CA: string(to.CA), Username: o.user}
	if err := p.newToken(ctx, to, o, made); err != nil {
		return nil, nil, err
	}
	err = p.changeProfiles(func(all *profiles) error {
		replaced = all.All[o.profile]
		all.All[o.profile], all.Current = made, o.profile
		return nil
	})
	if err != nil {
		return nil, nil, errors.Join(err, to.Ask(ctx, "apiToken/revoke", cli.Params{"id": made.TokenID}, nil))
	}
	if p.endBySession(ctx, to, replaced) {
		replaced = nil
	}
	return made, replaced, nil
}

func (p *program) newToken(ctx context.Context, to *cli.Portal, o *loginOrder, made *profile) error {
	var caller struct{ TokenLifetimeMs int64 }
	if err := to.Ask(ctx, "auth/getCallerInfo", nil, &caller); err != nil {
		return err
	}
	host, _ := os.Hostname()
	name := cmp.Or(o.tokenName, fmt.Sprintf("portico login at %.60s, %s", host, p.now().UTC().Format("2006-01-02 15:04:05.000")))
	var created struct{ ID int64 }
	params := cli.Params{"name": name, "lifetimeMs": min(time.Duration(o.lifetime).Milliseconds(), caller.TokenLifetimeMs)}
	maps.Copy(params, o.limits)
	if err := to.Ask(ctx, "apiToken/create", params, &created); err != nil {
		return err
	}
	var token struct{ Expiration time.Time }
	if err := to.Ask(ctx, "apiToken/get", cli.Params{"id": created.ID}, &token); err != nil {
		return err
	}
	var text struct{ Token secret.Text }
	if err := to.Ask(ctx, "apiToken/download", cli.Params{"id": created.ID}, &text); err != nil {
		return err
	}
	if err := cli.CheckToken(text.Token); err != nil {
		return &cli.UnreachableError{Err: err}
	}
	made.Token, made.TokenID, made.Expires = keptToken{text.Token}, created.ID, token.Expiration
	return nil
}

// session logs in, and answers what ends the session.
func (p *program) session(ctx context.Context, to *cli.Portal, method, user string, password, code secret.Text) (end func() error, err error) {
	if to.Jar, err = cookiejar.New(nil); err != nil {
		return nil, err
	}
	err = to.Ask(ctx, method, cli.Params{"username": user, "password": string(password), "password2": string(code)}, nil)
	if err != nil {
		return nil, err
	}
	return func() error {
		defer to.Close()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), to.Timeout)
		defer cancel()
		return to.Ask(ctx, "logout", struct{}{}, nil)
	}, nil
}

// endBySession revokes the token that is replaced by the session of who has just logged in: its limits may not let it do that itself.
// A portal that was made anew may have given its number to another one, which ends at another time.
func (p *program) endBySession(ctx context.Context, to *cli.Portal, of *profile) bool {
	if of == nil {
		return false
	}
	var is struct{ Expiration time.Time }
	if err := to.Ask(ctx, "apiToken/get", cli.Params{"id": of.TokenID}, &is); err != nil || !is.Expiration.Equal(of.Expires) {
		return false
	}
	var done struct{ Rows int }
	err := to.Ask(ctx, "apiToken/revoke", cli.Params{"id": of.TokenID}, &done)
	return err == nil && done.Rows == 1
}

// endToken revokes the token of a profile, by itself. Whether it does is told, for the profile is gone either way.
func (p *program) endToken(ctx context.Context, of *profile) {
	if of == nil {
		return
	}
	if err := p.revokeOwn(ctx, of, reached{timeout: 10 * time.Second}); err != nil {
		fmt.Fprintf(p.stderr, "the API token %d of before is not revoked: %v\n", of.TokenID, err)
	}
}

// revokeOwn revokes the token of a profile. One that is of no use any more needs no revocation.
func (p *program) revokeOwn(ctx context.Context, of *profile, c reached) error {
	c.url = of.URL
	to, err := c.portal("API token")
	if err != nil {
		return err
	}
	defer to.Close()
	to.Token, to.CA = of.Token.Text, []byte(of.CA)
	err = to.Ask(ctx, "apiToken/revoke", cli.Params{"id": of.TokenID}, nil)
	var refused *cli.Error
	if errors.As(err, &refused) && refused.Kind() == auth.Unauthenticated && (!of.Sources || !p.now().Before(of.Expires)) {
		return nil
	}
	return err
}

// trusted gets the certificate with a fingerprint from the portal.
func trusted(ctx context.Context, to *cli.Portal, fingerprint string) (certificate []byte, err error) {
	fingerprint = fingerprint[strings.LastIndexByte(fingerprint, '=')+1:] // openssl says its name first
	want, err := hex.DecodeString(strings.ReplaceAll(fingerprint, ":", ""))
	if err != nil || len(want) != sha256.Size {
		return nil, wrong("--trust-fingerprint is 32 bytes in hexadecimal, with colons or without")
	}
	u, err := url.Parse(to.URL)
	if err != nil || u.Scheme != "https" {
		return nil, wrong("--trust-fingerprint is of a portal that speaks TLS")
	}
	ctx, cancel := context.WithTimeout(ctx, to.Timeout)
	defer cancel()
	d := tls.Dialer{Config: &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true}} // nothing is said over it
	conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), "443")))
	if err != nil {
		return nil, &cli.UnreachableError{Err: err}
	}
	defer conn.Close()
	for _, c := range conn.(*tls.Conn).ConnectionState().PeerCertificates {
		if is := sha256.Sum256(c.Raw); string(is[:]) == string(want) {
			return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}), nil
		}
	}
	return nil, errors.New("no certificate that the portal shows has that fingerprint: it is another portal, or its certificate was renewed")
}

const logoutText = `Revokes the API token of a profile, and removes the profile. One whose token has ended or was revoked is removed as well.
`

func (p *program) logout() *cobra.Command {
	var c reached
	var force bool
	cmd := p.command(about{use: "logout [flags]", short: "revoke the API token of a profile, and remove the profile", text: logoutText},
		func(ctx context.Context, words []string) error {
			if len(words) > 0 {
				return wrong("%q is too much", words[0])
			}
			name, in, err := p.profileInUse(c.profile)
			if err != nil {
				return err
			}
			if in == nil {
				return wrong("there is no profile in use")
			}
			if err := p.revokeOwn(ctx, in, c); err != nil && !force {
				return fmt.Errorf("%w; with --force the profile is removed all the same", err)
			}
			if err := p.removeProfile(name); err != nil {
				return err
			}
			_, err = fmt.Fprintf(p.stdout, "profile %s is removed\n", cli.Printable(name))
			return err
		})
	f := cmd.Flags()
	f.StringVar(&c.profile, "profile", "", "`NAME` of a profile, instead of the one in use")
	f.DurationVar(&c.timeout, "timeout", time.Minute, "`DURATION` to wait for an answer, such as 10s")
	f.BoolVar(&force, "force", false, "remove the profile although the token could not be revoked")
	return cmd
}
