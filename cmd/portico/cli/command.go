package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/portico-vco/portico/auth/secret"
)

// A Group is what the commands of one kind of thing have in common.
type Group struct {
	Name, About string
	Commands    []Command
}

// Groups are all there are, in the order of the help.
func Groups() []Group {
	return []Group{tokens(), users(), enterprises(), partners(), apps(), clients(), credentials(), properties(), webhooks()}
}

// A Command is a call with a name of its own. As with methods, a new one is a row, in the file of its group.
type Command struct {
	Name, About string
	Of          Methods
	Params      []Param
	Fixed       map[string]any // what goes along with every call
	Does        Does
	Columns     []string // the members that tables and CSV show
	Done        string   // of what changes something: what is said when it has
	Once        string   // the member of the answer that is a secret, which is shown this once
	Unpaged     bool     // a list that is answered as a whole
}

// Methods are the names of the method by whom it is about: the caller's own, or what is named by --enterprise, --partner, --operator.
// The portal says who may.
type Methods struct {
	Own, Enterprise, Partner, Operator string
}

// organisation is a method that is told by its params whom it is about.
func organisation(method string) Methods { return Methods{method, method, method, ""} }

// Does says what becomes of the answer.
type Does int

// What a command does.
const (
	Lists   Does = iota // the answer is a list, of which there may be pages
	Shows               // it is one thing, or null
	Makes               // it is the number of what was made
	Changes             // it says how many were changed
)

// A Param is a param of the method that the command line gives.
type Param struct {
	Name     string // of the flag, or in the line of use of a word
	Path     string // in the params, such as _update.name
	Or       string // of a word that is a number or a name: the path of the name
	Kind     Kind
	About    string
	Required bool
	Word     bool // it has no flag
	Own      bool // the method of the caller's own alone knows it
}

// A Kind is what a param can be.
type Kind int

// The kinds of params.
const (
	Text Kind = iota
	Number
	Numbers
	Texts
	Flag     // true or false
	Lifetime // a time, in milliseconds
	Seconds  // a time, in seconds
	Ago      // the moment that was so long ago
	Ahead    // the moment that will be in so long a time
	Secret   // a text that is in no command line
	JSON     // a JSON text, from a file
)

// Words are the params without flags, in their order.
func (c *Command) Words() (words []Param) {
	for _, p := range c.Params {
		if p.Word {
			words = append(words, p)
		}
	}
	return words
}

// Params are those of a call.
type Params map[string]any

// Set puts a value at a path.
func (p Params) Set(path string, value any) {
	name, rest, deeper := strings.Cut(path, ".")
	if !deeper {
		p[name] = value
		return
	}
	below, _ := p[name].(Params)
	if below == nil {
		below = Params{}
		p[name] = below
	}
	below.Set(rest, value)
}

// A Run is one run of a command.
type Run struct {
	Portal  *Portal
	Output  Output
	Columns []string                // instead of the command's own
	Limit   int                     // of a list; 0 is all of it
	Tell    func(string)            // says something beside the answer
	Counted func(done, all int64)   // says how far it is
	Keep    func(secret.Text) error // keeps a secret; nil: it is a part of the answer
}

// ErrNone says that there is no such thing, or that the caller may not know of it.
var ErrNone = errors.New("there is none, or it is not yours to see")

// Do calls the method and shows what it answers.
func (c *Command) Do(ctx context.Context, method string, params Params, r Run) error {
	maps.Copy(params, c.Fixed)
	if c.Does == Lists {
		return c.list(ctx, method, params, r)
	}
	answer, err := r.Portal.Call(ctx, method, params)
	if err != nil {
		return err
	}
	if c.Once != "" {
		return c.once(answer, r)
	}
	switch c.Does {
	case Shows:
		if string(answer) == "null" {
			return ErrNone
		}
		return r.Output.One(answer, c.columns(r))
	case Makes:
		return c.made(answer, r)
	}
	return c.changed(answer, r)
}

func (c *Command) columns(r Run) []string {
	if len(r.Columns) > 0 {
		return r.Columns
	}
	return c.Columns
}

func (c *Command) list(ctx context.Context, method string, params Params, r Run) error {
	out, n := r.Output.list(c.columns(r)), 0
	show := func(one json.RawMessage) error {
		n++
		r.Counted(int64(n), 0)
		return out.row(one)
	}
	each := r.Portal.pages
	if c.Unpaged {
		each = r.Portal.whole
	}
	if err := each(ctx, method, params, r.Limit, show); err != nil {
		return err
	}
	return out.end()
}

// made shows the number, for the command that comes next.
func (c *Command) made(answer json.RawMessage, r Run) error {
	if r.Output.Form != "table" {
		return r.Output.One(answer, []string{"id"})
	}
	m, err := members(answer)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(r.Output.W, Printable(m.at("id")))
	return err
}

func (c *Command) changed(answer json.RawMessage, r Run) error {
	m, err := members(answer)
	switch {
	case err != nil:
		return err
	case m.at("rows") == "0":
		return ErrNone
	case r.Output.Form != "table":
		return r.Output.One(answer, []string{"rows"})
	}
	r.Tell(c.Done)
	return nil
}

// once gives the secret of an answer to whom the caller wants, and shows the rest.
func (c *Command) once(answer json.RawMessage, r Run) error {
	m, err := members(answer)
	if err != nil {
		return err
	}
	if r.Keep == nil && r.Output.Form == "json" {
		return r.Output.JSON(answer)
	}
	if made := m.at(c.Once); made != "" { // what has keys instead has none
		keep := r.Keep
		if keep == nil {
			keep = r.Output.secret
		}
		if err := keep(secret.Text(made)); err != nil {
			return err
		}
	}
	delete(m, c.Once)
	if r.Output.Form == "json" {
		rest, err := json.Marshal(m)
		if err != nil {
			return err
		}
		return r.Output.JSON(rest)
	}
	for _, name := range c.Columns {
		if text := m.at(name); text != "" {
			r.Tell(strings.ToLower(title(name)) + " " + Printable(text))
		}
	}
	if c.Done != "" {
		r.Tell(c.Done)
	}
	return nil
}

// secret prints one on a line of its own, as it is: it is meant for a program.
func (o Output) secret(t secret.Text) error {
	_, err := fmt.Fprintln(o.W, string(t))
	return err
}
