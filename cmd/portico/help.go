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

const overviewEnd = `Every flag of a command is also an environment variable: --tls-cert is PORTICO_TLS_CERT. The flag wins. The help of a command says which
are not. See portico help COMMAND, and portico help exit-status.
`

const exitStatusText = `The exit status of every command:

  0   it is done. Also of what ends by a signal as it should: serve, and event tail.
  1   it is not done: refused by the portal, whose words and number are on stderr, or failed on this machine.
  2   the command line is wrong, and nothing was done.
  3   there was no answer of a portal, or none that makes sense; what was asked for may have been done all the same.
  4   the portal answered that nobody is signed in: by that API token not, not any more, or the password is wrong. See portico login.
`

// exitStatus is a topic of the help, which cobra knows by its doing nothing.
func exitStatus() *cobra.Command {
	return &cobra.Command{Use: "exit-status", Short: "what the exit statuses mean", Long: exitStatusText}
}

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
	for _, group := range []string{onMachine, anywhere, ""} {
		if group != "" {
			fmt.Fprintf(w, "%s\n", strings.ToUpper(group[:1])+group[1:]+":")
		}
		printCommands(w, root, group)
		fmt.Fprintln(w)
	}
	fmt.Fprint(w, overviewEnd)
}

func printCommands(w io.Writer, c *cobra.Command, group string) {
	wide := 10
	for _, sub := range c.Commands() {
		wide = max(wide, len(sub.Name()))
	}
	for _, sub := range c.Commands() {
		if sub.GroupID == group {
			fmt.Fprintf(w, "  %-*s %s\n", wide, sub.Name(), sub.Short)
		}
	}
}

func printHelp(w io.Writer, c *cobra.Command) {
	fmt.Fprintf(w, "Usage: %s\n\n%s\n", c.UseLine(), strings.TrimRight(c.Long, "\n"))
	if c.HasAvailableSubCommands() {
		fmt.Fprintln(w)
		printCommands(w, c, "")
	}
	printFlags(w, c, "Flags:", true)
	printFlags(w, c, "Flags, each also an environment variable; the flag wins:", false)
	fmt.Fprint(w, c.Annotations[belowFlags])
}

// printFlags prints the flags that are of the command alone, or the others.
func printFlags(w io.Writer, c *cobra.Command, head string, wanted bool) {
	c.Flags().VisitAll(func(g *pflag.Flag) {
		_, own := g.Annotations[ofCommand]
		if own != wanted || g.Name == helpFlag {
			return
		}
		if head != "" {
			fmt.Fprintf(w, "\n%s\n", head)
			head = ""
		}
		printFlag(w, g, own)
	})
}

func printFlag(w io.Writer, g *pflag.Flag, own bool) {
	value, about := pflag.UnquoteUsage(g)
	name := "--" + g.Name
	if g.Shorthand != "" {
		name = "-" + g.Shorthand + ", " + name
	}
	fmt.Fprintf(w, "\n  %s\n      %s", strings.TrimSpace(name+" "+value), about)
	var more []string
	if !own {
		more = append(more, variable(g.Name))
	}
	if d := g.DefValue; d != "" && d != "false" && d != "0" && d != "[]" {
		more = append(more, "default "+d)
	}
	if more != nil {
		fmt.Fprintf(w, "\n      %s", strings.Join(more, ", "))
	}
	fmt.Fprintln(w)
}
