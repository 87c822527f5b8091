package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/auth/token"
	"github.com/portico-vco/portico/auth/verify"
)

// The demo is made where there are no tenants yet, in steps of which each looks whether it is done. From before the first
// step until after everything is printed there is a file, demo.unfinished; a start with --demo that finds it goes on. The
// file holds the demo password if that was generated, because users made before and after an interruption share it; it
// is empty if the password was given.

type demoTenant struct {
	kind  auth.UserType
	name  string
	owner string // of an enterprise: the partner
	users []demoUser
}

type demoUser struct {
	name string
	role int64
}

// demo is in the order of the numbers that the README and the printed curl line name.
var demo = []demoTenant{
	{auth.Enterprise, "Acme", "", []demoUser{
		{"admin@acme.example", auth.EnterpriseSuperuser},
		{"ops@acme.example", 10},
		{"support@acme.example", 11},
		{"readonly@acme.example", 12},
	}},
	{auth.MSP, "Northwind", "", []demoUser{
		{"admin@northwind.example", auth.MSPSuperuser},
		{"business@northwind.example", 8},
	}},
	{auth.Enterprise, "Globex", "Northwind", []demoUser{
		{"admin@globex.example", auth.EnterpriseSuperuser},
	}},
}

const (
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
	if err := o.accounts.MarkDemo(ctx); err != nil {
		return err
	}
	for _, t := range demo {
		in, err := o.haveTenant(ctx, t)
		if err != nil {
			return fmt.Errorf("demo: %s: %w", t.name, err)
		}
		if err := o.haveVerifier(ctx, in); err != nil {
			return fmt.Errorf("demo: %s: %w", t.name, err)
		}
		for _, u := range t.users {
			if err := o.haveUser(ctx, in, u, password.text); err != nil {
				return fmt.Errorf("demo: %s: %w", u.name, err)
			}
		}
	}
	text, err := o.haveToken(ctx, demo[0].users[0].name)
	if err != nil {
		return fmt.Errorf("demo: API token: %w", err)
	}
	if err := o.tellDemo(stdout, password, text); err != nil {
		return err
	}
	if err := writeFile(o.Data.demoMade(), nil); err != nil {
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
	u, _, err := o.accounts.FindUser(ctx, demoBy, 0, demo[0].users[0].name)
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
	list, _, err := o.accounts.Enterprises(ctx, demoBy, nil, account.PageQuery{Limit: new(1)})
	if err != nil || len(list) > 0 {
		return false, err
	}
	_, partner, err := o.accounts.Tenant(ctx, auth.MSP, 1)
	return !partner, err
}

// demoPassword is the one that the demo was begun with, or else the given one, or a new one.
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
	made := password{text: newPassword()}
	return made, writeFile(o.Data.demo(), []byte(made.text))
}

// haveVerifier has nobody asked whether the logins of a tenant are good: a demo has no directory.
func (o *instance) haveVerifier(ctx context.Context, in auth.Tenant) error {
	p, err := o.accounts.TenantProperty(ctx, in, 0, account.Verifier)
	if err != nil || p != nil {
		return err
	}
	_, err = o.accounts.SetTenantProperty(ctx, demoBy, in, account.Verifier, account.TenantPropertyUpdate{Value: `{"kind":"none"}`})
	return err
}

func (o *instance) haveTenant(ctx context.Context, t demoTenant) (in auth.Tenant, err error) {
	in = auth.Tenant{Type: t.kind, Name: t.name}
	if t.kind == auth.MSP {
		if in.ID, err = o.accounts.PartnerNamed(ctx, demoBy, t.name); err != nil || in.ID != 0 {
			return in, err
		}
		made, err := o.accounts.InsertPartner(ctx, demoBy, account.NewPartner{Name: t.name})
		if err == nil {
			in.ID = made.ID
		}
		return in, err
	}
	if t.owner != "" {
		if in.ProxyID, err = o.accounts.PartnerNamed(ctx, demoBy, t.owner); err != nil {
			return in, err
		}
	}
	if in.ID, err = o.accounts.EnterpriseNamed(ctx, demoBy, t.name); err != nil || in.ID != 0 {
		return in, err
	}
	made, err := o.accounts.InsertEnterprise(ctx, demoBy, account.NewEnterprise{Name: t.name, ProxyID: in.ProxyID})
	if err == nil {
		in.ID = made.ID
	}
	return in, err
}

func (o *instance) haveUser(ctx context.Context, in auth.Tenant, u demoUser, password secret.Text) error {
	if exists, err := o.accounts.Exists(ctx, u.name); err != nil || exists {
		return err
	}
	_, err := o.accounts.InsertUser(ctx, demoBy, in, account.NewUser{Username: u.name, Password: password, RoleID: u.role})
	return err
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
func (o *instance) tellDemo(stdout io.Writer, p password, text secret.Text) (err error) {
	line := func(format string, args ...any) {
		if err == nil {
			_, err = fmt.Fprintf(stdout, format+"\n", args...)
		}
	}
	for _, t := range demo {
		for _, u := range t.users {
			line("%s of %s, %s, %s", auth.RoleByID(u.role).Name, t.name, u.name, p.told())
		}
	}
	line("API token of %s, for %d days: %s", demo[0].users[0].name, demoTokenLife/(24*time.Hour), string(text))
	insecure := " -k"
	if o.PlainHTTP {
		insecure = ""
	}
	line(`curl%s -H "Authorization: Token %s" -X POST %s://%s/portal/ -d '{ "id": 1, "jsonrpc": "2.0", "method": "enterprise/getEnterpriseUsers", "params": { "enterpriseId": 1 }}'`,
		insecure, string(text), o.scheme(), o.local)
	return err
}
