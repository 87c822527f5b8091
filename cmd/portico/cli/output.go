package cli

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/portico-vco/portico/rpc/portal"
)

// Forms are those that an output can have: for people, for programs, for spreadsheets.
var Forms = []string{"table", "json", "csv"}

// An Output is where answers are shown.
type Output struct {
	W     io.Writer
	Form  string         // one of Forms
	Width int            // of the terminal; 0 is none, where nothing is cut
	Local *time.Location // of the times in tables; in the other forms they are as the portal has them, in UTC
}

// rows shows a list, one after the other.
type rows interface {
	row(json.RawMessage) error
	end() error
}

// List shows a list with these members of each row as its columns.
func (o Output) List(all []json.RawMessage, columns []string) error {
	out := o.list(columns)
	for _, one := range all {
		if err := out.row(one); err != nil {
			return err
		}
	}
	return out.end()
}

// list begins a list with these members of each row as its columns.
func (o Output) list(columns []string) rows {
	switch o.Form {
	case "json":
		return &jsonRows{w: o.W}
	case "csv":
		w := csv.NewWriter(o.W)
		w.UseCRLF = true
		return &csvRows{w: w, columns: columns}
	}
	return &tableRows{o: o, columns: columns}
}

// JSON shows a value as it is, but for the look of it.
func (o Output) JSON(value json.RawMessage) error {
	_, err := fmt.Fprintln(o.W, indented(value, ""))
	return err
}

// indented is a value in which nothing is left that a terminal would obey. Outside of its texts there is none of it but line ends, so the
// escapes mean the same.
func indented(value json.RawMessage, prefix string) string {
	var out bytes.Buffer
	if err := json.Indent(&out, value, prefix, "  "); err != nil {
		return Printable(string(value)) // what is no JSON does not come here; who shows it should not fail all the same
	}
	return escaped(out.String(), ofLines)
}

type jsonRows struct {
	w     io.Writer
	begun bool
}

func (j *jsonRows) row(r json.RawMessage) error {
	before := "[\n  "
	if j.begun {
		before = ",\n  "
	}
	j.begun = true
	_, err := io.WriteString(j.w, before+indented(r, "  "))
	return err
}

func (j *jsonRows) end() error {
	text := "\n]\n"
	if !j.begun {
		text = "[]\n"
	}
	_, err := io.WriteString(j.w, text)
	return err
}

// csvRows are as RFC 4180 has them.
type csvRows struct {
	w       *csv.Writer
	columns []string
	begun   bool
}

func (c *csvRows) row(r json.RawMessage) error {
	if err := c.begin(); err != nil {
		return err
	}
	m, err := members(r)
	if err != nil {
		return err
	}
	line := make([]string, len(c.columns))
	for i, name := range c.columns {
		line[i] = escaped(sheet(m[name]), ofLines)
	}
	return c.w.Write(line)
}

// sheet is a member for a spreadsheet. A number is no formula, whatever its sign.
func sheet(value json.RawMessage) string {
	if t := bytes.TrimSpace(value); len(t) > 0 && strings.IndexByte("\"[{", t[0]) < 0 {
		return text(value)
	}
	return portal.Harmless(text(value))
}

func (c *csvRows) begin() error {
	if c.begun {
		return nil
	}
	c.begun = true
	return c.w.Write(c.columns)
}

func (c *csvRows) end() error {
	if err := c.begin(); err != nil {
		return err
	}
	c.w.Flush()
	return c.w.Error()
}

// tableRows are kept until the last one is there, for the columns are as wide as what is in them.
type tableRows struct {
	o       Output
	columns []string
	lines   [][]string
}

func (t *tableRows) row(r json.RawMessage) error {
	m, err := members(r)
	if err != nil {
		return err
	}
	line := make([]string, len(t.columns))
	for i, name := range t.columns {
		line[i] = Printable(t.o.local(m.at(name)))
	}
	t.lines = append(t.lines, line)
	return nil
}

func (t *tableRows) end() error {
	head := make([]string, len(t.columns))
	for i, name := range t.columns {
		head[i] = Printable(title(name))
	}
	_, err := io.WriteString(t.o.W, table(append([][]string{head}, t.lines...), t.o.Width))
	return err
}

const gap = 2 // between columns

// table is what the lines look like beside each other, in so many columns of a terminal; 0 is as many as it takes. The widest columns
// are cut first.
func table(lines [][]string, most int) string {
	wide := make([]int, len(lines[0]))
	for _, line := range lines {
		for i, cell := range line {
			wide[i] = max(wide[i], cells(cell))
		}
	}
	all := gap * (len(wide) - 1)
	for _, n := range wide {
		all += n
	}
	for ; most > 0 && all > most; all-- {
		widest := slices.Index(wide, slices.Max(wide))
		if wide[widest] <= 4 {
			break // narrower says nothing
		}
		wide[widest]--
	}
	var out strings.Builder
	for _, line := range lines {
		at, before := 0, 0 // blanks are for what comes behind them
		for i, cell := range line {
			if cell = cut(cell, wide[i]); cell != "" {
				out.WriteString(strings.Repeat(" ", before-at) + cell)
				at = before + cells(cell)
			}
			before += wide[i] + gap
		}
		out.WriteByte('\n')
	}
	return out.String()
}

// title is what a table calls a member: lastUsed is LAST USED.
func title(name string) string {
	var out strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 {
			out.WriteByte(' ')
		}
		out.WriteRune(unicode.ToUpper(r))
	}
	return out.String()
}

// WireTime is how a portal writes times, in UTC.
const WireTime = "2006-01-02T15:04:05.000Z"

// local shows what is a time as the caller's clock would.
func (o Output) local(text string) string {
	at, err := time.Parse(WireTime, text)
	if err != nil {
		return text
	}
	return at.In(o.Local).Format("2006-01-02 15:04:05")
}

// One shows a single thing: in a table a line for each member.
func (o Output) One(value json.RawMessage, columns []string) error {
	if o.Form == "json" {
		return o.JSON(value)
	}
	if o.Form == "csv" {
		r := o.list(columns)
		if err := r.row(value); err != nil {
			return err
		}
		return r.end()
	}
	m, err := members(value)
	if err != nil {
		return err
	}
	var lines [][]string
	for _, name := range columns {
		if text := m.at(name); text != "" {
			lines = append(lines, []string{Printable(title(name)), Printable(o.local(text))})
		}
	}
	if len(lines) == 0 {
		return nil
	}
	_, err = io.WriteString(o.W, table(lines, 0))
	return err
}

// An object is what JSON has as one.
type object map[string]json.RawMessage

func members(value json.RawMessage) (object, error) {
	var m object
	if err := json.Unmarshal(value, &m); err != nil || m == nil {
		return nil, &UnreachableError{fmt.Errorf("the portal answered what cannot be shown: an object was to be there")}
	}
	return m, nil
}

// at is a member as a text: of what is not simple its JSON, of lists of what is simple the parts.
func (m object) at(name string) string { return text(m[name]) }

func text(value json.RawMessage) string {
	value = bytes.TrimSpace(value)
	if len(value) == 0 || string(value) == "null" {
		return ""
	}
	switch value[0] {
	case '"':
		var s string
		_ = json.Unmarshal(value, &s) // it was read as a part of the answer before
		return s
	case '[':
		var list []json.RawMessage
		_ = json.Unmarshal(value, &list)
		parts := make([]string, len(list))
		for i, one := range list {
			parts[i] = text(one)
		}
		return strings.Join(parts, " ")
	}
	return string(value)
}
