package main

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/pflag"
	"golang.org/x/crypto/acme/autocert"

	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/fixture"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/auth/ship"
)

// Config is how the portal is served. The comments are the manual. Each field is a flag, and an environment variable of
// the flag's name in capitals with PORTICO_ in front: --tls-cert is PORTICO_TLS_CERT. The flag wins.
type Config struct {
	// --demo fills a portal that has no tenants yet with those of the README: two enterprises, a partner, seven users and
	// an API token. On a portal that has tenants it does nothing; a demo that was cut off is finished. It is refused
	// unless --listen is a loopback address: one password opens all of it.
	Demo bool

	place // --data, --store and what they need

	// --backup-folder is where backups are written, by default the folder backups in the data folder. A disk of its own is better. It
	// belongs to one portal.
	BackupFolder string

	// --listen is the address and port that calls arrive at. Port 0 takes a free one, which is printed.
	Listen string

	// --tls-cert and --tls-key are files of a certificate chain and its private key, both in PEM, and go together. They
	// are read again when they change. Without them the portal makes a self-signed certificate and keeps it in the data
	// folder.
	TLSCert, TLSKey string

	// --acme-domain has the portal get its certificate, and renew it, from an authority that speaks ACME. It accepts the terms of that
	// authority. The domain must lead to the portal: the authority looks at port 443 of it (TLS-ALPN-01), or at port 80 if
	// --acme-http is given. Callers must name the domain. --public-address is the domain unless it is set.
	ACMEDomain string

	// --acme-directory is the authority: the URL of its directory. Over http it must be on a loopback address.
	ACMEDirectory string

	// --acme-email is where the authority may write to.
	ACMEEmail string

	// --acme-http is the address and port of a listener that answers the authority's look over plain HTTP (HTTP-01), and nothing else.
	ACMEHTTP string

	// --tls-client-ca is a file of certificates in PEM: authorities that vouch for those who may connect at all. What a caller shows
	// admits to the listener and signs nobody in. The file is read again when it changes; connections that are open go on.
	TLSClientCA string

	// --tls-client-auth is require: who shows no such certificate is turned away; or request: he may go without, but not show another.
	TLSClientAuth string

	// --hsts is for how many seconds browsers that came over TLS shall come to this host by nothing else, whatever the port; or off; or
	// auto, a year if the certificate is given or got by ACME. Browsers do not forget it before.
	HSTS string

	// --plain-http serves without TLS. It is refused unless --listen is a loopback address, behind which a proxy on the
	// same machine may add TLS.
	PlainHTTP bool

	// --no-console shows no console at /: calls alone are served.
	NoConsole bool

	// --trusted-proxy names the addresses of proxies, as CIDR, whose X-Forwarded-For and X-Forwarded-Proto are believed.
	// From anybody else these headers are ignored. Several are given with commas or by repeating the flag.
	TrustedProxy prefixes

	// --max-connections is how many connections may be open at once; a quarter of them from one address (IPv6: its 64 bits) that is not
	// a trusted proxy's. Where there are as many, those without a call are closed, the longest idle first, and then new ones. The limit
	// of open files (ulimit -n) must allow for them.
	MaxConnections uint32

	// --operator is the username of the first operator superuser. It is read by the first start alone.
	Operator string

	// --operator-password-file is a file with the first operator's password; its last line break does not count. The
	// password may also come from PORTICO_OPERATOR_PASSWORD. With neither, one is generated and printed once.
	OperatorPasswordFile string

	// PORTICO_OPERATOR_PASSWORD and PORTICO_DEMO_PASSWORD have no flags, because other users of a machine can read
	// command lines. The second one is that of all demo users; without it one is generated and printed once.
	OperatorPassword, DemoPassword secret.Text

	// --public-address is the host, or host:port, by which clients reach the portal: the default of the system property
	// network.public.address, which API tokens bear as their issuer, and which the links in mails lead to. Without it, the
	// listen address.
	PublicAddress string

	// --argon2-memory (KiB) and --argon2-passes are what hashing a password costs. Less than OWASP recommends is refused.
	// A hash that cost less is made anew at its user's next login.
	PasswordCost secret.Cost

	// --ops-listen is the address and port of the operations listener, or off: /healthz, /readyz and Prometheus /metrics, over plain
	// HTTP, for whoever reaches it. Where another program has the default address, the portal goes on without the listener and
	// says so in the log.
	OpsListen string

	// --ops-remote allows an --ops-listen that is no loopback address.
	OpsRemote bool

	// --ops-pprof adds /debug/pprof/ to the operations listener. It is refused unless that is on a loopback address.
	OpsPprof bool

	// --test-control is the address and port, a loopback one, of a listener where tests stop and move the clock of a --demo portal (GET
	// and PUT /clock), empty it and make it anew (POST /reset), and seed it (POST /seed). Certificates go by the real clock all the same.
	TestControl string

	// --seed is a file, in YAML or JSON, of what the portal shall have in it: tenants, users, clients and more. It is applied by every
	// start: what is not there is made, what differs is changed, nothing is deleted. With --demo it takes the place of the built-in
	// demo, and may have secrets in it.
	Seed string

	// --ship-events is where every event is sent as it happens, at least once and in order: file:PATH, syslog+tcp://HOST:PORT,
	// syslog+tls://HOST:PORT, https://... or, on a loopback address, http://... The destination is told of all tenants. A new one
	// begins with the oldest event that is there. Where a password is in it, use PORTICO_SHIP_EVENTS: other users of a machine can
	// read command lines.
	ShipEvents secret.Text

	// --ship-secret-file is a file with the secret that webhooks are signed with: whsec_ and 24 to 64 bytes in base64.
	ShipSecretFile string

	// --ship-backlog is how many events that wait to be shipped are kept although they are past their retention.
	ShipBacklog uint32

	// --log-level is debug, info, warn or error. Each call is a line at info.
	LogLevel zerolog.Level

	// --log-format is json, or text for reading on a terminal. Logs go to stderr.
	LogFormat string

	clock *settableClock // nil without --test-control

	first  password // the first operator's, once it is read or made
	madeUp password // of the demo, once it is made
	hashes fixture.Hashes
}

