package rpc

import (
	"net/http"
	"net/netip"
	"strings"
)

// origin tells where a request comes from and whether it came over TLS. What headers say about it counts only when the
// peer is a trusted proxy.
func (s *Server) origin(r *http.Request) (source string, tls bool) {
	source, tls = host(r.RemoteAddr), r.TLS != nil
	if len(s.o.TrustedProxies) == 0 {
		return source, tls
	}
	peer, ok := address(source)
	if !ok || !s.trusts(peer) {
		return source, tls
	}
	if p := lastOf(r.Header["X-Forwarded-Proto"]); p != "" {
		tls = strings.EqualFold(p, "https")
	}
	return s.forwardedFor(peer, r.Header["X-Forwarded-For"]).String(), tls
}

// relayed says whether a header tells of a proxy. Nobody needs to be trusted for that: who adds such a header gains nothing.
func relayed(h http.Header) bool {
	for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Proto", "Forwarded", "Via"} {
		if len(h[name]) > 0 {
			return true
		}
	}
	return false
}

// forwardedFor walks from the right past trusted hops: what stands left of the first other one may be made up.
func (s *Server) forwardedFor(from netip.Addr, headers []string) netip.Addr {
	hops := strings.Split(strings.Join(headers, ","), ",")
	for i := len(hops) - 1; i >= 0 && s.trusts(from); i-- {
		a, ok := address(host(strings.TrimSpace(hops[i])))
		if !ok {
			break
		}
		from = a
	}
	return from
}

func (s *Server) trusts(a netip.Addr) bool {
	for _, p := range s.o.TrustedProxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

func address(s string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(s)
	return a.Unmap().WithZone(""), err == nil
}

// host is an address without its port, if it has one, and without brackets.
func host(s string) string {
	if strings.HasPrefix(s, "[") {
		inside, _, _ := strings.Cut(s[1:], "]")
		return inside
	}
	if before, _, ok := strings.Cut(s, ":"); ok && strings.Count(s, ":") == 1 {
		return before
	}
	return s
}

// lastOf is the last word of a header that lists words: the one the nearest proxy wrote.
func lastOf(headers []string) string {
	if len(headers) == 0 {
		return ""
	}
	last := headers[len(headers)-1]
	return strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:])
}
