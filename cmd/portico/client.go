package main

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/portico-vco/portico/cmd/portico/cli"
)

// This file makes commands of the table of package cli: words and flags become params.

// clients are the commands that are about things at a portal.
func (p *program) clients() (all []*cobra.Command) {
	for _, g := range cli.Groups() {
		group := p.group(g.Name, g.About)
		for i := range g.Commands {
			group.AddCommand(p.client(&g.Commands[i]))
		}
		if g.Name == "token" {
			group.AddCommand(p.refresh())
		}
		all = append(all, group)
	}
	events := p.group("event", "what happened")
	events.AddCommand(p.tail())
	return append(all, events)
}

// An order is what the command line asks for besides what it is about.
type order struct {
	reached
	out                 outputFlags
	enterprise, partner string
	operator            bool
}

const clientMore = `
PORTICO_TOKEN, the API token instead of that of the profile, has no flag, because other users of a machine can read command lines.
See portico help exit-status.
`

// client is the command of a row.
func (p *program) client(row *cli.Command) *cobra.Command {
	var o order
	var values []func(cli.Params) error
	use := row.Name + " [flags]"
	for _, w := range row.Words() {
		if w.Required {
			use += " " + w.Name
		} else {
			use += " [" + w.Name + "]"
		}
	}
	var c *cobra.Command
	c = p.command(about{use: use, short: row.About, text: sentence(row.About), more: clientMore}, func(ctx context.Context, words []string) error {
		method, params, err := o.method(row.Of)
		if err != nil {
			return err
		}
		if err := setWords(params, row.Words(), words); err != nil {
			return err
		}
		for _, set := range values {
			if err := set(params); err != nil {
				return err
			}
		}
		if err := p.askSecrets(ctx, c, row, params); err != nil {
			return err
		}
		return p.invoke(ctx, row, &o, method, params)
	})
	f := c.Flags()
	for _, param := range row.Params {
		if !param.Word {
			values = append(values, p.paramFlag(f, param, o.tenant))
		}
	}
	o.tenantFlags(f, row.Of)
	o.out.flags(f, row)
	mine(f)
	o.callFlags(f)
	o.out.formFlag(f)
	p.completions(c)
	return c
}

