package main

import (
	"bytes"
	"cmp"
	"fmt"
	"net/url"
	"os"
	"time"

	"github.com/spf13/pflag"

	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/cmd/portico/cli"
)

// reached is what the command line says of the portal that is called, and as whom: flags, or else what they name.
type reached struct {
	url, caFile, tokenFile, profile string
	insecure                        bool
	timeout                         time.Duration

	name string // of the profile that the token is from
}

const localURL = "https://127.0.0.1:8443"

// flags are those that say where the portal is, and how it is known.
func (c *reached) flags(f *pflag.FlagSet, about string) {
	f.StringVar(&c.url, "url", "", about)
	f.StringVar(&c.caFile, "cacert", "", "`FILE` of certificates in PEM to trust, such as data/tls/cert.pem")
	f.BoolVarP(&c.insecure, "insecure", "k", false, "do not verify the portal's certificate")
	f.DurationVar(&c.timeout, "timeout", time.Minute, "`DURATION` to wait for an answer, such as 10s")
}

// callFlags are those of a call as whom a profile or a token says.
func (c *reached) callFlags(f *pflag.FlagSet) {
	c.flags(f, "`URL` of the portal; without it that of the profile, or "+localURL)
	f.StringVar(&c.tokenFile, "token-file", "", "`FILE` with the API token, instead of that of the profile; - for stdin")
	f.StringVar(&c.profile, "profile", "", "`NAME` of a profile, instead of the one in use; see portico profile")
}

// portal is that of the flags alone. The secret that it is to be sent is called so.
func (c *reached) portal(secretName string) (*cli.Portal, error) {
	to := &cli.Portal{
		URL: cmp.Or(c.url, localURL), Insecure: c.insecure, Timeout: c.timeout, Agent: "portico/" + buildVersion(),
		CAName: cmp.Or(c.caFile, "the profile"),
	}
	if c.caFile != "" {
		data, err := os.ReadFile(c.caFile)
		if err != nil {
			return nil, wrong("--cacert: %w", err)
		}
		to.CA = append(data, '\n') // an empty file is not no file
	}
	if err := to.Address(secretName); err != nil {
		return nil, &usageError{err}
	}
	return to, nil
}

// settle finds the portal, and the token: what was given wins over the profile. The token of a profile goes to no other portal than the
// profile's.
func (c *reached) settle(p *program) (*cli.Portal, error) {
	token, err := c.token(p)
	if err != nil {
		return nil, err
	}
	name, in, err := p.profileInUse(c.profile)
	if err != nil {
		return nil, err
	}
	same := in != nil && (c.url == "" || sameHost(c.url, in.URL))
	if in != nil && c.url == "" {
		c.url = in.URL
	}
	if token == "" && same {
		token, c.name = in.Token.Text, name
	}
	secretName := "API token"
	if token == "" {
		secretName = ""
	}
	to, err := c.portal(secretName)
	if err != nil {
		return nil, err
	}
	if c.caFile == "" && same {
		to.CA = []byte(in.CA)
	}
	to.Token = token
	return to, nil
}

func sameHost(a, b string) bool {
	x, errX := url.Parse(a)
	y, errY := url.Parse(b)
	return errX == nil && errY == nil && x.Scheme == y.Scheme && x.Host == y.Host
}

// token is the one that was given: by the environment, a file or a pipe.
func (c *reached) token(p *program) (secret.Text, error) {
	text := []byte(p.getenv("PORTICO_TOKEN"))
	if c.tokenFile != "" {
		t, err := p.secretIn("token-file", c.tokenFile)
		if err != nil {
			return "", err
		}
		text = bytes.TrimPrefix(bytes.TrimSpace([]byte(t)), []byte("Token "))
	}
	t := secret.Text(bytes.TrimSpace(text))
	if t == "" && c.tokenFile != "" {
		return "", wrong("there is no token in %s", c.tokenFile)
	}
	if err := cli.CheckToken(t); err != nil {
		return "", &usageError{err}
	}
	return t, nil
}

// maxSecret is more than any password or token.
const maxSecret = 1 << 16

var errTooLong = fmt.Errorf("it is longer than %d bytes", maxSecret)
