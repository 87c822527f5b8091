package portal

import (
	"encoding/json"
	"errors"
	"net/netip"
	"slices"
	"strings"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/token"
	"github.com/portico-vco/portico/rpc"
)

// TokenLimits are what an API token leaves of its owner's rights. What is not named is not limited.
type TokenLimits struct {
	Privileges   []string `json:"privileges" doc:"ACTION:OBJECT; what is not named is not held."`
	Methods      []string `json:"methods" doc:"Names of methods, FAMILY/* for a family, or auth/check for gateways."`
	Sources      []string `json:"sources" doc:"Addresses and networks, of IPv4 or IPv6, that calls may come from."`
	EnterpriseID *rpc.ID  `json:"enterpriseId" doc:"Of an operator's or a partner's token: the only enterprise that it is good for."`
}

func tokenLimits(l *auth.Limits) *TokenLimits {
	if l == nil {
		return nil
	}
	out := &TokenLimits{
		Privileges: []string{}, Methods: append([]string{}, l.Methods...), Sources: []string{}, EnterpriseID: ref(l.EnterpriseID),
	}
	for _, v := range l.Privileges {
		out.Privileges = append(out.Privileges, v.String())
	}
	for _, p := range l.Sources {
		out.Sources = append(out.Sources, shortest(p))
	}
	return out
}

// shortest is an address, or a network.
func shortest(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}

// NewTokenLimits read themselves: a member that nobody knows may be a limit that was misspelt, and what is spelt in other letter case, or
// an enterprise without a number, would leave one out that somebody meant.
type NewTokenLimits struct{ TokenLimits }

var limitNames = []string{"privileges", "methods", "sources", "enterpriseId"}

// UnmarshalJSON refuses what it does not know.
func (l *NewTokenLimits) UnmarshalJSON(b []byte) error {
	var members map[string]json.RawMessage
	err := json.Unmarshal(b, &members)
	for name := range members {
		if !slices.Contains(limitNames, name) {
			err = errNoLimits
		}
	}
	if err != nil || json.Unmarshal(b, &l.TokenLimits) != nil {
		return errNoLimits
	}
	if l.EnterpriseID != nil && *l.EnterpriseID <= 0 {
		return errors.New("must not name an enterpriseId that is none")
	}
	return nil
}

var errNoLimits = errors.New("must be an object of privileges, methods, sources and enterpriseId alone")

// Schema is that of the limits, and nothing besides.
func (NewTokenLimits) Schema(narrow bool) rpc.Schema {
	s := rpc.SchemaOf[TokenLimits](narrow)
	delete(s, "required")
	s["additionalProperties"] = false
	return s
}

func (l *NewTokenLimits) account() *token.NewLimits {
	if l == nil {
		return nil
	}
	n := &token.NewLimits{Privileges: l.Privileges, Methods: l.Methods, Sources: l.Sources}
	if l.EnterpriseID != nil {
		n.EnterpriseID = int64(*l.EnterpriseID)
	}
	return n
}

// known refuses the name of a method that there is not, or that is closed to such tokens.
func (p Portal) known(l *token.NewLimits) error {
	if l == nil {
		return nil
	}
	for _, name := range l.Methods {
		is := func(m rpc.Method) bool {
			return (m.Name == name || strings.Contains(m.Name, "/") && auth.Family(m.Name) == name) && !m.Rule.IsPublic() && !m.Rule.IsWhole()
		}
		if name != rpc.GatePath && !slices.ContainsFunc(*p.rows, is) {
			return auth.BadField("limits.methods", "%q is no method that API tokens with limits are for", name)
		}
	}
	return nil
}
