package token

import (
	"cmp"
	"errors"
	"net/netip"
	"slices"
	"strings"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/store"
)

// NewLimits are what a creation asks to be taken from the owner's rights. Nil is not named; an empty list is a mistake, for it could
// mean everything as well as nothing.
type NewLimits struct {
	Privileges   []string // ACTION:OBJECT
	Methods      []string // names, or FAMILY/*
	Sources      []string // addresses and networks
	EnterpriseID int64
}

// The bounds of limits. What is broader than these networks narrows next to nothing.
const (
	maxLimits  = 100
	broadestV4 = 8
	broadestV6 = 16
)

// read checks what can be checked without the store. The limits do not change after; a successor has the same.
func (n *NewLimits) read() (*auth.Limits, error) {
	if n == nil {
		return nil, nil
	}
	l := &auth.Limits{Methods: n.Methods, EnterpriseID: n.EnterpriseID}
	err := cmp.Or(checkList("privileges", n.Privileges), checkList("methods", n.Methods), checkList("sources", n.Sources))
	if err != nil {
		return nil, err
	}
	for _, word := range n.Privileges {
		v, ok := auth.ParsePrivilege(word)
		if !ok {
			return nil, auth.BadField("limits.privileges", "%q is not a privilege", word)
		}
		l.Privileges = append(l.Privileges, v)
	}
	for _, text := range n.Sources {
		p, err := source(text)
		if err != nil {
			return nil, auth.BadField("limits.sources", "%q %v", text, err)
		}
		if !slices.Contains(l.Sources, p) {
			l.Sources = append(l.Sources, p)
		}
	}
	if len(l.Privileges)+len(l.Methods)+len(l.Sources) == 0 && l.EnterpriseID == 0 {
		return nil, auth.BadField("limits", "name no limit")
	}
	return l, nil
}

func checkList(name string, list []string) error {
	path := "limits." + name
	switch {
	case list != nil && len(list) == 0:
		return auth.BadField(path, "is empty: leave it out, or name something")
	case len(list) > maxLimits:
		return auth.BadField(path, "has more than %d entries", maxLimits)
	}
	for i, word := range list {
		if slices.Contains(list[:i], word) {
			return auth.BadField(path, "names %s twice", word)
		}
	}
	return nil
}

var errBroad = errors.New("is so broad that it limits nothing")

// source reads an address or a network in the one form that calls are held against: an IPv4 address within IPv6 is that of IPv4.
func source(text string) (p netip.Prefix, err error) {
	if strings.Contains(text, "/") {
		p, err = netip.ParsePrefix(text)
	} else {
		var ip netip.Addr
		ip, err = netip.ParseAddr(text)
		p = netip.PrefixFrom(ip, ip.BitLen())
	}
	if err != nil || strings.Contains(text, "%") { // a zone means something on one machine alone
		return p, errors.New("is neither an address nor a network")
	}
	if ip := p.Addr(); ip.Is4In6() {
		if p.Bits() < 96 {
			return p, errBroad
		}
		p = netip.PrefixFrom(ip.Unmap(), p.Bits()-96)
	}
	if p.Addr().Is4() && p.Bits() < broadestV4 || p.Addr().Is6() && p.Bits() < broadestV6 {
		return p, errBroad
	}
	return p.Masked(), nil
}

// mayLimit: privileges are those that users like the owner can hold, and the enterprise is one below his tenant that the caller sees.
func (t *Tokens) mayLimit(tx store.Tx, by *auth.Principal, owner *account.User, l *auth.Limits) error {
	if l == nil {
		return nil
	}
	for _, v := range l.Privileges {
		if !auth.FullAccess(owner.Type).Grants(v) {
			return auth.BadField("limits.privileges", "%q is not a privilege of %s users", v, owner.Type)
		}
	}
	if l.EnterpriseID == 0 {
		return nil
	}
	in, ok, err := t.accounts.TenantIn(tx, auth.Enterprise, l.EnterpriseID)
	if err != nil || !ok || !by.Sees(in) || !owner.Principal(by.Call, auth.NoMeans, 0, by.Until).Above(in) {
		return cmp.Or(err, error(auth.NoTenant(by, "limits.enterpriseId")))
	}
	return nil
}

// ownDoing refuses a token with limits what would give its holder another: that could be wider, or live longer. It may be refreshed
// and rotated by itself; and its successor, which is like it, be rotated if the answer with that one's text was lost.
func ownDoing(by *auth.Principal, tok *Token, act Act) error {
	itself := tok.ID == by.MeansID && act != Download || succeeds(tok, by) && act == Rotate
	if by.Limits == nil || act == Revoke || itself && by.Means == auth.ByAPIToken {
		return nil
	}
	return auth.Errorf(auth.Forbidden, "an API token with limits may not %s another in method [%s]", act, by.Method)
}

// succeeds says whether a token is the successor of the one that the caller came by.
func succeeds(tok *Token, by *auth.Principal) bool {
	return by.Means == auth.ByAPIToken && tok.PredecessorID != 0 && tok.PredecessorID == by.MeansID
}

// lost refuses a token with limits its successor once that was used: its text has arrived, and an old one that somebody else has, too,
// shall not outlive the overlap by it. A use at another portal is known within a minute.
func (t *Tokens) lost(tx store.Tx, by *auth.Principal, tok *Token) error {
	if by.Limits == nil || !succeeds(tok, by) {
		return nil
	}
	last, err := t.lastUse(tx, tok.ID)
	if err == nil && !last.Time.IsZero() {
		err = auth.Errorf(auth.Conflict, "cannot rotate: it is in use, and is rotated by itself or by who signs in")
	}
	return err
}

// ErrElsewhere is what is told of a token that is good, and not where the call comes from.
var ErrElsewhere error = auth.Because(auth.Unauthenticated, errors.New("not from where the token may be used"), "invalid token")