const serveText = `Runs the portal until SIGTERM or SIGINT. The first start on an absent or empty data folder makes the portal and
prints, once, who can log in with which password. Later starts print nothing secret. Logs go to stderr.
`

const serveMore = `
Passwords come from the environment, from a file, or are generated; never from a flag:

  PORTICO_OPERATOR_PASSWORD   of the first operator superuser
  PORTICO_DEMO_PASSWORD       of all demo users
  PORTICO_ETCD_PASSWORD       of the portal in etcd

Exit status: 0 ended by a signal, everything written; 1 could not start or go on; 2 the command line is wrong.
`

// config is the settings as they are when nobody says otherwise, and the flags that say so.
func (p *program) config(f *pflag.FlagSet) *Config {
	c := &Config{
		place: place{Data: "./data"}, Listen: "127.0.0.1:8443", Operator: "super@portico.local",
		OpsListen: opsDefault, ACMEDirectory: autocert.DefaultACMEDirectory, TLSClientAuth: "require", HSTS: "auto",
		MaxConnections: 4096, PasswordCost: secret.OWASP, ShipBacklog: ship.DefaultBacklog, LogLevel: zerolog.InfoLevel, LogFormat: "json",
		OperatorPassword: secret.Text(p.getenv("PORTICO_OPERATOR_PASSWORD")),
		DemoPassword:     secret.Text(p.getenv("PORTICO_DEMO_PASSWORD")),
	}
	f.BoolVar(&c.Demo, "demo", c.Demo, "fill a portal without tenants with demo tenants and users; loopback only")
	c.place.flags(p, f)
	f.StringVar(&c.BackupFolder, "backup-folder", "", "`FOLDER` of the backups; without it backups in the data folder")
	f.StringVar(&c.Listen, "listen", c.Listen, "`ADDRESS` and port to listen on")
	f.StringVar(&c.TLSCert, "tls-cert", "", "`FILE` of a certificate chain in PEM, instead of the self-signed one")
	f.StringVar(&c.TLSKey, "tls-key", "", "`FILE` of its private key in PEM")
	f.StringVar(&c.ACMEDomain, "acme-domain", "", "`NAME` to get a certificate for by ACME; accepts the authority's terms")
	f.StringVar(&c.ACMEDirectory, "acme-directory", c.ACMEDirectory, "`URL` of the directory of that authority")
	f.StringVar(&c.ACMEEmail, "acme-email", "", "`ADDRESS` that the authority may write to")
	f.StringVar(&c.ACMEHTTP, "acme-http", "", "`ADDRESS` and port, such as :80, to answer the authority's HTTP-01 challenges at")
	f.StringVar(&c.TLSClientCA, "tls-client-ca", "", "`FILE` of authorities in PEM whose certificates admit to the listener")
	f.StringVar(&c.TLSClientAuth, "tls-client-auth", c.TLSClientAuth, "`HOW` callers show them: require, or request")
	f.StringVar(&c.HSTS, "hsts", c.HSTS, "`SECONDS` for which browsers shall come over TLS alone; auto, or off")
	f.BoolVar(&c.PlainHTTP, "plain-http", false, "serve without TLS; loopback only")
	f.BoolVar(&c.NoConsole, "no-console", false, "show no console at /")
	f.Var(&c.TrustedProxy, "trusted-proxy", "`CIDR` of proxies whose forwarded-for and -proto headers are believed; repeatable")
	f.Var((*number)(&c.MaxConnections), "max-connections", "`N` connections at once; a quarter of them from one address")
	f.StringVar(&c.Operator, "operator", c.Operator, "`NAME` of the first operator superuser")
	f.StringVar(&c.OperatorPasswordFile, "operator-password-file", "", "`FILE` with the first operator's password")
	f.StringVar(&c.PublicAddress, "public-address", "", "`HOST` or host:port by which clients reach the portal; without it the listen address")
	f.Var((*number)(&c.PasswordCost.MemoryKiB), "argon2-memory", "`KIB` of memory that hashing a password takes; not less than the default")
	f.Var((*number)(&c.PasswordCost.Passes), "argon2-passes", "`N` passes over it; not less than the default")
	f.StringVar(&c.OpsListen, "ops-listen", c.OpsListen, "`ADDRESS` and port of /healthz, /readyz and /metrics, over plain HTTP; or off")
	f.BoolVar(&c.OpsRemote, "ops-remote", false, "allow an --ops-listen that is not a loopback address")
	f.BoolVar(&c.OpsPprof, "ops-pprof", false, "add /debug/pprof/ to --ops-listen; loopback only")
	f.StringVar(&c.TestControl, "test-control", "", "`ADDRESS` and port where tests move the clock of a demo, reset and seed it; loopback only")
	f.StringVar(&c.Seed, "seed", "", "`FILE` of what the portal shall have in it, in YAML or JSON")
	f.StringVar((*string)(&c.ShipEvents), "ship-events", "", "`URL` that events are sent to as they happen: file:PATH, syslog+tcp://, syslog+tls:// or https://")
	f.StringVar(&c.ShipSecretFile, "ship-secret-file", "", "`FILE` with the secret that webhooks are signed with")
	f.Var((*number)(&c.ShipBacklog), "ship-backlog", "`N` events that wait for it are kept whatever their age")
	f.Var(&level{&c.LogLevel}, "log-level", "`LEVEL`: debug, info, warn or error")
	f.StringVar(&c.LogFormat, "log-format", c.LogFormat, "`FORMAT`: json or text")
	return c
}

