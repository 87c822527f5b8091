package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

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

// prompt asks for a secret at a terminal, which does not show what is typed.
func (p *program) prompt(ctx context.Context, from *os.File, what string) (secret.Text, error) {
	defer fmt.Fprintln(p.stderr) // the terminal does not show the end of the line either
	text, err := p.typed(ctx, from, what, func() ([]byte, error) { return term.ReadPassword(int(from.Fd())) })
	return secret.Text(text), err
}

// promptShown asks for what is no secret.
func (p *program) promptShown(ctx context.Context, from *os.File, what string) (string, error) {
	text, err := p.typed(ctx, from, what, func() ([]byte, error) {
		line := make([]byte, 1<<10) // a terminal gives a line at a time
		n, err := from.Read(line)
		return line[:n], err
	})
	return strings.TrimSpace(string(text)), err
}

// typed asks at a terminal. When ctx ends first, such as by ^C, the terminal is as it was before; nobody waits for the read then, which
// ends with the program.
func (p *program) typed(ctx context.Context, from *os.File, what string, read func() ([]byte, error)) ([]byte, error) {
	fd := int(from.Fd())
	was, err := term.GetState(fd)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(p.stderr, "%s: ", what)
	type answer struct {
		text []byte
		err  error
	}
	typed := make(chan answer, 1)
	go func() {
		text, err := read()
		typed <- answer{text, err}
	}()
	select {
	case a := <-typed:
		if a.err != nil {
			return nil, fmt.Errorf("%s: %w", what, a.err)
		}
		return a.text, nil
	case <-ctx.Done():
		_ = term.Restore(fd, was)
		return nil, errors.New("interrupted")
	}
}

// credentials are a user's. Who has given no password is asked for it, and for a code, if he sits at a terminal.
func (p *program) credentials(ctx context.Context, user, passwordFile string) (password, code secret.Text, err error) {
	password, code = secret.Text(p.getenv("PORTICO_PASSWORD")), secret.Text(p.getenv("PORTICO_CODE"))
	from := p.terminal()
	switch {
	case passwordFile != "" && (passwordFile != "-" || from == nil):
		password, err = p.secretIn("password-file", passwordFile)
	case from != nil && (password == "" || passwordFile == "-"):
		password, err = p.prompt(ctx, from, "Password of "+user)
		if err == nil && password != "" && code == "" {
			code, err = p.prompt(ctx, from, "Code of the second factor, or nothing if there is none")
		}
	}
	if err == nil && password == "" {
		err = wrong("give the password of %s in PORTICO_PASSWORD, by --password-file, or at a terminal", user)
	}
	return password, code, err
}

// secretIn reads a secret from the file that a flag names, or from stdin; its last line break does not count.
func (p *program) secretIn(flag, file string) (secret.Text, error) {
	from := p.stdin
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return "", wrong("--%s: %w", flag, err)
		}
		defer f.Close()
		from = f
	}
	data, err := io.ReadAll(io.LimitReader(from, maxSecret+1))
	if err == nil && len(data) > maxSecret {
		err = errTooLong
	}
	if err != nil {
		return "", fmt.Errorf("--%s: %w", flag, err)
	}
	return secret.Text(strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")), nil
}
