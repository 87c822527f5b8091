package account

import "net/netip"

// Place is the address that callers are counted by: of IPv6 the network of 64 bits, for whoever has one address has them
// all.
func Place(source string) string {
	ip, err := netip.ParseAddr(source)
	if err != nil {
		return source
	}
	if ip = ip.Unmap().WithZone(""); ip.Is6() {
		p, _ := ip.Prefix(64)
		return p.String()
	}
	return ip.String()
}