// The most that a password hash may cost; the authority does not verify hashes that claim to be dearer.
const (
	mostMemory = 1 << 21
	mostPasses = 1 << 10
)

func (c *Config) check() error {
	if err := c.place.check(); err != nil {
		return err
	}
	switch {
	case c.OperatorPasswordFile != "" && c.OperatorPassword != "":
		return errors.New("--operator-password-file and PORTICO_OPERATOR_PASSWORD exclude each other")
	case !c.PasswordCost.AtLeast(secret.OWASP):
		return fmt.Errorf("--argon2-memory and --argon2-passes must be at least %d and %d, the least that OWASP recommends",
			secret.OWASP.MemoryKiB, secret.OWASP.Passes)
	case c.PasswordCost.MemoryKiB > mostMemory || c.PasswordCost.Passes > mostPasses:
		return fmt.Errorf("--argon2-memory and --argon2-passes must be at most %d and %d", mostMemory, mostPasses)
	case c.MaxConnections < leastConnections || c.MaxConnections > mostConnections:
		return fmt.Errorf("--max-connections is %d to %d", leastConnections, mostConnections)
	case c.PublicAddress != "" && !account.PublicHost(c.PublicAddress):
		return fmt.Errorf("--public-address %q is not a host, or host:port", c.PublicAddress)
	case c.OpsListen == opsOff && (c.OpsPprof || c.OpsRemote):
		return errors.New("--ops-pprof and --ops-remote need --ops-listen, which is off")
	case c.LogFormat != "json" && c.LogFormat != "text":
		return fmt.Errorf("--log-format is json or text, not %q", c.LogFormat)
	}
	return cmp.Or(c.checkShipping(), c.checkTLS())
}

func (c *Config) checkTLS() error {
	_, known := clientAuth[c.TLSClientAuth]
	_, hsts := c.hsts()
	switch {
	case (c.TLSCert == "") != (c.TLSKey == ""):
		return errors.New("--tls-cert and --tls-key go together")
	case c.PlainHTTP && c.TLSCert != "":
		return errors.New("--plain-http and --tls-cert exclude each other")
	case c.PlainHTTP && (c.ACMEDomain != "" || c.TLSClientCA != ""):
		return errors.New("--plain-http excludes --acme-domain and --tls-client-ca")
	case c.ACMEDomain != "" && c.TLSCert != "":
		return errors.New("--acme-domain and --tls-cert exclude each other")
	case c.ACMEDomain == "" && (c.ACMEEmail != "" || c.ACMEHTTP != ""):
		return errors.New("--acme-email and --acme-http need --acme-domain")
	case c.ACMEDomain != "" && !domain(c.ACMEDomain):
		return fmt.Errorf("--acme-domain %q is not the name of a host, such as portal.example", c.ACMEDomain)
	case !overTLS(c.ACMEDirectory):
		return fmt.Errorf("--acme-directory %q is not an https URL", c.ACMEDirectory)
	case !known:
		return fmt.Errorf("--tls-client-auth is require or request, not %q", c.TLSClientAuth)
	case !hsts:
		return fmt.Errorf("--hsts is auto, off or a number of seconds, not %q", c.HSTS)
	}
	return nil
}

