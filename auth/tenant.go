package auth

// NetworkID is the number of the one network a portal serves.
const NetworkID = 1

// A Tenant is the network, a partner or an enterprise, as far as questions of right go.
type Tenant struct {
	Type      UserType
	ID        int64
	ProxyID   int64 // of an enterprise: the partner that owns it, or 0
	Delegated Delegation
	Name      string
}

// Network is the operator's own tenant.
func Network() Tenant { return Tenant{Type: Operator, ID: NetworkID, Name: "Network"} }

// NoTenant is the one answer to a param that names no tenant, an unknown one, or one that is not the caller's to see.
func NoTenant(p *Principal, param string) *Error {
	return Errorf(NotFound, "%s is missing or not yours in call to [%s]", param, p.Method)
}

// A Delegation is a set of consents that a tenant has given to those above it.
type Delegation uint8

const (
	ToOperator      Delegation = 1 << iota // access for operator users
	UsersToOperator                        // user management for operator users
	ToProxy                                // access, user management included, for the partner's users
	SensitiveToOperator
	SensitiveToProxy
)

// Has says whether every consent in need is given; it is true for an empty need.
func (d Delegation) Has(need Delegation) bool { return d&need == need }

// With answers the set with the consents in which given or withdrawn.
func (d Delegation) With(which Delegation, given bool) Delegation {
	if given {
		return d | which
	}
	return d &^ which
}
