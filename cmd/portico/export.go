package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portico-vco/portico/auth/fixture"
	"github.com/portico-vco/portico/cmd/portico/cli"
)

const exportText = `Prints what a portal has in the form that portico serve --seed reads: tenants, users, clients and more, without any secret.
For a superuser of the operator. What tenants have not consented that operators read is not in it, and told on stderr.

  portico export > portal.yaml
`

func (p *program) export() *cobra.Command {
	var c reached
	var form string
	cmd := p.command(about{"export [flags]", "print what a portal has, for portico serve --seed", exportText, clientMore},
		func(ctx context.Context, words []string) error {
			write, known := map[string]func(*fixture.Fixture) ([]byte, error){
				"yaml": (*fixture.Fixture).YAML, "json": (*fixture.Fixture).JSON,
			}[form]
			switch {
			case len(words) > 0:
				return wrong("%q is too much", words[0])
			case !known:
				return wrong("--output is yaml or json, not %q", form)
			}
			to, err := c.settle(p)
			if err != nil {
				return err
			}
			defer to.Close()
			return p.exported(ctx, to.Call, write)
		})
	f := cmd.Flags()
	f.StringVarP(&form, "output", "o", "yaml", "`FORM` of what is printed: yaml or json")
	mine(f)
	c.callFlags(f)
	return cmd
}

func (p *program) exported(ctx context.Context, call func(context.Context, string, any) (json.RawMessage, error),
	write func(*fixture.Fixture) ([]byte, error)) error {
	answer, err := call(ctx, "system/exportFixture", struct{}{})
	if err != nil {
		return err
	}
	var out fixture.Exported
	if err := json.Unmarshal(answer, &out); err != nil {
		return fmt.Errorf("the portal's answer: %w", err)
	}
	for _, w := range out.Withheld {
		what := strings.Join(w.What, ", ")
		fmt.Fprintf(p.stderr, "%s (%s %d) has not consented: its %s are left out\n", cli.Printable(w.Name), strings.ToLower(w.Type), w.TenantID, what)
	}
	text, err := write(&out.Fixture)
	if err != nil {
		return err
	}
	_, err = p.stdout.Write(text)
	return err
}
