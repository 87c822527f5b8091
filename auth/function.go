package auth

import "strings"

// A Function is a functional role: a set of privileges that belong together. Roles are made of functions, and functions are
// what customizations change.
type Function struct {
	ID          int64
	Name        string
	UserType    UserType
	IsSuper     bool // full access: never customized, and in no role but the predefined superusers'
	Global      bool // of the portal's own settings: tenants, users, roles, properties. A role needs at least one such
	Precedence  int
	Description string
	column      int64 // the predefined role whose column of the matrix this is a part of; 0 for none
	grants      map[Object]Action
}

// Functions are all functional roles in the order of their numbers, which never change.
var Functions = []*Function{
	full(101, Operator, "Operator Full Access", OperatorSuperuser),
	sdwan(102, Operator, "SD-WAN Operator Admin", 2, 2), global(103, Operator, "Global Settings Operator Admin", 2, 2),
	sdwan(104, Operator, "SD-WAN Operator Business", 3, 4), global(105, Operator, "Global Settings Operator Business", 3, 4),
	sdwan(106, Operator, "SD-WAN Operator Support", 4, 3), global(107, Operator, "Global Settings Operator Support", 4, 3),
	developer(108, Operator, "Operator Developer"),
	full(111, MSP, "MSP Full Access", MSPSuperuser),
	sdwan(112, MSP, "SD-WAN MSP Admin", 2, 6), global(113, MSP, "Global Settings MSP Admin", 2, 6),
	sdwan(114, MSP, "SD-WAN MSP Business", 3, 8), global(115, MSP, "Global Settings MSP Business", 3, 8),
	sdwan(116, MSP, "SD-WAN MSP Support", 4, 7), global(117, MSP, "Global Settings MSP Support", 4, 7),
	developer(118, MSP, "MSP Developer"),
	full(121, Enterprise, "Enterprise Full Access", EnterpriseSuperuser),
	sdwan(122, Enterprise, "SD-WAN Enterprise Admin", 2, 10), global(123, Enterprise, "Global Settings Enterprise Admin", 2, 10),
	sdwan(124, Enterprise, "SD-WAN Enterprise Support", 4, 11), global(125, Enterprise, "Global Settings Enterprise Support", 4, 11),
	sdwan(126, Enterprise, "SD-WAN Read Only", 5, 12), global(127, Enterprise, "Global Settings Read Only", 5, 12),
	developer(128, Enterprise, "Enterprise Developer"),
}

func full(id int64, t UserType, name string, column int64) *Function {
	return &Function{ID: id, UserType: t, Name: name, IsSuper: true, Global: true, Precedence: 1, column: column,
		Description: "Everything that users of this type may do", grants: map[Object]Action{}}
}

func sdwan(id int64, t UserType, name string, precedence int, column int64) *Function {
	return &Function{ID: id, UserType: t, Name: name, Precedence: precedence, column: column,
		Description: "Devices, their configuration and what they report", grants: map[Object]Action{}}
}

func global(id int64, t UserType, name string, precedence int, column int64) *Function {
	return &Function{ID: id, UserType: t, Name: name, Global: true, Precedence: precedence, column: column,
		Description: "Tenants, users, roles, tokens, properties and events", grants: map[Object]Action{}}
}

func developer(id int64, t UserType, name string) *Function {
	return &Function{ID: id, UserType: t, Name: name, Precedence: 5,
		Description: "OAuth apps", grants: map[Object]Action{OAuthApp: Create | Read | Update | Delete}}
}

// FunctionByID answers a functional role, or nil.
func FunctionByID(id int64) *Function {
	for _, f := range Functions {
		if f.ID == id {
			return f
		}
	}
	return nil
}

// FunctionNamed answers the functional role of that name for users of a type, letter case aside, or nil.
func FunctionNamed(t UserType, name string) *Function {
	for _, f := range Functions {
		if f.UserType == t && strings.EqualFold(f.Name, name) {
			return f
		}
	}
	return nil
}

// FullAccess is the functional role of the superusers of a type.
func FullAccess(t UserType) *Function {
	for _, f := range Functions {
		if f.IsSuper && f.UserType == t {
			return f
		}
	}
	return nil
}

// Grants says whether the function has the privilege before any customization.
func (f *Function) Grants(v Privilege) bool { return f.grants[v.Object]&v.Action != 0 }
