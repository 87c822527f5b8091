package main

import (
	"context"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/portico-vco/portico/auth/fixture"
	"github.com/portico-vco/portico/reference"
)

const docsText = `Writes the reference of the API into the folder, which is made if it is not there:

  reference.md, reference.html  for readers; the page needs nothing besides
  openapi.json                  OpenAPI 3.1, of the REST-like paths and all others but JSON-RPC; clients are generated from it
  openrpc.json                  OpenRPC 1.3, of JSON-RPC; the method rpc.discover of a running portal answers the same
  fixture.schema.json           JSON Schema of what portico serve --seed reads; editors complete and check by it
`

func (p *program) docs() *cobra.Command {
	return p.command(about{
		use: "docs FOLDER", short: "write the reference of the API", text: docsText,
	}, func(_ context.Context, words []string) error {
		if len(words) != 1 {
			return wrong("give a folder")
		}
		return writeDocs(words[0])
	})
}

func writeDocs(dir string) error {
	options, err := new(instance).api()
	if err != nil {
		return err
	}
	openRPC := options.Table.OpenRPC(options.Version)
	form, err := fixture.Schema()
	if err != nil {
		return err
	}
	markdown, err := reference.Markdown(openRPC, form)
	if err != nil {
		return err
	}
	html, err := reference.HTML(openRPC, form)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, b := range map[string][]byte{
		"openrpc.json": openRPC, "openapi.json": options.OpenAPI(), "reference.md": markdown, "reference.html": html,
		"fixture.schema.json": form,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			return err
		}
	}
	return nil
}
