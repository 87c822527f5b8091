// Command portico owns what makes the floors below a running program: flags, files, signals, wiring. It must not know a
// rule of the portal or a form of the wire.
//
//	serve                 the portal itself
//	keys                  which keys there are; new ones that sign tokens, or seal credentials
//	check                 whether what a portal keeps is as it wrote it
//	backup                a copy of the store, while the portal runs or not
//	restore               a portal's store from such a copy
//	copy                  a portal's store moved into an etcd cluster, or back
//	login, logout         a portal that is called from afar, and as whom: a profile
//	profile               which there are, which is in use
//	token, user, ...      what is at a portal: a row each in package cli
//	event tail            what happens there
//	call                  one call of any method, for people and scripts
//	export                what a portal has, for serve --seed
//	version, help, completion
//
// Each sub-command is a file, and config.go is the manual of serve's settings. What lies on the disk is told in folder.go. No other
// package knows cobra, which reads the command line.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/cmd/portico/cli"
)

// The exit statuses. Help says them too.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitUnreachable = 3 // no answer of a portal, or none that makes sense
	exitSignedOut   = 4 // the portal answered that nobody is signed in
)

func main() { os.Exit(start(os.Args[1:], time.Now, secret.Cost{})) }

// start runs the program as a process. A second signal does not cut the orderly end short: whoever signals a process
// group often signals twice, and the end is bounded anyway.
func start(args []string, now func() time.Time, cost secret.Cost) int {
	zerolog.TimeFieldFormat = "2006-01-02T15:04:05.000Z07:00"
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	p := &program{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv, configDir: os.UserConfigDir, now: now, tellEvery: tellEvery, passwordCost: cost}
	return p.main(ctx, args)
}

// A program is what a run of portico gets from outside.
type program struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	configDir      func() (string, error) // where the settings of whoever runs it are
	now            func() time.Time
	zone           *time.Location // of the times in tables; nil is the machine's
	tellEvery      time.Duration  // is between two words on how far something is

	passwordCost secret.Cost // of tests, which would be slow otherwise; never from a flag
}

// main runs a command line and answers the exit status.
func (p *program) main(ctx context.Context, args []string) int {
	err := p.run(ctx, args)
	if err == nil {
		return exitOK
	}
	fmt.Fprintln(p.stderr, err)
	return statusOf(err)
}

func statusOf(err error) int {
	var own *statusError
	var refused *cli.Error
	var none *cli.UnreachableError
	switch {
	case errors.As(err, &own):
		return own.status
	case errors.As(err, &refused) && refused.Kind() == auth.Unauthenticated:
		return exitSignedOut
	case errors.As(err, &none):
		return exitUnreachable
	}
	return exitFailed
}

// A statusError ends the process with a status of its own.
type statusError struct {
	status int
	err    error
}

func (e *statusError) Error() string { return e.err.Error() }
func (e *statusError) Unwrap() error { return e.err }

// run reads the command line and does what it says.
func (p *program) run(ctx context.Context, args []string) error {
	root := p.root()
	root.SetArgs(twoDashes(root, args))
	return root.ExecuteContext(ctx)
}

// The help has the commands in the order in which people meet them.
func init() { cobra.EnableCommandSorting = false }

// root is the program with all its commands.
func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use: "portico", Args: cobra.ArbitraryArgs, SilenceErrors: true, SilenceUsage: true,
		FParseErrWhitelist: cobra.FParseErrWhitelist{UnknownFlags: true}, // the command is what is missing
	}
	version := root.Flags().Bool("version", false, "print the version")
	root.RunE = func(_ *cobra.Command, words []string) error {
		switch {
		case *version:
			return p.printVersion()
		case len(words) > 0:
			return p.unknown(root, words[0])
		}
		p.printOverview(p.stderr, root)
		return &statusError{exitUsage, errors.New("portico: which command?")}
	}
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	root.SetHelpFunc(p.printHelp)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return blame(c, &usageError{err}) })
	root.AddGroup(&cobra.Group{ID: onMachine}, &cobra.Group{ID: anywhere})
	add := func(group string, all ...*cobra.Command) {
		for _, c := range all {
			c.GroupID = group
		}
		root.AddCommand(all...)
	}
	add(onMachine, p.serve(), p.keys(), p.check(), p.backup(), p.restore(), p.copy())
	add(anywhere, p.login(), p.logout(), p.profile())
	add(anywhere, p.clients()...)
	add(anywhere, p.call(), p.export())
	root.AddCommand(p.docs(), p.version(), exitStatus())
	root.SetHelpCommand(p.help(root))
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() == "completion" {
			c.Short = "print what has a shell complete command lines: bash, zsh, fish or powershell"
		}
	}
	return root
}

// The groups of commands in the help.
const (
	onMachine = "on the machine of a portal"
	anywhere  = "from anywhere"
)

// unknown refuses a word that is no command, and says which one may be meant.
func (p *program) unknown(c *cobra.Command, word string) error {
	meant := ""
	c.SuggestionsMinimumDistance = 2 // letters, as cobra has it elsewhere
	if like := c.SuggestionsFor(word); len(like) > 0 {
		meant = " (is it " + strings.Join(like, " or ") + "?)"
	}
	return blame(c, wrong("there is no command %q%s", word, meant))
}
