package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const overview = `Portico is a self-hosted orchestrator portal: users, API tokens, and the Portal API that existing clients speak.

Usage: portico COMMAND [flags]

`

const overviewEnd = `
Every flag of a command is also an environment variable: --tls-cert is PORTICO_TLS_CERT. The flag wins.
Exit status: 0 done, 1 failed, 2 the command line is wrong; call has more to say, see portico help call.
`

// helpFlag is the flag that cobra gives every command.
const helpFlag = "help"

func (p *program) help(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND]", Short: "print help, also of a command: portico help serve", Args: cobra.ArbitraryArgs, DisableFlagsInUseLine: true,
		RunE: func(_ *cobra.Command, words []string) error {
			c, _, err := root.Find(words)
			if err != nil || c == root && len(words) > 0 {
				return p.unknown(root, words[0])
			}
			return c.Help()
		},
	}
}

// printHelp is what --help and help print.
func (p *program) printHelp(c *cobra.Command, _ []string) {
	if !c.HasParent() || c.Name() == helpFlag {
		p.printOverview(p.stdout, c.Root())
		return
	}
	printHelp(p.stdout, c)
}

func (p *program) printOverview(w io.Writer, root *cobra.Command) {
	fmt.Fprint(w, overview)
	printCommands(w, root)
	fmt.Fprint(w, overviewEnd)
}

func printCommands(w io.Writer, c *cobra.Command) {
	for _, sub := range c.Commands() {
		if !sub.Hidden {
			fmt.Fprintf(w, "  %-10s %s\n", sub.Name(), sub.Short)
		}
	}
}

func printHelp(w io.Writer, c *cobra.Command) {
	fmt.Fprintf(w, "Usage: %s\n\n%s\n", c.UseLine(), strings.TrimRight(c.Long, "\n"))
	if c.HasAvailableSubCommands() {
		fmt.Fprintln(w)
		printCommands(w, c)
	}
	first := true
	c.Flags().VisitAll(func(g *pflag.Flag) {
		if g.Name == helpFlag || g.Hidden {
			return
		}
		if first {
			fmt.Fprint(w, "\nFlags, each also an environment variable; the flag wins:\n")
			first = false
		}
		printFlag(w, g)
	})
	fmt.Fprint(w, c.Annotations[belowFlags])
}

func printFlag(w io.Writer, g *pflag.Flag) {
	value, about := pflag.UnquoteUsage(g)
	name := "--" + g.Name
	if g.Shorthand != "" {
		name = "-" + g.Shorthand + ", " + name
	}
	fmt.Fprintf(w, "\n  %s\n      %s\n      %s", strings.TrimSpace(name+" "+value), about, variable(g.Name))
	if d := g.DefValue; d != "" && d != "false" {
		fmt.Fprintf(w, ", default %s", d)
	}
	fmt.Fprintln(w)
}
