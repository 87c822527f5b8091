package main

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is set by the Makefile.
var version string

func (p *program) version(_ context.Context, args []string) error {
	f := p.flags("version", "Prints the version of the program, of Go, and of the machine it was built for.\n")
	words, err := f.parse(args)
	if err != nil {
		return err
	}
	if len(words) > 0 {
		return f.wrong("%q is too much", words[0])
	}
	_, err = fmt.Fprintf(p.stdout, "portico %s %s %s/%s\n", buildVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
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
