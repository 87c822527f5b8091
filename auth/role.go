package auth

import (
	"fmt"
	"strings"
)

// A Role is a named set of privileges. The twelve predefined ones live in code; their numbers never change.
type Role struct {
	ID          int64
	Name        string
	UserType    UserType
	IsSuper     bool
	Precedence  int  // lower is stronger, over all user types
	NoAPITokens bool // neither created for nor used by
	Description string
	grants      map[Object]grant
}

// A grant is what a role may do to an object, and which consents that takes on a tenant below.
type grant struct {
	actions   Action
	delegated bool // "d": by the access flag, or the user management flag where the object is users or tokens
	sensitive bool // "d*": by the sensitive-data flag
}

// Roles are the predefined roles in the order of their numbers.
var Roles = []*Role{
	{ID: 1, Name: "Operator Superuser", UserType: Operator, IsSuper: true, Precedence: 1, Description: "Full access to the portal"},
	{ID: 2, Name: "Operator Standard Admin", UserType: Operator, Precedence: 2, Description: "Manages customers and partners"},
	{ID: 3, Name: "Operator Support", UserType: Operator, Precedence: 4, Description: "Reads what the operator sees"},
	{ID: 4, Name: "Operator Business", UserType: Operator, Precedence: 3, Description: "Manages partners and customer contracts"},
	{ID: 5, Name: "MSP Superuser", UserType: MSP, IsSuper: true, Precedence: 1, Description: "Full access to the partner"},
	{ID: 6, Name: "MSP Standard Admin", UserType: MSP, Precedence: 2, Description: "Manages the partner's customers"},
	{ID: 7, Name: "MSP Support", UserType: MSP, Precedence: 4, Description: "Reads what the partner sees"},
	{ID: 8, Name: "MSP Business", UserType: MSP, Precedence: 3, NoAPITokens: true, Description: "Manages customer contracts; no API tokens"},
	{ID: 9, Name: "Enterprise Superuser", UserType: Enterprise, IsSuper: true, Precedence: 1, Description: "Full access to the enterprise"},
	{ID: 10, Name: "Enterprise Standard Admin", UserType: Enterprise, Precedence: 2, Description: "Manages the enterprise, except its users"},
	{ID: 11, Name: "Enterprise Support", UserType: Enterprise, Precedence: 4, Description: "Reads the enterprise's configuration"},
	{ID: 12, Name: "Enterprise Read Only", UserType: Enterprise, Precedence: 5, NoAPITokens: true, Description: "Reads the enterprise; no API tokens"},
}

// The numbers of the three superuser roles.
const (
	OperatorSuperuser   = 1
	MSPSuperuser        = 5
	EnterpriseSuperuser = 9
)

// RoleByID answers a predefined role, or nil.
func RoleByID(id int64) *Role {
	if id < 1 || id > int64(len(Roles)) {
		return nil
	}
	return Roles[id-1]
}

// Grants says whether the role holds the privilege at all, delegation left aside.
func (r *Role) Grants(v Privilege) bool {
	return r.grants[v.Object].actions&v.Action != 0
}

// Needs answers the consent that the role's privilege takes on a tenant of type t below it.
func (r *Role) Needs(v Privilege, t UserType) Delegation {
	g := r.grants[v.Object]
	switch {
	case g.sensitive && r.UserType == MSP:
		return SensitiveToProxy
	case g.sensitive:
		return SensitiveToOperator
	case !g.delegated:
		return 0
	case r.UserType == MSP:
		return ToProxy
	case t == Enterprise && (v.Object == EnterpriseUser || v.Object == EnterpriseToken):
		return UsersToOperator
	}
	return ToOperator
}

// columns name the roles of the matrix from left to right.
var columns = []int64{1, 2, 4, 3, 5, 6, 8, 7, 9, 10, 11, 12}

