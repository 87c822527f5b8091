package main

import (
	"context"
	"fmt"
	"io"
)

const overview = `Portico is a self-hosted orchestrator portal: users, API tokens, and the Portal API that existing clients speak.

Usage: portico COMMAND [flags]

`

const overviewEnd = `
Every flag of a command is also an environment variable: --tls-cert is PORTICO_TLS_CERT. The flag wins.
Exit status: 0 done, 1 failed, 2 the command line is wrong; call has more to say, see portico help call.
`

func (p *program) help(ctx context.Context, args []string) error {
	if len(args) == 0 || args[0] == "help" || args[0] == "--help" || args[0] == "-h" {
		p.overview(p.stdout)
		return nil
	}
	return p.run(ctx, append(args, "--help"))
}

func (p *program) overview(w io.Writer) {
	fmt.Fprint(w, overview)
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-10s %s\n", c.name, c.about)
	}
	fmt.Fprint(w, overviewEnd)
}
