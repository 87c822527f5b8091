package portal

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"reflect"
	"regexp"
	"strings"

	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/rpc"
)

// Exported is Paged for lists that can be had as CSV too.
type Exported struct {
	Paged
	Format string `json:"format" enum:"json|csv" doc:"With csv the rows are a string of comma-separated values (RFC 4180)."`
}

// An Export is a List of which the rows can be one text of CSV instead: whole lists are that text, pages have it as their data.
type Export[T any] struct {
	List[T]
	CSV bool
}

func exported[R, T any](e Exported, list []R, page account.Page, show func(R) T) Export[T] {
	return Export[T]{listed(list, page, show), e.Format == "csv"}
}

// MarshalJSON writes the one or the other.
func (e Export[T]) MarshalJSON() ([]byte, error) {
	if !e.CSV {
		return e.List.MarshalJSON()
	}
	text, err := csvOf(e.Data)
	if err != nil {
		return nil, err
	}
	return written(e.Page, text)
}

// Schema is that of all its forms.
func (e Export[T]) Schema(result bool) rpc.Schema {
	forms := e.List.Schema(result)["anyOf"].([]rpc.Schema)
	return rpc.Schema{"anyOf": append(forms, rpc.SchemaOf[string](result), rpc.SchemaOf[pageOf[string]](result))}
}

// csvOf writes rows as RFC 4180 has it, with a header: a column for each member of T, in the order and the form that JSON has,
// null being empty. Members with the tag csv:"-" are left out: they are those of secrets.
func csvOf[T any](rows []T) (string, error) {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	w.UseCRLF = true
	columns := columnsOf(reflect.TypeFor[T](), nil)
	line := make([]string, len(columns))
	for i, c := range columns {
		line[i] = c.name
	}
	if err := w.Write(line); err != nil {
		return "", err
	}
	for i := range rows {
		row := reflect.ValueOf(&rows[i]).Elem()
		for j, c := range columns {
			var err error
			if line[j], err = cell(row.FieldByIndex(c.index).Interface()); err != nil {
				return "", err
			}
		}
		if err := w.Write(line); err != nil {
			return "", err
		}
	}
	w.Flush()
	return out.String(), w.Error()
}

type column struct {
	name  string
	index []int
}

func columnsOf(t reflect.Type, at []int) (all []column) {
	for i := range t.NumField() {
		f := t.Field(i)
		index := append(at[:len(at):len(at)], i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			all = append(all, columnsOf(f.Type, index)...)
		case name != "-" && f.Tag.Get("csv") != "-":
			all = append(all, column{name, index})
		}
	}
	return all
}

// cell is a value as JSON has it, a text without its quotes.
func cell(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil || string(b) == "null" {
		return "", err
	}
	if b[0] != '"' {
		return string(b), nil // a number or a truth value is no formula, whatever its sign
	}
	var text string
	err = json.Unmarshal(b, &text)
	return Harmless(text), err
}

// formula finds where a spreadsheet would take a text for a formula: at its beginning, and behind what some spreadsheets
// separate cells by, for a cell is quoted only where the standard needs it. The full-width forms are what some fold into
// the others.
var formula = regexp.MustCompile(`(^|[;\t] *)([=+\-@＝＋－＠\t\r\n])`)

// Harmless puts an apostrophe before everything that looks like a formula: names and descriptions are what anybody wrote
// into them, and whoever opens the export must not run that. A telephone number that begins with + gets one too.
func Harmless(text string) string { return formula.ReplaceAllString(text, "$1'$2") }