// matrix is the object x role table: C create, R read, U update, D delete, - none, yes a privilege without object.
// The suffix d: only while the tenant below has delegated; d*: only with its consent to sensitive data.
// Columns: operator Superuser, Standard, Business, Support; MSP the same four; enterprise Superuser, Standard, Support, Read Only.
const matrix = `
OPERATOR_USER               CRUD R R R - - - - - - - -
OPERATOR_TOKEN              CRU CRU CRU CRU - - - - - - - -
OPERATOR_EVENT              R R - R - - - - - - - -
OPERATOR_PROFILE            CRUD CRUD R R - - - - - - - -
OPERATOR_SCOPED_ROLE        CRUD R - R - - - - - - - -
NETWORK                     RU R R R - - - - - - - -
SYSTEM_PROPERTY             CRUD R - R - - - - - - - -
SOFTWARE_PACKAGE            CRUD CRUD R R R R R R - - - -
REPLICATION                 CR R - R - - - - - - - -
VCO_DIAGNOSTICS             R R - R - - - - - - - -
GATEWAY                     CRUD CRUD R R CRU CRU - R - - - -
GATEWAY_MIGRATION           R R - R R R - R R R - -
PROXY                       CRUD CRUD CRUD R RU RU R R - - - -
PROXY_USER                  CRUDd CRUDd Rd Rd CRUD R R R - - - -
PROXY_TOKEN                 CRU R R R CRU CRU - CRU - - - -
PROXY_EVENT                 R R - R R R R R - - - -
MSP_SCOPED_ROLE             CRUD R - R CRUD R - R - - - -
ENTERPRISE_PROXY_DELEGATION - - - - U - - - - - - -
ENTERPRISE                  CRUD CRUD RUD R CRUD CRUD RUD R RU RU R R
ENTERPRISE_USER             CRUDd CRUDd Rd Rd CRUDd CRUDd Rd Rd CRUD R R R
ENTERPRISE_TOKEN            CRUd Rd Rd Rd CRUd Rd Rd Rd CRU CRU CRU -
ENTERPRISE_EVENT            Rd Rd Rd Rd Rd Rd Rd Rd R R R R
ENTERPRISE_ALERT            CRUd CRUd Rd Rd CRUd CRUd Rd Rd CRU CRU R R
ENTERPRISE_DELEGATION       - - - - - - - - U - - -
ENTERPRISE_KEYS             CRUd CRUd - - CRUd CRUd - - CRU CRU - -
ENTERPRISE_SCOPED_ROLE      CRUD R - R CRUD R - R CRUD R R R
ENTERPRISE_PROFILE          CRUDd CRUDd Rd Rd CRUDd CRUDd Rd Rd CRUD CRUD R R
EDGE                        CRUDd CRUDd Rd Rd CRUDd CRUDd Rd Rd CRUD CRUD R R
INVENTORY                   CRUD CRUD R R CRUD CRUD R R RU RU R R
NETWORK_SERVICE             CRUDd CRUDd Rd Rd CRUDd CRUDd Rd Rd CRUD CRUD R R
NETWORK_ALLOCATION          CRUDd CRUDd Rd Rd CRUDd CRUDd Rd Rd CRUD CRUD R R
OBJECT_GROUP                CRUDd CRUDd Rd Rd CRUDd CRUDd Rd Rd CRUD CRUD R R
CLIENT_DEVICE               Ud Ud - - Ud Ud - - U U - -
ROLE_CUSTOMIZATION_PACKAGE  CRU R - R CRU R - R CRU R - -
SELF_SSH_KEY                CRD CRD CRD CRD CRD CRD CRD CRD CRD CRD CRD -
OPERATOR_SSH_KEY            RD - - - - - - - - - - -
PARTNER_SSH_KEY             RD - - - RD - - - - - - -
ENTERPRISE_SSH_KEY          RDd - - - RDd - - - RD - - -
VIEW_FLOW_STATS             yesd yesd yesd yesd yesd yesd yesd yesd yes yes yes yes
VIEW_USER_IDENTIFIABLE_FLOW_STATS yesd* yesd* - - yesd* yesd* - - yes yes - -
VIEW_PATH_STATS             yesd yesd - yesd yesd yesd - yesd yes yes yes -
VIEW_FIREWALL_LOGS          yesd yesd - yesd yesd yesd - yesd yes yes yes yes
MODIFY_EDGE_ACCESS_MODE     yesd yesd - - yesd yesd - - yes - - -
MODIFY_NETWORK_CUSTOM_ROLES yes - - - - - - - - - - -
MODIFY_ENTERPRISE_PROXY_CUSTOM_ROLES yes - - - yes - - - - - - -
MODIFY_ENTERPRISE_CUSTOM_ROLES yes - - - yes - - - yes - - -
EDIT_RESTRICTED_SYSTEM_PROPERTIES yes - - - - - - - - - - -
`

// The matrix is poured into the roles once; a mistake in it is a programmer's and stops the program before it serves.
func init() {
	for line := range strings.Lines(strings.TrimSpace(matrix)) {
		cells := strings.Fields(line)
		if len(cells) != 1+len(columns) {
			panic(fmt.Sprintf("auth: matrix row %q has %d cells", cells[0], len(cells)))
		}
		for i, cell := range cells[1:] {
			pour(RoleByID(columns[i]), Object(cells[0]), cell)
		}
	}
}

func pour(r *Role, o Object, cell string) {
	if r.grants == nil {
		r.grants = make(map[Object]grant)
	}
	letters, sensitive := strings.CutSuffix(cell, "d*")
	letters, delegated := strings.CutSuffix(letters, "d")
	g := grant{delegated: delegated, sensitive: sensitive}
	switch a, ok := parseActions(letters); {
	case letters == "-":
		return
	case letters == "yes":
		g.actions = do
	case ok:
		g.actions = a
	default:
		panic(fmt.Sprintf("auth: matrix cell %q of %s", cell, o))
	}
	r.grants[o] = g
}
