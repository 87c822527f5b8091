package auth

import (
	"strings"
)

// An Action is what is done to an object.
type Action uint8

const (
	Create Action = 1 << iota
	Read
	Update
	Delete
	do // a privilege without an object
)

var actions = map[Action]string{Create: "CREATE", Read: "READ", Update: "UPDATE", Delete: "DELETE"}

// An Object is what privileges are about. The names are the published ones.
type Object string

// The objects that methods of this portal ask for.
const (
	EnterpriseObject     Object = "ENTERPRISE"
	EnterpriseUser       Object = "ENTERPRISE_USER"
	EnterpriseToken      Object = "ENTERPRISE_TOKEN"
	EnterpriseEvent      Object = "ENTERPRISE_EVENT"
	EnterpriseDelegation Object = "ENTERPRISE_DELEGATION"
	EnterpriseKeys       Object = "ENTERPRISE_KEYS"
	EnterpriseProfile    Object = "ENTERPRISE_PROFILE"
	EnterpriseAlert      Object = "ENTERPRISE_ALERT"
	OperatorUser         Object = "OPERATOR_USER"
	OperatorToken        Object = "OPERATOR_TOKEN"
	OperatorEvent        Object = "OPERATOR_EVENT"
	ProxyObject          Object = "PROXY"
	ProxyDelegation      Object = "ENTERPRISE_PROXY_DELEGATION"
	ProxyUser            Object = "PROXY_USER"
	ProxyToken           Object = "PROXY_TOKEN"
	ProxyEvent           Object = "PROXY_EVENT"
	SystemProperty       Object = "SYSTEM_PROPERTY"
	SelfSSHKey           Object = "SELF_SSH_KEY"
	OperatorSSHKey       Object = "OPERATOR_SSH_KEY"
	PartnerSSHKey        Object = "PARTNER_SSH_KEY"
	EnterpriseSSHKey     Object = "ENTERPRISE_SSH_KEY"
	OperatorRole         Object = "OPERATOR_SCOPED_ROLE"
	MSPRole              Object = "MSP_SCOPED_ROLE"
	EnterpriseRole       Object = "ENTERPRISE_SCOPED_ROLE"
	NetworkObject        Object = "NETWORK"
	RolePackage          Object = "ROLE_CUSTOMIZATION_PACKAGE"
	OAuthApp             Object = "OAUTH_APP"
	APIClient            Object = "API_CLIENT"
	Credential           Object = "CREDENTIAL"
	UserGroup            Object = "USER_GROUP"
	Webhook              Object = "WEBHOOK"
)

// A Privilege is an action on an object.
type Privilege struct {
	Action Action
	Object Object
}

// On makes a privilege: auth.Read.On(auth.EnterpriseUser).
func (a Action) On(o Object) Privilege { return Privilege{a, o} }

// Do makes a privilege without an object, such as EDIT_RESTRICTED_SYSTEM_PROPERTIES.
func Do(name string) Privilege { return Privilege{do, Object(name)} }

// EditRestricted is needed to change a restricted system property.
var EditRestricted = Do("EDIT_RESTRICTED_SYSTEM_PROPERTIES")

// CustomizeRoles is needed to change what the roles of a tenant of type t, and of those below it, may do.
func CustomizeRoles(t UserType) Privilege {
	return Do([...]string{
		Operator: "MODIFY_NETWORK_CUSTOM_ROLES", MSP: "MODIFY_ENTERPRISE_PROXY_CUSTOM_ROLES", Enterprise: "MODIFY_ENTERPRISE_CUSTOM_ROLES",
	}[t])
}

// String is the form refusals name: ACTION:OBJECT, or the action alone.
func (p Privilege) String() string {
	if p.Action == do {
		return string(p.Object)
	}
	return actions[p.Action] + ":" + string(p.Object)
}

// ActionName is the action's published name: NONE for a privilege without an object.
func (p Privilege) ActionName() string {
	if p.Action == do {
		return "NONE"
	}
	return actions[p.Action]
}

// HasObject is false for a privilege like EDIT_RESTRICTED_SYSTEM_PROPERTIES: its name says it all.
func (p Privilege) HasObject() bool { return p.Action != do }

// MarshalText keeps the word in records.
func (p Privilege) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// ParsePrivilege reads the word of a privilege that a role may hold.
func ParsePrivilege(word string) (Privilege, bool) {
	p, ok := byWord[word]
	return p, ok
}

// UnmarshalText reads a privilege. One that no role may hold, such as that of another version of the portal, is read as none.
func (p *Privilege) UnmarshalText(b []byte) error {
	*p = byWord[string(b)]
	return nil
}

// parseActions reads the letters C, R, U and D.
func parseActions(s string) (a Action, ok bool) {
	for _, r := range s {
		i := strings.IndexRune("CRUD", r)
		if i < 0 {
			return 0, false
		}
		a |= 1 << i
	}
	return a, true
}

// UserObject is the object that users of a type are.
func UserObject(t UserType) Object {
	return map[UserType]Object{Operator: OperatorUser, MSP: ProxyUser, Enterprise: EnterpriseUser}[t]
}

// TokenObject is the object that API tokens of users of a type are.
func TokenObject(t UserType) Object {
	return map[UserType]Object{Operator: OperatorToken, MSP: ProxyToken, Enterprise: EnterpriseToken}[t]
}

// EventObject is the object that the events in the record of a tenant of type t are.
func EventObject(t UserType) Object {
	return map[UserType]Object{Operator: OperatorEvent, MSP: ProxyEvent, Enterprise: EnterpriseEvent}[t]
}

// SSHKeyObject is the object that SSH keys of users of a type are to others; to the user himself they are SelfSSHKey.
func SSHKeyObject(t UserType) Object {
	return map[UserType]Object{Operator: OperatorSSHKey, MSP: PartnerSSHKey, Enterprise: EnterpriseSSHKey}[t]
}

// RoleObject is the object that roles made at a tenant of type t are.
func RoleObject(t UserType) Object {
	return map[UserType]Object{Operator: OperatorRole, MSP: MSPRole, Enterprise: EnterpriseRole}[t]
}
