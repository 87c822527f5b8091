package auth

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// matrix is the object x role table: C create, R read, U update, D delete, - none, yes a privilege without object.
// The suffix d: only while the tenant below has delegated; d*: only with its consent to sensitive data.
// In front: the number by which customizations name the object's privileges, never given to another; and the area, which
// says in which of a role's functional roles they are.
// Columns: operator Superuser, Standard, Business, Support; MSP the same four; enterprise Superuser, Standard, Support, Read Only.
const matrix = `
1 global OPERATOR_USER                        CRUD R R R - - - - - - - -
 2 global OPERATOR_TOKEN                       CRU CRU CRU CRU - - - - - - - -
 3 global OPERATOR_EVENT                       R R - R - - - - - - - -
 4 sdwan  OPERATOR_PROFILE                     CRUD CRUD R R - - - - - - - -
 5 global OPERATOR_SCOPED_ROLE                 CRUD R - R - - - - - - - -
 6 global NETWORK                              RU R R R - - - - - - - -
 7 global SYSTEM_PROPERTY                      CRUD R - R - - - - - - - -
 8 sdwan  SOFTWARE_PACKAGE                     CRUD CRUD R R R R R R - - - -
 9 global REPLICATION                          CR R - R - - - - - - - -
10 global VCO_DIAGNOSTICS                      R R - R - - - - - - - -
11 sdwan  GATEWAY                              CRUD CRUD R R CRU CRU - R - - - -
12 sdwan  GATEWAY_MIGRATION                    R R - R R R - R R R - -
13 global PROXY                                CRUD CRUD CRUD R RU RU R R - - - -
14 global PROXY_USER                           CRUDd CRUDd Rd Rd CRUD R R R - - - -
15 global PROXY_TOKEN                          CRU R R R CRU CRU - CRU - - - -
16 global PROXY_EVENT                          R R - R R R R R - - - -
17 global MSP_SCOPED_ROLE                      CRUD R - R CRUD R - R - - - -
18 global ENTERPRISE_PROXY_DELEGATION          - - - - U - - - - - - -
19 global ENTERPRISE                           CRUD CRUD RUD R CRUD CRUD RUD R RU RU R R
20 global ENTERPRISE_USER                      CRUDd CRUDd Rd Rd CRUDd CRUDd Rd Rd CRUD R R R
21 global ENTERPRISE_TOKEN                     CRUd Rd Rd Rd CRUd Rd Rd Rd CRU CRU CRU -
22 global ENTERPRISE_EVENT                     Rd Rd Rd Rd Rd Rd Rd Rd R R R R
23 sdwan  ENTERPRISE_ALERT                     CRUd CRUd Rd Rd CRUd CRUd Rd Rd CRU CRU R R
24 global ENTERPRISE_DELEGATION                - - - - - - - - U - - -
25 sdwan  ENTERPRISE_KEYS                      CRUd CRUd - - CRUd CRUd - - CRU CRU - -
26 global ENTERPRISE_SCOPED_ROLE               CRUD R - R CRUD R - R CRUD R R R
27 sdwan  ENTERPRISE_PROFILE                   CRUDd CRUDd Rd Rd CRUDd CRUDd Rd Rd CRUD CRUD R R
28 sdwan  EDGE                                 CRUDd CRUDd Rd Rd CRUDd CRUDd Rd Rd CRUD CRUD R R
29 sdwan  INVENTORY                            CRUD CRUD R R CRUD CRUD R R RU RU R R
30 sdwan  NETWORK_SERVICE                      CRUDd CRUDd Rd Rd CRUDd CRUDd Rd Rd CRUD CRUD R R
31 sdwan  NETWORK_ALLOCATION                   CRUDd CRUDd Rd Rd CRUDd CRUDd Rd Rd CRUD CRUD R R
32 sdwan  OBJECT_GROUP                         CRUDd CRUDd Rd Rd CRUDd CRUDd Rd Rd CRUD CRUD R R
33 sdwan  CLIENT_DEVICE                        Ud Ud - - Ud Ud - - U U - -
34 global ROLE_CUSTOMIZATION_PACKAGE           CRU R - R CRU R - R CRU R - -
35 global SELF_SSH_KEY                         CRD CRD CRD CRD CRD CRD CRD CRD CRD CRD CRD -
36 global OPERATOR_SSH_KEY                     RD - - - - - - - - - - -
37 global PARTNER_SSH_KEY                      RD - - - RD - - - - - - -
38 global ENTERPRISE_SSH_KEY                   RDd - - - RDd - - - RD - - -
39 sdwan  VIEW_FLOW_STATS                      yesd yesd yesd yesd yesd yesd yesd yesd yes yes yes yes
40 sdwan  VIEW_USER_IDENTIFIABLE_FLOW_STATS    yesd* yesd* - - yesd* yesd* - - yes yes - -
41 sdwan  VIEW_PATH_STATS                      yesd yesd - yesd yesd yesd - yesd yes yes yes -
42 sdwan  VIEW_FIREWALL_LOGS                   yesd yesd - yesd yesd yesd - yesd yes yes yes yes
43 sdwan  MODIFY_EDGE_ACCESS_MODE              yesd yesd - - yesd yesd - - yes - - -
44 global MODIFY_NETWORK_CUSTOM_ROLES          yes - - - - - - - - - - -
45 global MODIFY_ENTERPRISE_PROXY_CUSTOM_ROLES yes - - - yes - - - - - - -
46 global MODIFY_ENTERPRISE_CUSTOM_ROLES       yes - - - yes - - - yes - - -
47 global EDIT_RESTRICTED_SYSTEM_PROPERTIES    yes - - - - - - - - - - -
48 global OAUTH_APP                            CRUDd Rd - - CRUDd Rd - - CRUD R - -
49 global API_CLIENT                           CRUDd Rd - - CRUDd Rd - - CRUD R - -
50 global CREDENTIAL                           CRUDd Rd Rd Rd CRUDd Rd Rd Rd CRUD R R R
51 global USER_GROUP                           CRUDd Rd - - CRUDd Rd - - CRUD R - -
52 global WEBHOOK                              CRUDd CRUDd - Rd CRUDd CRUDd - Rd CRUD CRUD R -
`

