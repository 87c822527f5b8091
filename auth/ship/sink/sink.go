// Package sink owns the ways on which events leave the portal: a file, syslog, a webhook. It must not know a store.
package sink

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/auth/ship"
)

// Options are what a sink may need besides its address. The zero of each is a sensible default.
type Options struct {
	Secret []byte         // what webhooks are signed with; without it they are not
	Host   string         // of the portal, for syslog
	Roots  *x509.CertPool // the default is the system's
	Now    func() time.Time
}

func (o Options) tls() *tls.Config {
	return &tls.Config{RootCAs: o.Roots, MinVersion: tls.VersionTLS12}
}

// A Destination is where events are sent.
type Destination struct {
	ship.Sink
	Name     string // may be logged: how, and to which host or file
	Identity string // the address, but for a user and a password, which may change
	Signs    bool   // it makes use of a secret
}

var errAddress = errors.New("is none of file:PATH, syslog+tcp://HOST:PORT, syslog+tls://HOST:PORT, https://HOST/PATH, and http:// to a loopback address")

// Parse reads an address. Nothing is opened yet. Its errors do not repeat the address, which may have a secret in it.
func Parse(address secret.Text, o Options) (*Destination, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if path, ok := strings.CutPrefix(string(address), "file:"); ok {
		return toFile(path)
	}
	u, err := url.Parse(string(address))
	if err != nil || u.Hostname() == "" || u.Fragment != "" {
		return nil, errAddress
	}
	d := &Destination{Name: u.Scheme + "://" + u.Host, Identity: withoutUser(u)}
	switch u.Scheme {
	case "syslog+tcp", "syslog+tls":
		if u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
			return nil, errAddress
		}
		d.Sink = toSyslog(u, o)
	case "https", "http":
		if u.Scheme == "http" && !net.ParseIP(u.Hostname()).IsLoopback() {
			return nil, errAddress
		}
		d.Sink, d.Signs = toWebhook(u, o), true
	default:
		return nil, errAddress
	}
	return d, nil
}

func withoutUser(u *url.URL) string {
	v := *u
	v.User = nil
	return v.String()
}

func toFile(path string) (*Destination, error) {
	if strings.HasPrefix(path, "///") {
		path = path[2:] // as in a URL
	}
	if path == "" || strings.HasPrefix(path, "//") {
		return nil, errAddress
	}
	return &Destination{Sink: &file{path: path}, Name: "file:" + path, Identity: "file:" + path}, nil
}

func toSyslog(u *url.URL, o Options) *syslog {
	s := &syslog{host: word(o.Host, 255), address: net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), "601"))}
	if u.Scheme == "syslog+tls" {
		s.address = net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), "6514"))
		s.tls = o.tls()
		s.tls.ServerName = u.Hostname()
	}
	return s
}
