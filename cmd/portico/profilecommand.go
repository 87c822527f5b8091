package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/portico-vco/portico/cmd/portico/cli"
)

// A shownProfile is what is shown of one: never its token.
type shownProfile struct {
	Name     string   `json:"name"`
	InUse    bool     `json:"inUse"`
	URL      string   `json:"url"`
	Username string   `json:"username"`
	TokenID  int64    `json:"tokenId"`
	Expires  string   `json:"expires"`
	Trusts   []string `json:"trusts,omitempty"` // the fingerprints of certificates, by SHA-256
}

var profileColumns = []string{"name", "inUse", "url", "username", "tokenId", "expires"}

func (all *profiles) shown(name string) (json.RawMessage, error) {
	in, err := all.named(name)
	if err != nil {
		return nil, err
	}
	return json.Marshal(shownProfile{name, name == all.Current, in.URL, in.Username, in.TokenID, in.Expires.UTC().Format(cli.WireTime), fingerprints(in.CA)})
}

func fingerprints(certificates string) (all []string) {
	for block, rest := pem.Decode([]byte(certificates)); block != nil; block, rest = pem.Decode(rest) {
		all = append(all, fmt.Sprintf("%x", sha256.Sum256(block.Bytes)))
	}
	return all
}

func (p *program) profile() *cobra.Command {
	group := p.group("profile", "portals that you are logged in at")
	group.AddCommand(
		p.profileCommand("list [flags]", "list the profiles, but not their tokens", 0, func(o cli.Output, all *profiles, _ string) error {
			var list []json.RawMessage
			for _, name := range slices.Sorted(maps.Keys(all.All)) {
				row, err := all.shown(name)
				if err != nil {
					return err
				}
				list = append(list, row)
			}
			return o.List(list, profileColumns)
		}),
		p.profileCommand("show [flags] [NAME]", "show a profile, but not its token", 1, func(o cli.Output, all *profiles, name string) error {
			row, err := all.shown(name)
			if err != nil {
				return err
			}
			return o.One(row, append(profileColumns, "trusts"))
		}),
		p.profileChange("use NAME", "use a profile where no other is named", func(name string) error {
			return p.changeProfiles(func(all *profiles) error {
				_, err := all.named(name)
				all.Current = name
				return err
			})
		}),
		p.profileChange("remove NAME", "remove a profile; its API token stays, unlike with portico logout", p.removeProfile),
	)
	return group
}

func (p *program) removeProfile(name string) error {
	return p.changeProfiles(func(all *profiles) error {
		if _, err := all.named(name); err != nil {
			return err
		}
		delete(all.All, name)
		if all.Current == name {
			all.Current = ""
		}
		return nil
	})
}

// profileCommand shows profiles. It may be told a name, which is else that of the profile in use.
func (p *program) profileCommand(use, short string, words int, show func(cli.Output, *profiles, string) error) *cobra.Command {
	var o outputFlags
	c := p.command(about{use: use, short: short, text: sentence(short)}, func(_ context.Context, args []string) error {
		if len(args) > words {
			return wrong("%q is too much", args[words])
		}
		all, err := p.readProfiles()
		if err != nil {
			return err
		}
		out, err := o.output(p)
		if err != nil {
			return err
		}
		name := all.Current
		if len(args) > 0 {
			name = args[0]
		}
		return show(out, all, name)
	})
	o.formFlag(c.Flags())
	if words > 0 {
		c.ValidArgsFunction = p.completeProfile
	}
	p.completions(c)
	return c
}

func (p *program) profileChange(use, short string, change func(name string) error) *cobra.Command {
	c := p.command(about{use: use, short: short, text: sentence(short)}, func(_ context.Context, words []string) error {
		if len(words) != 1 {
			return wrong("give the name of one profile")
		}
		return change(words[0])
	})
	c.ValidArgsFunction = p.completeProfile
	return c
}

// completeProfile and completions are what a shell offers: what the program knows without a call.
func (p *program) completeProfile(_ *cobra.Command, words []string, _ string) ([]string, cobra.ShellCompDirective) {
	all, err := p.readProfiles()
	if err != nil || len(words) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return slices.Sorted(maps.Keys(all.All)), cobra.ShellCompDirectiveNoFileComp
}

func (p *program) completions(c *cobra.Command) {
	if c.ValidArgsFunction == nil {
		c.ValidArgsFunction = cobra.NoFileCompletions
	}
	offer := map[string]cobra.CompletionFunc{
		"output": cobra.FixedCompletions(cli.Forms, cobra.ShellCompDirectiveNoFileComp),
		"profile": func(c *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
			return p.completeProfile(c, nil, begun)
		},
	}
	for name, f := range offer {
		if c.Flags().Lookup(name) != nil {
			if err := c.RegisterFlagCompletionFunc(name, f); err != nil {
				panic(err) // twice, which is a mistake of this file
			}
		}
	}
}
