package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
)

// errHelp says that help was asked for and has been printed.
var errHelp = errors.New("help")

// flags are the flags of one command. Each may also come from the environment.
type flags struct {
	*flag.FlagSet
	p          *program
	usage      string // the line behind "Usage: portico "
	text, more string // what help says above and below the flags
}

func (p *program) flags(usage, text string) *flags {
	f := &flags{FlagSet: flag.NewFlagSet(usage, flag.ContinueOnError), p: p, usage: usage, text: text}
	f.SetOutput(io.Discard) // errors are told once, by main
	f.Usage = func() {}
	return f
}

// parse reads flags and words in any order, takes what is missing from the environment, and answers the words.
func (f *flags) parse(args []string) (words []string, err error) {
	for {
		err := f.Parse(args)
		if errors.Is(err, flag.ErrHelp) {
			f.help(f.p.stdout)
			return nil, errHelp
		}
		if err != nil {
			return nil, f.wrong("%w", err)
		}
		left := f.Args()
		if len(left) == 0 {
			return words, f.environment()
		}
		if len(left) < len(args) && args[len(args)-len(left)-1] == "--" {
			return append(words, left...), f.environment()
		}
		words, args = append(words, left[0]), left[1:]
	}
}

// environment sets the flags that were not given.
func (f *flags) environment() error {
	given := map[string]bool{}
	f.Visit(func(g *flag.Flag) { given[g.Name] = true })
	var errs []error
	f.VisitAll(func(g *flag.Flag) {
		value := f.p.getenv(variable(g.Name))
		if given[g.Name] || value == "" || len(g.Name) == 1 {
			return
		}
		if err := f.Set(g.Name, value); err != nil {
			errs = append(errs, f.wrong("%s: %w", variable(g.Name), err))
		}
	})
	return errors.Join(errs...)
}

// variable is the environment variable of a flag.
func variable(name string) string {
	return "PORTICO_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// wrong refuses a command line.
func (f *flags) wrong(format string, args ...any) error {
	command, _, _ := strings.Cut(f.usage, " [")
	return &statusError{exitUsage, fmt.Errorf("portico %s: %w; see portico %[1]s --help", command, fmt.Errorf(format, args...))}
}

func (f *flags) help(w io.Writer) {
	fmt.Fprintf(w, "Usage: portico %s\n\n%s", f.usage, f.text)
	first := true
	f.VisitAll(func(g *flag.Flag) {
		if first {
			fmt.Fprint(w, "\nFlags, each also an environment variable; the flag wins:\n")
			first = false
		}
		value, about := flag.UnquoteUsage(g)
		name := g.Name
		if len(name) == 1 {
			name = "-" + name
		} else {
			name = "--" + name
		}
		fmt.Fprintf(w, "\n  %s\n      %s", strings.TrimSpace(name+" "+value), about)
		if len(g.Name) > 1 {
			fmt.Fprintf(w, "\n      %s", variable(g.Name))
			if d := g.DefValue; d != "" && d != "false" {
				fmt.Fprintf(w, ", default %s", d)
			}
		}
		fmt.Fprintln(w)
	})
	fmt.Fprint(w, f.more)
}
