package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/portico-vco/portico/cmd/portico/cli"
)

const tailText = `Shows events as they happen, until ^C. A portal that ends or cannot be reached meanwhile is asked again until it answers; no event is
left out. With -o json each event is a line.

  portico event tail --filter severity=ERROR,CRITICAL --filter user=admin@acme.example
`

// tail is the one command that does not end by itself.
func (p *program) tail() *cobra.Command {
	var o order
	var since, every lifetime
	var rules []string
	t := cli.Tail{}
	every = lifetime(2 * time.Second)
	c := p.command(about{use: "tail [flags]", short: "show events as they happen", text: tailText, more: clientMore},
		func(ctx context.Context, words []string) error {
			if len(words) > 0 {
				return wrong("%q is too much", words[0])
			}
			var err error
			if t.Method, t.Params, err = o.method(cli.Events); err != nil {
				return err
			}
			if err := filter(t.Params, rules); err != nil {
				return err
			}
			if since > 0 {
				t.Since = p.now().Add(-time.Duration(since))
			}
			t.Every = max(time.Duration(every), 100*time.Millisecond)
			return p.follows(ctx, &o, t)
		})
	f := c.Flags()
	f.IntVarP(&t.Lines, "lines", "n", 10, "`N` events of before are shown first")
	f.Var(&since, "since", "`TIME` before now, such as 1h, since when all are shown first, instead")
	f.Var(&every, "every", "`TIME` between two questions to the portal")
	f.StringArrayVar(&rules, "filter", nil, "`RULE` that events must fit: FIELD=VALUE,..., FIELD!=VALUE,... or FIELD~PART; repeatable")
	o.tenantFlags(f, cli.Events)
	mine(f)
	o.callFlags(f)
	o.out.formFlag(f)
	p.completions(c)
	return c
}

func filter(params cli.Params, rules []string) error {
	var list []cli.Rule
	for _, text := range rules {
		rule, err := cli.ParseRule(text)
		if err != nil {
			return wrong("--filter: %w", err)
		}
		list = append(list, rule)
	}
	if list != nil {
		params.Set("filter.rules", list)
	}
	return nil
}

func (p *program) follows(ctx context.Context, o *order, t cli.Tail) error {
	to, err := o.settle(p)
	if err != nil {
		return err
	}
	defer to.Close()
	r, err := o.out.run(p, false)
	if err != nil {
		return err
	}
	r.Portal = to
	return t.Follow(ctx, r)
}