// invoke makes the call.
func (p *program) invoke(ctx context.Context, row *cli.Command, o *order, method string, params cli.Params) (err error) {
	to, err := o.settle(p)
	if err != nil {
		return err
	}
	defer to.Close()
	r, err := o.out.run(p, row.Once != "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.out.close(err == nil)) }()
	r.Portal = to
	return row.Do(ctx, method, params, r)
}

// tenantFlags say whom it is about, as far as the methods know of it.
func (o *order) tenantFlags(f *pflag.FlagSet, of cli.Methods) {
	if of.Enterprise != "" {
		f.StringVar(&o.enterprise, "enterprise", "", "`ID` of the enterprise that it is about, or own")
	}
	if of.Partner != "" {
		f.StringVar(&o.partner, "partner", "", "`ID` of the partner that it is about, or own")
	}
	if of.Operator != "" {
		f.BoolVar(&o.operator, "operator", false, "it is about the operator")
	}
}

// method is that of whom it is about, with the param that names him.
func (o *order) method(of cli.Methods) (string, cli.Params, error) {
	params, method, n := cli.Params{}, of.Own, 0
	for _, tenant := range []struct{ given, method, flag, path string }{
		{o.enterprise, of.Enterprise, "enterprise", "enterpriseId"}, {o.partner, of.Partner, "partner", "enterpriseProxyId"},
	} {
		if tenant.given == "" {
			continue
		}
		n++
		method = tenant.method
		if tenant.given == "own" {
			continue
		}
		id, err := strconv.ParseInt(tenant.given, 10, 64)
		if err != nil {
			return "", nil, wrong("--%s %q is not a number, or own", tenant.flag, tenant.given)
		}
		params.Set(tenant.path, id)
	}
	if o.operator {
		n++
		method = of.Operator
	}
	if n > 1 {
		return "", nil, wrong("--enterprise, --partner and --operator exclude each other")
	}
	return method, params, nil
}

// tenant says whether it is said whom it is about.
func (o *order) tenant() bool { return o.operator || o.enterprise+o.partner != "" }

func setWords(params cli.Params, wanted []cli.Param, words []string) error {
	if len(words) > len(wanted) {
		return wrong("%q is too much", words[len(wanted)])
	}
	for i, w := range wanted {
		if i >= len(words) {
			if w.Required {
				return wrong("give the %s", w.Name)
			}
			return nil
		}
		if w.Kind != cli.Number {
			params.Set(w.Path, words[i])
			continue
		}
		switch id, err := strconv.ParseInt(words[i], 10, 64); {
		case err == nil:
			params.Set(w.Path, id)
		case w.Or != "":
			params.Set(w.Or, words[i])
		default:
			return wrong("%s is a number, not %q", w.Name, words[i])
		}
	}
	return nil
}

// paramFlag is the flag of a param, and what puts its value into the params.
func (p *program) paramFlag(f *pflag.FlagSet, of cli.Param, tenant func() bool) func(cli.Params) error {
	var value func() (any, error)
	plain := func(v any) { value = func() (any, error) { return v, nil } }
	switch of.Kind {
	case cli.Text:
		plain(f.String(of.Name, "", of.About))
	case cli.Number:
		plain(f.Int64(of.Name, 0, of.About))
	case cli.Numbers:
		plain(f.Int64Slice(of.Name, nil, of.About))
	case cli.Texts:
		plain(f.StringSlice(of.Name, nil, of.About))
	case cli.Flag:
		plain(f.Bool(of.Name, false, of.About))
	case cli.Lifetime, cli.Seconds:
		var v lifetime
		f.Var(&v, of.Name, of.About)
		unit := map[cli.Kind]time.Duration{cli.Lifetime: time.Millisecond, cli.Seconds: time.Second}[of.Kind]
		value = func() (any, error) { return int64(time.Duration(v) / unit), nil }
	case cli.Ago, cli.Ahead:
		var v lifetime
		f.Var(&v, of.Name, of.About)
		value = func() (any, error) {
			ahead := time.Duration(v)
			if of.Kind == cli.Ago {
				ahead = -ahead
			}
			return p.now().Add(ahead).UTC().Format("2006-01-02T15:04:05.000Z07:00"), nil
		}
	case cli.Secret:
		file := f.String(of.Name, "", of.About)
		value = func() (any, error) {
			t, err := p.secretIn(of.Name, *file)
			return string(t), err
		}
	case cli.JSON:
		file := f.String(of.Name, "", of.About)
		value = func() (any, error) {
			t, err := p.secretIn(of.Name, *file)
			if err == nil && !json.Valid([]byte(t)) {
				err = wrong("--%s: %s is not JSON", of.Name, *file)
			}
			return json.RawMessage(t), err
		}
	}
	return func(params cli.Params) error {
		switch given := f.Changed(of.Name); {
		case !given && of.Required && of.Kind != cli.Secret:
			return wrong("give --%s", of.Name)
		case !given:
			return nil
		case of.Own && tenant():
			return wrong("--%s goes with none of --enterprise, --partner and --operator", of.Name)
		}
		v, err := value()
		if err == nil {
			params.Set(of.Path, v)
		}
		return err
	}
}

// askSecrets asks at a terminal for the secrets that belong to a call and were not given. Without a terminal the portal says what is
// missing.
func (p *program) askSecrets(ctx context.Context, c *cobra.Command, row *cli.Command, params cli.Params) error {
	from := p.terminal()
	for _, param := range row.Params {
		if param.Kind != cli.Secret || !param.Required || c.Flags().Changed(param.Name) || from == nil {
			continue
		}
		text, err := p.prompt(ctx, from, "Password")
		if err != nil {
			return err
		}
		if text != "" {
			params.Set(param.Path, string(text))
		}
	}
	return nil
}