// domain says whether an authority of the public kind would vouch for a name.
func domain(name string) bool {
	return account.PublicHost(name) && strings.Contains(strings.Trim(name, "."), ".") && !strings.Contains(name, ":") && net.ParseIP(name) == nil
}

// overTLS says whether a URL is of https, or leads no further than this machine.
func overTLS(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && net.ParseIP(u.Hostname()).IsLoopback()
}

// year is what HSTS says for a certificate that browsers may know.
const year = 365 * 24 * time.Hour

// hsts reads --hsts; ok is false for what cannot be read.
func (c *Config) hsts() (d time.Duration, ok bool) {
	switch c.HSTS {
	case "off":
		return 0, true
	case "auto":
		if c.TLSCert == "" && c.ACMEDomain == "" {
			return 0, true
		}
		return year, true
	}
	n, err := strconv.ParseUint(c.HSTS, 10, 31)
	return time.Duration(n) * time.Second, err == nil
}

func (c *Config) strictTransport() time.Duration {
	d, _ := c.hsts() // it was checked
	return d
}

// listen opens the listener, and refuses what is for loopback addresses alone on any other. The address that is looked
// at is the one that is bound: a name is looked up once.
func (c *Config) listen() (net.Listener, error) {
	a, err := net.ResolveTCPAddr("tcp", c.Listen)
	if err != nil {
		return nil, &statusError{exitUsage, fmt.Errorf("--listen: %w", err)}
	}
	if !a.IP.IsLoopback() {
		for name, set := range map[string]bool{"--demo": c.Demo, "--plain-http": c.PlainHTTP} {
			if set {
				return nil, &statusError{exitUsage, fmt.Errorf(
					"%s is refused on %s: it is not a loopback address such as 127.0.0.1", name, c.Listen)}
			}
		}
	}
	ln, err := net.ListenTCP("tcp", a)
	if err != nil {
		return nil, fmt.Errorf("--listen: %w", err)
	}
	return ln, nil
}

// publicAddress is how clients reach the listener, as far as that can be guessed.
func (c *Config) publicAddress(ln net.Listener) string {
	if c.PublicAddress != "" {
		return c.PublicAddress
	}
	a := ln.Addr().(*net.TCPAddr)
	host, _, _ := net.SplitHostPort(c.Listen)
	switch {
	case c.ACMEDomain != "":
		host = c.ACMEDomain
	case a.IP.IsUnspecified():
		host, _ = os.Hostname()
	}
	if host == "" {
		host = "localhost"
	}
	return net.JoinHostPort(host, fmt.Sprint(a.Port))
}

func (c *Config) scheme() string {
	if c.PlainHTTP {
		return "http"
	}
	return "https"
}

// prefixes is a flag of networks. A bare address is a network of one.
type prefixes []netip.Prefix

func (p *prefixes) String() string {
	var all []string
	for _, n := range *p {
		all = append(all, n.String())
	}
	return strings.Join(all, ",")
}

func (p *prefixes) Type() string { return "networks" }

func (p *prefixes) Set(s string) error {
	for word := range strings.SplitSeq(s, ",") {
		word = strings.TrimSpace(word)
		if a, err := netip.ParseAddr(word); err == nil {
			*p = append(*p, netip.PrefixFrom(a.Unmap().WithZone(""), a.Unmap().BitLen()))
			continue
		}
		n, err := netip.ParsePrefix(word)
		if err != nil {
			return fmt.Errorf("%q is not a network such as 10.0.0.0/8", word)
		}
		*p = append(*p, n.Masked())
	}
	return nil
}

// number is a flag of an unsigned number.
type number uint32

func (n *number) String() string { return fmt.Sprint(uint32(*n)) }

func (n *number) Type() string { return "number" }

func (n *number) Set(s string) error {
	v, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return fmt.Errorf("%q is not a number", s)
	}
	*n = number(v)
	return nil
}

// level is a flag of a log level.
type level struct{ *zerolog.Level }

func (l *level) String() string {
	if l.Level == nil {
		return ""
	}
	return l.Level.String()
}

func (l *level) Type() string { return "level" }

func (l *level) Set(s string) error {
	switch v, err := zerolog.ParseLevel(s); {
	case err == nil && v >= zerolog.DebugLevel && v <= zerolog.ErrorLevel:
		*l.Level = v
		return nil
	}
	return fmt.Errorf("%q is none of debug, info, warn, error", s)
}
