package main

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is set by the Makefile.
var version string

func (p *program) version() *cobra.Command {
	return p.command(about{
		use: "version", short: "print the version", text: "Prints the version of the program, of Go, and of the machine it was built for.",
	}, func(_ context.Context, words []string) error {
		if len(words) > 0 {
			return wrong("%q is too much", words[0])
		}
		return p.printVersion()
	})
}

func (p *program) printVersion() error {
	_, err := fmt.Fprintf(p.stdout, "portico %s %s %s/%s\n", buildVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// buildVersion is what the Makefile says, or else what go install knows.
func buildVersion() string {
	known := ""
	if b, ok := debug.ReadBuildInfo(); ok && b.Main.Version != "(devel)" {
		known = b.Main.Version
	}
	return cmp.Or(version, known, "dev")
}
