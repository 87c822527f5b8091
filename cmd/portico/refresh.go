package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/cmd/portico/cli"
)

const refreshText = `Gives the API token that the portal is called by a new text and its whole life anew. The old text dies at once. That of a profile is
replaced in the profile; of another one the new text is printed, this one time.
`

// refreshed is the row of what is not in the table of package cli, because it is about the token of the call itself.
var refreshed = cli.Command{Does: cli.Changes, Once: "token", Done: "the new text was made and shown this one time: nobody can get it again"}

func (p *program) refresh() *cobra.Command {
	var o order
	c := p.command(about{use: "refresh [flags]", short: "give the API token in use a new text and its whole life anew", text: refreshText,
		more: clientMore},
		func(ctx context.Context, words []string) error {
			if len(words) > 0 {
				return wrong("%q is too much: the token is the one in use", words[0])
			}
			to, err := o.settle(p)
			if err != nil {
				return err
			}
			defer to.Close()
			if to.Token == "" {
				return wrong("there is no API token in use; see portico login")
			}
			params := cli.Params{"apiToken": string(to.Token)}
			switch {
			case o.name != "" && (o.out.to != "" || o.out.show):
				return wrong("the new text is kept in the profile alone")
			case o.name != "":
				return p.refreshProfile(ctx, to, o.name, params)
			}
			return p.invoke(ctx, &refreshed, &o, "apiToken/refresh", params)
		})
	f := c.Flags()
	o.out.flags(f, &refreshed)
	mine(f)
	o.callFlags(f)
	o.out.formFlag(f)
	p.completions(c)
	return c
}

// refreshProfile makes the new text while nobody else changes the profiles, for one that cannot be kept is lost.
func (p *program) refreshProfile(ctx context.Context, to *cli.Portal, name string, params cli.Params) error {
	var expires time.Time
	err := p.changeProfiles(func(all *profiles) error {
		in, err := all.named(name)
		if err != nil {
			return err
		}
		if in.Token.Text != to.Token {
			return fmt.Errorf("the profile %s was changed meanwhile; try again", name)
		}
		var made struct{ Token secret.Text }
		if err := to.Ask(ctx, "apiToken/refresh", params, &made); err != nil {
			return err
		}
		if err := cli.CheckToken(made.Token); err != nil {
			return &cli.UnreachableError{Err: err}
		}
		in.Token.Text, to.Token = made.Token, made.Token
		var token struct{ Expiration time.Time }
		if err := to.Ask(ctx, "apiToken/get", cli.Params{"id": in.TokenID}, &token); err == nil { // the new text is kept all the same
			in.Expires = token.Expiration
		}
		expires = in.Expires
		return nil
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "profile %s: API token until %s\n", cli.Printable(name), expires.In(p.local()).Format(time.DateTime))
	return err
}
