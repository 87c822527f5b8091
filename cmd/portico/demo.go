package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/fixture"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/auth/token"
	"github.com/portico-vco/portico/auth/verify"
)

// The demo is made where there are no tenants yet, in steps of which each looks whether it is done. From before the first
// step until after everything is printed there is a file, demo.unfinished; a start with --demo that finds it goes on. The
// file holds the demo password if that was generated, because users made before and after an interruption share it; it
// is empty if the password was given.

//go:embed demo.yaml
var demoText []byte

// demo is the fixture of the built-in demo, anew. It has the numbers that the README and the printed curl line name.
func demo() *fixture.Fixture {
	f, err := fixture.Read(demoText)
	if err != nil {
		panic(err)
	}
	return f
}

const (
	demoAdmin     = "admin@acme.example"
	demoToken     = "demo"
	demoTokenLife = 90 * 24 * time.Hour
)

var demoBy = account.System("portico/demo")

// makeDemo makes the demo, or what is left of it to make.
func (o *instance) makeDemo(ctx context.Context, stdout io.Writer) error {
	wanted, err := o.wantsDemo(ctx)
	if err != nil || !wanted {
		return err
	}
	password, err := o.demoPassword()
	if err != nil {
		return err
	}
	if err := o.sameDemoPassword(ctx, password); err != nil {
		return err
	}
	f := demo()
	f.SetPasswords(password.text)
	if _, err := o.apply(ctx, f); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	text, err := o.haveToken(ctx, demoAdmin)
	if err != nil {
		return fmt.Errorf("demo: API token: %w", err)
	}
	if err := o.tellDemo(stdout, f, password, text); err != nil {
		return err
	}
	return removeFile(o.Data.demo())
}

// checkDemo refuses to serve a demo, made or half made, to others: one password opens all of it.
func (c *Config) checkDemo(ln net.Listener) error {
	if ln.Addr().(*net.TCPAddr).IP.IsLoopback() {
		return nil
	}
	for _, path := range []string{c.Data.demo(), c.Data.demoMade()} {
		if _, err := os.Stat(path); err == nil {
			return &statusError{exitUsage, fmt.Errorf("there is a demo in %s, whose users share one password: it is "+
				"refused on %s, which is not a loopback address (the demo is marked by the file %s)", c.Data, c.Listen, path)}
		}
	}
	return nil
}

// checkDemo is that of the store, which may be another portal's too, or a copy of one.
func (o *instance) checkDemo(ctx context.Context, ln net.Listener) error {
	has, err := o.accounts.HasDemo(ctx)
	if err == nil && has && !ln.Addr().(*net.TCPAddr).IP.IsLoopback() {
		err = &statusError{exitUsage, fmt.Errorf("there is a demo in the store, whose users share one password: it is refused on %s, "+
			"which is not a loopback address", o.Listen)}
	}
	return err
}

// sameDemoPassword refuses to go on with another password than that of the users who were made before.
func (o *instance) sameDemoPassword(ctx context.Context, p password) error {
	u, _, err := o.accounts.FindUser(ctx, demoBy, 0, demoAdmin)
	if err != nil || u == nil {
		return err
	}
	if is, err := o.accounts.CheckPassword(ctx, u, p.text); err != nil || is == verify.OK {
		return err
	}
	return errors.New("the demo was begun with another PORTICO_DEMO_PASSWORD and was cut off; set it to that one again to finish the demo")
}

// wantsDemo says whether there is a demo to make: one that was begun, or the first tenants of a portal.
func (o *instance) wantsDemo(ctx context.Context) (bool, error) {
	if _, err := os.Stat(o.Data.demo()); !errors.Is(err, fs.ErrNotExist) {
		return err == nil, err
	}
	if o.Seed != "" { // it has that in its place
		return false, nil
	}
	has, err := o.hasTenants(ctx)
	return !has, err
}

// hasTenants says whether there are tenants besides the operator.
func (o *instance) hasTenants(ctx context.Context) (bool, error) {
	list, _, err := o.accounts.Enterprises(ctx, demoBy, nil, account.PageQuery{Limit: new(1)})
	if err != nil || len(list) > 0 {
		return err == nil, err
	}
	partners, _, err := o.accounts.Partners(ctx, account.PageQuery{Limit: new(1)})
	return len(partners) > 0, err
}

// demoPassword is the one that the demo was begun with, or else the given one, or a new one, which a reset uses again.
func (o *instance) demoPassword() (password, error) {
	given := password{o.DemoPassword, "PORTICO_DEMO_PASSWORD"}
	kept, err := os.ReadFile(o.Data.demo())
	switch {
	case err == nil && len(kept) > 0:
		return password{text: secret.Text(kept)}, nil
	case err == nil && given.text == "":
		return password{}, fmt.Errorf("the demo was begun with PORTICO_DEMO_PASSWORD and was cut off; " +
			"set it to the same password again to finish the demo, or start without --demo")
	case err == nil:
		return given, nil
	case !errors.Is(err, fs.ErrNotExist):
		return password{}, err
	case given.text != "":
		return given, writeFile(o.Data.demo(), nil)
	}
	if o.madeUp.text == "" {
		o.madeUp.text = newPassword()
	}
	return o.madeUp, writeFile(o.Data.demo(), []byte(o.madeUp.text))
}

// haveToken creates and downloads an API token as its owner would. One that an interrupted start has left has a text
// that nobody knows, so it goes.
func (o *instance) haveToken(ctx context.Context, owner string) (secret.Text, error) {
	u, _, err := o.accounts.FindUser(ctx, demoBy, 0, owner)
	if err != nil {
		return "", err
	}
	if u == nil {
		return "", fmt.Errorf("there is no user %s", owner)
	}
	by := u.Principal(demoBy.Call, auth.NoMeans, 0, time.Time{})
	list, _, err := o.tokens.ListUser(ctx, by, u.ID, account.PageQuery{})
	if err != nil {
		return "", err
	}
	for _, t := range list {
		if t.Name == demoToken && (t.State == token.Pending || t.State == token.Enabled) {
			if _, err := o.tokens.Revoke(ctx, by, token.Where{}, t.ID); err != nil {
				return "", err
			}
		}
	}
	id, err := o.tokens.Create(ctx, by, token.NewToken{
		Name: demoToken, Description: "made and printed by the first start of the demo", LifetimeMs: demoTokenLife.Milliseconds(),
	})
	if err != nil {
		return "", err
	}
	return o.tokens.Download(ctx, by, token.Where{}, id)
}

// tellDemo prints, once, what is needed to use the demo.
func (o *instance) tellDemo(stdout io.Writer, f *fixture.Fixture, p password, text secret.Text) (err error) {
	line := func(format string, args ...any) {
		if err == nil {
			_, err = fmt.Fprintf(stdout, format+"\n", args...)
		}
	}
	for in, u := range f.People() {
		line("%s of %s, %s, %s", u.Role, in.Name, u.Username, p.told())
	}
	line("API token of %s, for %d days: %s", demoAdmin, demoTokenLife/(24*time.Hour), string(text))
	insecure := " -k"
	if o.PlainHTTP {
		insecure = ""
	}
	line(`curl%s -H "Authorization: Token %s" -X POST %s://%s/portal/ -d '{ "id": 1, "jsonrpc": "2.0", "method": "enterprise/getEnterpriseUsers", "params": { "enterpriseId": 1 }}'`,
		insecure, string(text), o.scheme(), o.local)
	return err
}
