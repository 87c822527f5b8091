package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/term"

	"github.com/portico-vco/portico/auth/secret"
)

// terminal is the one that somebody types at, or nil.
func (p *program) terminal() *os.File {
	if f, ok := p.stdin.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return f
	}
	return nil
}

// prompt asks for a secret at a terminal, which does not show what is typed. When ctx ends first, such as by ^C, the terminal is as it
// was before; nobody waits for the read then, which ends with the program.
func (p *program) prompt(ctx context.Context, from *os.File, what string) (secret.Text, error) {
	fd := int(from.Fd())
	was, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	fmt.Fprintf(p.stderr, "%s: ", what)
	defer fmt.Fprintln(p.stderr) // the terminal does not show the end of the line either
	type answer struct {
		text []byte
		err  error
	}
	typed := make(chan answer, 1)
	go func() {
		text, err := term.ReadPassword(fd)
		typed <- answer{text, err}
	}()
	select {
	case a := <-typed:
		if a.err != nil {
			return "", fmt.Errorf("%s: %w", what, a.err)
		}
		return secret.Text(a.text), nil
	case <-ctx.Done():
		_ = term.Restore(fd, was)
		return "", errors.New("interrupted")
	}
}
