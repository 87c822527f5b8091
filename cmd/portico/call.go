package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portico-vco/portico/cmd/portico/cli"
)

const callText = `Calls a method and prints its result. PARAMS is a JSON object, @FILE for one in a file, or - for one from stdin;
without it there are none. The API token comes from PORTICO_TOKEN, --token-file or a profile.

  portico call enterprise/getEnterpriseUsers '{"enterpriseId": 1}'
`

const callMore = `
PORTICO_TOKEN, the API token, has no flag, because other users of a machine can read command lines.

Exit status: 0 the result is on stdout; 1 the portal answered with an error, which is on stderr; 2 the command line is
wrong; 3 the portal could not be reached or gave no answer that makes sense; 4 nobody is signed in with that token.
`

func (p *program) call() *cobra.Command {
	var c reached
	cmd := p.command(about{"call [flags] METHOD [PARAMS]", "call a method of a portal and print the result", callText, callMore},
		func(ctx context.Context, words []string) error {
			if len(words) < 1 || len(words) > 2 {
				return wrong("give a method and, if it needs them, its params")
			}
			params, err := p.params(words[1:])
			if err != nil {
				return &usageError{err}
			}
			to, err := c.settle(p)
			if err != nil {
				return err
			}
			defer to.Close()
			result, err := to.Call(ctx, words[0], params)
			if err != nil {
				return err
			}
			return cli.Output{W: p.stdout}.JSON(result)
		})
	c.callFlags(cmd.Flags())
	return cmd
}

// params are those that a word says, or nil.
func (p *program) params(words []string) (any, error) {
	if len(words) == 0 {
		return nil, nil
	}
	params, err := p.content(words[0])
	if err != nil {
		return nil, err
	}
	if params = bytes.TrimSpace(params); !json.Valid(params) || params[0] != '{' {
		return nil, errors.New("PARAMS is not a JSON object")
	}
	return json.RawMessage(params), nil
}

func (p *program) content(word string) ([]byte, error) {
	if word == "-" {
		return io.ReadAll(p.stdin)
	}
	if name, ok := strings.CutPrefix(word, "@"); ok {
		return os.ReadFile(name)
	}
	return []byte(word), nil
}
