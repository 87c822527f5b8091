// Command portico owns what makes the floors below a running program: flags, files, signals, wiring. It must not know a
// rule of the portal or a form of the wire.
//
//	serve                 the portal itself
//	keys                  which keys there are; new ones that sign tokens, or seal credentials
//	check                 whether what a portal keeps is as it wrote it
//	backup                a copy of the store, while the portal runs or not
//	restore               a portal's store from such a copy
//	copy                  a portal's store moved into an etcd cluster, or back
//	call                  one call of any method, for people and scripts
//	version, help
//
// Each sub-command is a file, and config.go is the manual of serve's settings. What lies on the disk is told in folder.go.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"github.com/portico-vco/portico/auth/secret"
)

// The exit statuses. Help says them too.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitUnreachable = 3 // call alone: no answer, or none that makes sense
)

func main() { os.Exit(start(os.Args[1:], time.Now, secret.Cost{})) }

// start runs the program as a process. A second signal does not cut the orderly end short: whoever signals a process
// group often signals twice, and the end is bounded anyway.
func start(args []string, now func() time.Time, cost secret.Cost) int {
	zerolog.TimeFieldFormat = "2006-01-02T15:04:05.000Z07:00"
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	p := &program{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv, now: now, tellEvery: tellEvery, passwordCost: cost}
	return p.main(ctx, args)
}

// A program is what a run of portico gets from outside.
type program struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	now            func() time.Time
	tellEvery      time.Duration // is between two words on how far something is

	passwordCost secret.Cost // of tests, which would be slow otherwise; never from a flag
}

// main runs a command line and answers the exit status.
func (p *program) main(ctx context.Context, args []string) int {
	err := p.run(ctx, args)
	if err == nil || errors.Is(err, errHelp) {
		return exitOK
	}
	fmt.Fprintln(p.stderr, err)
	var s *statusError
	if errors.As(err, &s) {
		return s.status
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

// A command is what the first word of a command line means.
type command struct {
	name, about string
	run         func(p *program, ctx context.Context, args []string) error
}

// commands are all there are, in the order of the help. A function, because help looks at it too.
func commands() []command {
	return []command{
		{"serve", "run the portal; the first start makes it", (*program).serve},
		{"keys", "list or rotate the keys of a portal", (*program).keys},
		{"check", "check what a portal keeps, while it does not run", (*program).check},
		{"backup", "copy a portal's store, while it runs or not", (*program).backup},
		{"restore", "put a backup in the place of a portal's store", (*program).restore},
		{"copy", "move a portal's store into an etcd cluster, or back", (*program).copy},
		{"call", "call a method of a portal and print the result", (*program).call},
		{"version", "print the version", (*program).version},
		{"help", "print help, also of a command: portico help serve", (*program).help},
	}
}

func (p *program) run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		p.overview(p.stderr)
		return &statusError{exitUsage, errors.New("portico: which command?")}
	}
	switch args[0] {
	case "-h", "-help", "--help":
		args = []string{"help"}
	case "-version", "--version":
		args = []string{"version"}
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return c.run(p, ctx, args[1:])
		}
	}
	return &statusError{exitUsage, fmt.Errorf("portico: there is no command %q; see portico help", args[0])}
}