// columns name the roles of the matrix from left to right.
var columns = []int64{1, 2, 4, 3, 5, 6, 8, 7, 9, 10, 11, 12}

// A condition says which consents the privileges on an object take on a tenant below. It is the same for all roles of a type
// of users.
type condition struct {
	delegated bool // "d": by the access flag, or the user management flag where the object is users or tokens
	sensitive bool // "d*": by the sensitive-data flag
}

var (
	privileges []Privilege // in the order of their numbers
	numbers    = make(map[Privilege]int64)
	byWord     = make(map[string]Privilege)
	byNumber   = make(map[int64]Privilege)
	conditions = [...]map[Object]condition{Operator: {}, MSP: {}, Enterprise: {}}
)

// Privileges are all that a role may hold, in the order of their numbers.
func Privileges() []Privilege { return slices.Clone(privileges) }

// Number is that by which customizations name the privilege; 0 for none that a role may hold.
func (p Privilege) Number() int64 { return numbers[p] }

// PrivilegeByNumber answers the privilege of that number.
func PrivilegeByNumber(n int64) (p Privilege, ok bool) {
	p, ok = byNumber[n]
	return p, ok
}

// The matrix is poured into the functional roles once; a mistake in it is a programmer's and stops the program before it serves.
func init() {
	for line := range strings.Lines(strings.TrimSpace(matrix)) {
		cells := strings.Fields(line)
		if len(cells) != 3+len(columns) {
			panic(fmt.Sprintf("auth: matrix row %q has %d cells", line, len(cells)))
		}
		n, err := strconv.ParseInt(cells[0], 10, 64)
		if err != nil || cells[1] != "sdwan" && cells[1] != "global" {
			panic(fmt.Sprintf("auth: matrix row %q has no number or no area", line))
		}
		object, all := Object(cells[2]), Action(0)
		for i, cell := range cells[3:] {
			all |= pour(columns[i], cells[1] == "global", object, cell)
		}
		number(n, object, all)
	}
}

// pour gives the functional roles behind a column what the cell says, and answers the actions in it.
func pour(role int64, global bool, o Object, cell string) Action {
	letters, sensitive := strings.CutSuffix(cell, "d*")
	letters, delegated := strings.CutSuffix(letters, "d")
	var actions Action
	switch a, ok := parseActions(letters); {
	case letters == "-":
		return 0
	case letters == "yes":
		actions = do
	case ok:
		actions = a
	default:
		panic(fmt.Sprintf("auth: matrix cell %q of %s", cell, o))
	}
	for _, f := range Functions {
		if f.column != role || !f.IsSuper && f.Global != global {
			continue
		}
		f.grants[o] = actions
		c := condition{delegated: delegated, sensitive: sensitive}
		if was, known := conditions[f.UserType][o]; known && was != c {
			panic(fmt.Sprintf("auth: matrix row %s has two conditions for %s users", o, f.UserType))
		}
		conditions[f.UserType][o] = c
	}
	return actions
}

// number gives the privileges of a row the numbers by which they are known.
func number(n int64, o Object, all Action) {
	for i, a := range []Action{do, Create, Read, Update, Delete} {
		if all&a == 0 {
			continue
		}
		p := a.On(o)
		numbers[p], byWord[p.String()] = 10*n+int64(i), p
		byNumber[numbers[p]] = p
		privileges = append(privileges, p)
	}
}
