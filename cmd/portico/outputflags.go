package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/cmd/portico/cli"
)

// outputFlags say how an answer is shown, and where its secret goes.
type outputFlags struct {
	form, to string
	columns  []string
	limit    uint32
	show     bool

	kept *os.File
}

func (o *outputFlags) formFlag(f *pflag.FlagSet) {
	f.StringVarP(&o.form, "output", "o", cli.Forms[0], "`FORM` of what is printed: "+strings.Join(cli.Forms, ", "))
}

func (o *outputFlags) flags(f *pflag.FlagSet, row *cli.Command) {
	if row.Once != "" {
		f.StringVar(&o.to, "to", "", "new `FILE` for the secret, which nobody else may read; without it stdout")
		f.BoolVar(&o.show, "show", false, "print the secret although stdout is a terminal")
		return
	}
	if row.Does == cli.Lists {
		f.Var((*number)(&o.limit), "limit", "`N` rows at most; without it all")
		f.Lookup("limit").DefValue = ""
	}
	if row.Columns != nil {
		f.StringSliceVar(&o.columns, "columns", nil, "`NAMES` of the members that tables and CSV show, instead of "+strings.Join(row.Columns, ","))
	}
}

// output is where answers go.
func (o *outputFlags) output(p *program) (cli.Output, error) {
	if !slices.Contains(cli.Forms, o.form) {
		return cli.Output{}, wrong("--output is %s, not %q", strings.Join(cli.Forms, ", "), o.form)
	}
	out := cli.Output{W: p.stdout, Form: o.form, Local: p.local()}
	if f := p.screen(); f != nil {
		out.Width, _, _ = term.GetSize(int(f.Fd()))
	}
	return out, nil
}

// run makes everything ready for the answer, before the call: a secret that is made must not have nowhere to go.
func (o *outputFlags) run(p *program, secrets bool) (r cli.Run, err error) {
	r = cli.Run{
		Columns: o.columns, Limit: int(o.limit), Counted: p.counting("rows"),
		Tell: func(text string) { fmt.Fprintln(p.stderr, text) },
	}
	if r.Output, err = o.output(p); err != nil || !secrets {
		return r, err
	}
	if o.to == "" {
		if p.screen() != nil && !o.show {
			err = wrong("the answer is a secret and stdout is a terminal: give --to FILE, or --show to see it")
		}
		return r, err
	}
	o.kept, err = os.OpenFile(o.to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		err = wrong("--to: there is a file %s; give a new one", o.to)
	}
	r.Keep = func(t secret.Text) error {
		_, err := fmt.Fprintln(o.kept, string(t))
		return errors.Join(err, o.kept.Sync())
	}
	return r, err
}

// close ends the file with the secret, and removes it if there is none.
func (o *outputFlags) close(whole bool) error {
	if o.kept == nil {
		return nil
	}
	err := o.kept.Close()
	if info, e := os.Stat(o.to); !whole && e == nil && info.Size() == 0 {
		err = errors.Join(err, os.Remove(o.to))
	}
	return err
}

// screen is the terminal that stdout is, or nil.
func (p *program) screen() *os.File {
	if f, ok := p.stdout.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return f
	}
	return nil
}

func (p *program) local() *time.Location {
	if p.zone != nil {
		return p.zone
	}
	return time.Local
}
