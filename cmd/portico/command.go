package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// This file and help.go are all that is known of cobra beyond what makes a command: how each is made, how it takes settings from
// the environment, and how it refuses.

// An about is what a command says of itself: the line behind "Usage: portico ", a few words for the overview, and the texts that help
// has above and below the flags.
type about struct {
	use, short, text, more string
}

// command makes one. Every error that its run answers is told with the command's name in front.
func (p *program) command(a about, run func(ctx context.Context, words []string) error) *cobra.Command {
	c := &cobra.Command{
		Use: a.use, Short: a.short, Long: a.text, Annotations: map[string]string{belowFlags: a.more},
		Args: cobra.ArbitraryArgs, DisableFlagsInUseLine: true,
	}
	c.RunE = func(c *cobra.Command, words []string) error {
		err := p.environment(c)
		if err == nil {
			err = run(c.Context(), words)
		}
		return blame(c, err)
	}
	return c
}

// group is a command that has others.
func (p *program) group(name, about string) *cobra.Command {
	c := &cobra.Command{Use: name + " COMMAND", Short: about, Long: sentence(about),
		Args: cobra.ArbitraryArgs, DisableFlagsInUseLine: true}
	c.RunE = func(c *cobra.Command, words []string) error {
		if len(words) > 0 {
			return p.unknown(c, words[0])
		}
		return blame(c, wrong("give a command"))
	}
	return c
}

// sentence makes one of a few words.
func sentence(words string) string { return strings.ToUpper(words[:1]) + words[1:] + "." }

// belowFlags is the annotation with the text that help has there.
const belowFlags = "portico/below"

// blame adds to an error whose it is, and to one of the command line where to read on.
func blame(c *cobra.Command, err error) error {
	var u *usageError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &u):
		return &statusError{exitUsage, fmt.Errorf("%s: %w; see %[1]s --help", c.CommandPath(), err)}
	}
	return fmt.Errorf("%s: %w", c.CommandPath(), err)
}

// A usageError is what is wrong with a command line.
type usageError struct{ error }

func (e *usageError) Unwrap() error { return e.error }

func wrong(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// environment sets the flags that were not given.
func (p *program) environment(c *cobra.Command) error {
	var errs []error
	c.Flags().VisitAll(func(g *pflag.Flag) {
		value := p.getenv(variable(g.Name))
		if _, own := g.Annotations[ofCommand]; own || g.Changed || value == "" || g.Name == helpFlag {
			return
		}
		if err := g.Value.Set(value); err != nil {
			errs = append(errs, wrong("%s: %w", variable(g.Name), err))
		}
	})
	return errors.Join(errs...)
}

// mine marks the flags so far as those of the command alone: they are not taken from the environment, where their names are anybody's.
func mine(f *pflag.FlagSet) {
	f.VisitAll(func(g *pflag.Flag) { g.Annotations = map[string][]string{ofCommand: nil} })
}

const ofCommand = "portico/mine"

// variable is the environment variable of a flag.
func variable(name string) string {
	return "PORTICO_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// twoDashes writes -name as --name where the command has such a flag: Go's programs take both, and so did this one from its beginning.
func twoDashes(root *cobra.Command, args []string) []string {
	c, _, err := root.Find(args)
	if err != nil {
		return args
	}
	out := slices.Clone(args)
	for i, word := range args {
		if word == "--" {
			break
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(word, "-"), "=")
		if strings.HasPrefix(word, "-") && len(name) > 1 && (c.Flags().Lookup(name) != nil || name == helpFlag) {
			out[i] = "-" + word
		}
	}
	return out
}
