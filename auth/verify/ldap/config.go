package ldap

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"github.com/portico-vco/portico/auth/verify"
)

// config is the form of a configuration.
type config struct {
	Kind       string `json:"kind"`
	URL        string `json:"url"`        // ldaps://host[:port], or ldap://host[:port] with startTls
	StartTLS   bool   `json:"startTls"`   // TLS is begun on a connection that is in the clear until then
	CAPEM      string `json:"caPem"`      // who signs the server's certificate; the default is the system's authorities
	ServerName string `json:"serverName"` // whose certificate it must be; the default is the host of the url
	Domain     string `json:"domain"`     // Active Directory: the domain of names that come without one
	DNTemplate string `json:"dnTemplate"` // other servers: a distinguished name with {username} in it
}

// username is the place of the name in a template.
const username = "{username}"

// A Directory is one LDAP server, and the way to write its names.
type Directory struct {
	address  string
	startTLS bool
	tls      *tls.Config
	domain   string
	template string
}

// New makes the directory of a configuration, or says what is wrong with it. No connection is made.
func New(text []byte) (verify.Directory, error) {
	var c config
	r := json.NewDecoder(bytes.NewReader(text))
	r.DisallowUnknownFields()
	var other *json.UnmarshalTypeError
	switch err := r.Decode(&c); {
	case errors.As(err, &other):
		return nil, fmt.Errorf("%s is of the wrong type, %s", other.Field, other.Value)
	case err != nil:
		return nil, err
	}
	address, host, err := c.server()
	if err != nil {
		return nil, err
	}
	if err := c.checkNames(); err != nil {
		return nil, err
	}
	roots, err := authorities(c.CAPEM)
	if err != nil {
		return nil, err
	}
	if c.ServerName != "" {
		host = c.ServerName
	}
	return &Directory{
		address: address, startTLS: c.StartTLS, domain: c.Domain, template: c.DNTemplate,
		tls: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots, ServerName: host},
	}, nil
}

// Address is the server's host and port.
func (d *Directory) Address() string { return d.address }

func (c *config) server() (address, host string, err error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Hostname() == "" || c.URL != u.Scheme+"://"+u.Host {
		return "", "", errors.New("the url is not ldaps://host:port")
	}
	port := ldap.DefaultLdapsPort
	switch {
	case u.Scheme == "ldaps" && !c.StartTLS:
	case u.Scheme == "ldap" && c.StartTLS:
		port = ldap.DefaultLdapPort
	default:
		return "", "", errors.New("the url must begin with ldaps://, or with ldap:// where startTls is true")
	}
	if u.Port() != "" {
		port = u.Port()
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", "", errors.New("the url has no port between 1 and 65535")
	}
	host = strings.ToLower(u.Hostname())
	return net.JoinHostPort(host, port), host, nil
}

func (c *config) checkNames() error {
	switch {
	case c.Domain != "" && c.DNTemplate != "":
		return errors.New("of domain and dnTemplate only one can be set")
	case c.Domain != "" && !isPart(c.Domain):
		return errors.New("the domain cannot be one")
	case c.DNTemplate == "":
		return nil
	case strings.Count(c.DNTemplate, username) != 1:
		return errors.New("dnTemplate does not have {username} in it once")
	}
	return checkTemplate(c.DNTemplate)
}

// checkTemplate sees to it that the name fills the value of an attribute, from one end to the other: only there the escapes of a
// distinguished name hold.
func checkTemplate(template string) error {
	dn, err := ldap.ParseDN(template)
	if err != nil {
		return fmt.Errorf("dnTemplate is not a distinguished name: %w", err)
	}
	for _, rdn := range dn.RDNs {
		for _, a := range rdn.Attributes {
			if a.Value == username {
				return nil
			}
		}
	}
	return errors.New("in dnTemplate {username} is not the whole value of an attribute")
}

// authorities are those of the text; nil, which means the system's, when there are none.
func authorities(text string) (*x509.CertPool, error) {
	if text == "" {
		return nil, nil
	}
	pool := x509.NewCertPool()
	rest := []byte(text)
	for len(bytes.TrimSpace(rest)) > 0 {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil || block.Type != "CERTIFICATE" {
			return nil, errors.New("caPem has something in it that is not a certificate in PEM")
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("caPem: %w", err)
		}
		pool.AddCert(certificate)
	}
	return pool, nil
}
