package hook

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/hook/post"
	"github.com/portico-vco/portico/auth/secret"
)

// notPublic are the networks of the IANA registries of special-purpose addresses that are nobody's out there, and those in which an
// IPv6 address leads to an IPv4 one. Of IPv6, nothing but 2000::/3 was ever given out.
var notPublic = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
	"192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
	"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
)

var globalUnicast = netip.MustParsePrefix("2000::/3")

func prefixes(texts ...string) (list []netip.Prefix) {
	for _, text := range texts {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}

// mayCall says whether the portal may call an address: it is public, or in a network that the operator has allowed. In the clear it
// is the latter alone.
func mayCall(a netip.Addr, allowed []netip.Prefix, clear bool) bool {
	if a.Zone() != "" {
		return false
	}
	a = a.Unmap()
	if within(a, allowed) {
		return true
	}
	return !clear && !within(a, notPublic) && (a.Is4() || globalUnicast.Contains(a))
}

func within(a netip.Addr, list []netip.Prefix) bool {
	return slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(a) })
}

// The ports at which something else than a webhook may listen that understands what it should not are all below this one.
const firstPort = 1024

// checkURL refuses what a webhook cannot lead to. An address in numbers is looked at here, a name when it is called.
func checkURL(to secret.Text, allowed []netip.Prefix) error {
	u, err := url.Parse(string(to))
	clear := inTheClear(to) && len(allowed) > 0
	if err != nil || len(to) > maxURL || u.Scheme != "https" && !clear || u.Hostname() == "" || u.User != nil || u.Fragment != "" {
		return auth.BadField("url", "is not an https URL of at most %d characters, without a user and a fragment; http is for networks that the "+
			"operator has allowed", maxURL)
	}
	if strings.ContainsFunc(string(to), func(r rune) bool { return r <= ' ' || r > '~' }) {
		return auth.BadField("url", "has characters in it that no URL has")
	}
	if port, err := strconv.Atoi(u.Port()); u.Port() != "" && (err != nil || port > 65535 || port < firstPort && port != 443 && port != 80) {
		return auth.BadField("url", "has a port that is neither 443 nor at least %d", firstPort)
	}
	if a, err := netip.ParseAddr(u.Hostname()); err == nil && !mayCall(a, allowed, clear) {
		return auth.BadField("url", "has an address that is not public")
	}
	return nil
}

// inTheClear says whether a URL leads to http; schemes are of any letter case.
func inTheClear(to secret.Text) bool {
	scheme, _, _ := strings.Cut(string(to), ":")
	return strings.EqualFold(scheme, "http")
}

// The times for a message.
const (
	connectTime = 5 * time.Second
	postTime    = 15 * time.Second
)

var errNotAllowed = errors.New("the address is not public, and in no network of portico.webhook.allowedNetworks")

// A target is where a message goes.
type target struct {
	url     secret.Text
	keys    [][]byte
	allowed []netip.Prefix
	roots   *x509.CertPool
	sealed  error // why it is not known
}

// post posts a message over a connection of its own, so that its address is looked at each time. No proxy is asked, which would look
// names up itself, and nobody is followed elsewhere.
func (t *target) post(ctx context.Context, m post.Message) (int, error) {
	if t.sealed != nil {
		return 0, t.sealed
	}
	ctx, cancel := context.WithTimeout(ctx, postTime)
	defer cancel()
	client := &http.Client{CheckRedirect: post.Stay, Transport: &http.Transport{
		DialContext:            t.dialer(ctx),
		TLSClientConfig:        &tls.Config{RootCAs: t.roots, MinVersion: tls.VersionTLS12},
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: post.MaxHeader,
	}}
	return post.Send(ctx, client, string(t.url), m, t.keys...)
}

// dialer connects for a try, and ends the connection with it: the transport itself would wait for ever for a target that takes the
// connection and does not answer in TLS.
func (t *target) dialer(try context.Context) func(context.Context, string, string) (net.Conn, error) {
	d := &net.Dialer{Timeout: connectTime, Control: t.control}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := d.DialContext(ctx, network, address)
		if err == nil {
			context.AfterFunc(try, func() { c.Close() })
		}
		return c, err
	}
}

// control is asked with the address that is about to be called.
func (t *target) control(_, address string, _ syscall.RawConn) error {
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%s: %w", address, err)
	}
	if !mayCall(a.Addr(), t.allowed, inTheClear(t.url)) {
		return errNotAllowed
	}
	return nil
}

// told is what the organisation is told of a failure. That a name is known inside, that something listens there, or that the portal may
// not call it, is one and the same: a tenant could look around by asking.
func told(err error) string {
	var (
		answer      *post.AnswerError
		certificate *tls.CertificateVerificationError
		line        *net.OpError
	)
	switch {
	case errors.As(err, &answer) && answer.Status/100 == 3:
		return "the target leads elsewhere, where nobody follows"
	case errors.As(err, &answer):
		return fmt.Sprintf("the target answered %d", answer.Status)
	case errors.As(err, &certificate):
		return "the target's certificate is not good"
	case errors.As(err, &line), errors.Is(err, post.ErrSlow), errors.Is(err, post.ErrAddress):
		return "no answer in time, or none that the portal may ask for"
	case errors.Is(err, post.ErrAnswer):
		return "the target's answer cannot be understood"
	}
	return "the portal could not make the message"
}

// networks are those that the operator has allowed.
func networks(text string) (list []netip.Prefix) {
	list, _ = account.ParseNetworks(text) // it was checked when it was set
	return list
}
