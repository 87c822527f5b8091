package reference

import (
	"bytes"
	_ "embed"
	htmltemplate "html/template"
	"strings"
	"text/template"
)

//go:embed page.md.tmpl
var markdownText string

//go:embed page.html.tmpl
var htmlText string

// cell is a text as it may stand in a cell of a table in Markdown.
func cell(s string) string { return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;").Replace(s) }

var (
	markdown = template.Must(template.New("markdown").Funcs(template.FuncMap{"cell": cell, "join": strings.Join}).Parse(markdownText))
	html     = htmltemplate.Must(htmltemplate.New("html").Funcs(htmltemplate.FuncMap{"join": strings.Join}).Parse(htmlText))
)

// Markdown is the reference as a page in Markdown.
func Markdown(openRPC, fixture []byte) ([]byte, error) {
	d, err := read(openRPC, fixture)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = markdown.Execute(&b, d)
	return b.Bytes(), err
}

// HTML is the reference as one page that needs nothing besides.
func HTML(openRPC, fixture []byte) ([]byte, error) {
	d, err := read(openRPC, fixture)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = html.Execute(&b, d)
	return b.Bytes(), err
}
