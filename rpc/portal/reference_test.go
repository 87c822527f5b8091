package portal_test

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/portico-vco/portico/auth"
)

// reference is the published matrix of objects and roles (portal.md 5.6), copied by hand: C create, R read, U update, D delete;
// d: on a tenant below only by its consent, d*: by that to see sensitive data. The last five rows are this portal's own.
const reference = `
object                      OSU   OSA   OBU  OSP  MSU   MSA   MBU MSP ESU  ESA  ESP ERO
OPERATOR_USER               CRUD  R     R    R    -     -     -   -   -    -    -   -
OPERATOR_TOKEN              CRU   CRU   CRU  CRU  -     -     -   -   -    -    -   -
OPERATOR_EVENT              R     R     -    R    -     -     -   -   -    -    -   -
OPERATOR_PROFILE            CRUD  CRUD  R    R    -     -     -   -   -    -    -   -
OPERATOR_SCOPED_ROLE        CRUD  R     -    R    -     -     -   -   -    -    -   -
NETWORK                     RU    R     R    R    -     -     -   -   -    -    -   -
SYSTEM_PROPERTY             CRUD  R     -    R    -     -     -   -   -    -    -   -
SOFTWARE_PACKAGE            CRUD  CRUD  R    R    R     R     R   R   -    -    -   -
REPLICATION                 CR    R     -    R    -     -     -   -   -    -    -   -
VCO_DIAGNOSTICS             R     R     -    R    -     -     -   -   -    -    -   -
GATEWAY                     CRUD  CRUD  R    R    CRU   CRU   -   R   -    -    -   -
GATEWAY_MIGRATION           R     R     -    R    R     R     -   R   R    R    -   -
PROXY                       CRUD  CRUD  CRUD R    RU    RU    R   R   -    -    -   -
PROXY_USER                  CRUDd CRUDd Rd   Rd   CRUD  R     R   R   -    -    -   -
PROXY_TOKEN                 CRU   R     R    R    CRU   CRU   -   CRU -    -    -   -
PROXY_EVENT                 R     R     -    R    R     R     R   R   -    -    -   -
MSP_SCOPED_ROLE             CRUD  R     -    R    CRUD  R     -   R   -    -    -   -
ENTERPRISE_PROXY_DELEGATION -     -     -    -    U     -     -   -   -    -    -   -
ENTERPRISE                  CRUD  CRUD  RUD  R    CRUD  CRUD  RUD R   RU   RU   R   R
ENTERPRISE_USER             CRUDd CRUDd Rd   Rd   CRUDd CRUDd Rd  Rd  CRUD R    R   R
ENTERPRISE_TOKEN            CRUd  Rd    Rd   Rd   CRUd  Rd    Rd  Rd  CRU  CRU  CRU -
ENTERPRISE_EVENT            Rd    Rd    Rd   Rd   Rd    Rd    Rd  Rd  R    R    R   R
ENTERPRISE_ALERT            CRUd  CRUd  Rd   Rd   CRUd  CRUd  Rd  Rd  CRU  CRU  R   R
ENTERPRISE_DELEGATION       -     -     -    -    -     -     -   -   U    -    -   -
ENTERPRISE_KEYS             CRUd  CRUd  -    -    CRUd  CRUd  -   -   CRU  CRU  -   -
ENTERPRISE_SCOPED_ROLE      CRUD  R     -    R    CRUD  R     -   R   CRUD R    R   R
ENTERPRISE_PROFILE          CRUDd CRUDd Rd   Rd   CRUDd CRUDd Rd  Rd  CRUD CRUD R   R
EDGE                        CRUDd CRUDd Rd   Rd   CRUDd CRUDd Rd  Rd  CRUD CRUD R   R
INVENTORY                   CRUD  CRUD  R    R    CRUD  CRUD  R   R   RU   RU   R   R
NETWORK_SERVICE             CRUDd CRUDd Rd   Rd   CRUDd CRUDd Rd  Rd  CRUD CRUD R   R
NETWORK_ALLOCATION          CRUDd CRUDd Rd   Rd   CRUDd CRUDd Rd  Rd  CRUD CRUD R   R
OBJECT_GROUP                CRUDd CRUDd Rd   Rd   CRUDd CRUDd Rd  Rd  CRUD CRUD R   R
CLIENT_DEVICE               Ud    Ud    -    -    Ud    Ud    -   -   U    U    -   -
ROLE_CUSTOMIZATION_PACKAGE  CRU   R     -    R    CRU   R     -   R   CRU  R    -   -
SELF_SSH_KEY                CRD   CRD   CRD  CRD  CRD   CRD   CRD CRD CRD  CRD  CRD -
OPERATOR_SSH_KEY            RD    -     -    -    -     -     -   -   -    -    -   -
PARTNER_SSH_KEY             RD    -     -    -    RD    -     -   -   -    -    -   -
ENTERPRISE_SSH_KEY          RDd   -     -    -    RDd   -     -   -   RD   -    -   -
VIEW_FLOW_STATS             yesd  yesd  yesd yesd yesd  yesd  yesd yesd yes yes yes yes
VIEW_USER_IDENTIFIABLE_FLOW_STATS yesd* yesd* - - yesd* yesd* - - yes yes - -
VIEW_PATH_STATS             yesd  yesd  -    yesd yesd  yesd  -   yesd yes yes  yes -
VIEW_FIREWALL_LOGS          yesd  yesd  -    yesd yesd  yesd  -   yesd yes yes  yes yes
MODIFY_EDGE_ACCESS_MODE     yesd  yesd  -    -    yesd  yesd  -   -   yes  -    -   -
MODIFY_NETWORK_CUSTOM_ROLES yes   -     -    -    -     -     -   -   -    -    -   -
MODIFY_ENTERPRISE_PROXY_CUSTOM_ROLES yes - - - yes - - - - - - -
MODIFY_ENTERPRISE_CUSTOM_ROLES yes - - - yes - - - yes - - -
EDIT_RESTRICTED_SYSTEM_PROPERTIES yes - - - - - - - - - - -
OAUTH_APP                   CRUDd Rd    -    -    CRUDd Rd    -   -   CRUD R    -   -
API_CLIENT                  CRUDd Rd    -    -    CRUDd Rd    -   -   CRUD R    -   -
CREDENTIAL                  CRUDd Rd    Rd   Rd   CRUDd Rd    Rd  Rd  CRUD R    R   R
USER_GROUP                  CRUDd Rd    -    -    CRUDd Rd    -   -   CRUD R    -   -
WEBHOOK                     CRUDd CRUDd -    Rd   CRUDd CRUDd -   Rd  CRUD CRUD R   -
`

// Rights are the reference, read: the cells of an object by the roles' numbers.
type rights map[string]map[int]string

func readRights(text string) rights {
	m := rights{}
	for _, line := range strings.Split(strings.TrimSpace(text), "\n")[1:] {
		cells := strings.Fields(line)
		m[cells[0]] = map[int]string{}
		for i, role := range columns {
			m[cells[0]][role] = cells[i+1]
		}
	}
	return m
}

// holds says whether a role holds "ACTION:OBJECT" or "ACTION", and whether that takes a consent on a tenant below.
func (m rights) holds(role int, privilege string) (held, consent bool) {
	action, object, _ := strings.Cut(privilege, ":")
	letters := action[:1]
	if object == "" {
		letters, object = "yes", action
	}
	cell, sensitive := strings.CutSuffix(m[object][role], "d*")
	cell, delegated := strings.CutSuffix(cell, "d")
	return strings.Contains(cell, letters), sensitive || delegated
}

// granted is the reference, read.
var granted = readRights(reference)

// TestRolesAreTheReference holds every cell of the program's matrix against the reference, those that no method asks for too.
func TestRolesAreTheReference(t *testing.T) {
	for object, cells := range granted {
		for role := range cells {
			if d := granted.differs(role, object); d != "" {
				t.Error(d)
			}
		}
	}
}

// differs holds one cell against the program's role.
func (m rights) differs(role int, object string) string {
	r := auth.RoleByID(int64(role))
	privileges := map[string]auth.Privilege{object: auth.Do(object)}
	for i, action := range []auth.Action{auth.Create, auth.Read, auth.Update, auth.Delete} {
		privileges[actions[i]+":"+object] = action.On(auth.Object(object))
	}
	for name, v := range privileges {
		held, _ := m.holds(role, name)
		if need := m.needs(role, object); r.Grants(v) != held || held && r.Needs(v, auth.Enterprise) != need {
			return fmt.Sprintf("%s, %s: %v there, by the consent %b; here %v, by %b",
				r.Name, name, held, need, r.Grants(v), r.Needs(v, auth.Enterprise))
		}
	}
	return ""
}

var actions = []string{"CREATE", "READ", "UPDATE", "DELETE"}

// needs is the consent that d and d* mean (portal.md 6.2).
func (m rights) needs(role int, object string) auth.Delegation {
	partner, cell := kindOf(role) == "MSP", m[object][role]
	switch {
	case strings.HasSuffix(cell, "d*") && partner:
		return auth.SensitiveToProxy
	case strings.HasSuffix(cell, "d*"):
		return auth.SensitiveToOperator
	case !strings.HasSuffix(cell, "d"):
		return 0
	case partner:
		return auth.ToProxy
	case object == "ENTERPRISE_USER" || object == "ENTERPRISE_TOKEN" || object == "API_CLIENT" || object == "USER_GROUP":
		return auth.UsersToOperator
	}
	return auth.ToOperator
}

// TestFlips turns over every letter of the reference, and sees that noticed: by what was answered, where a method is decided
// by it, and by the program's matrix everywhere.
func TestFlips(t *testing.T) {
	text, err := os.ReadFile("testdata/matrix.golden")
	must(t, err)
	seen := readTable(string(text))
	if slips := seen.judge(granted); len(slips) > 0 {
		t.Fatalf("the table itself is not as expected: %v", slips)
	}
	decisive := 0
	for object, cells := range granted {
		for role, cell := range cells {
			for _, f := range flips(object, cell) {
				flipped := granted.with(object, role, f.cell)
				if flipped.differs(role, object) == "" {
					t.Errorf("%s of %s is the role's, with %q for %q", object, actors[role-1], f.cell, cell)
				}
				if !decides(f.privilege, role, f.consent) {
					continue
				}
				decisive++
				if !seen.notices(flipped, role, object) {
					t.Errorf("%s of %s is what was answered, with %q for %q", f.privilege, actors[role-1], f.cell, cell)
				}
			}
		}
	}
	if decisive < 300 {
		t.Errorf("only %d letters decide anything", decisive)
	}
}

// notices says whether the answers to a role are not as expected for a method that asks for the object.
func (a table) notices(m rights, role int, object string) bool {
	for method, cells := range a {
		d := doorways[method]
		if strings.Contains(d.all+d.any, object) && len(judge(m, method, role, cells[role])) > 0 {
			return true
		}
	}
	return false
}

// A flip is a cell with one letter turned over: whether it has a privilege, or whether that takes a consent.
type flip struct {
	cell, privilege string
	consent         bool
}

func flips(object, cell string) (all []flip) {
	letters := strings.TrimRight(cell, "d*-")
	suffix := strings.TrimLeft(cell[len(letters):], "-")
	other := map[string]string{"": "d", "d": "", "d*": ""}[suffix]
	switch letters {
	case "yes":
		return []flip{{"-", object, false}, {letters + other, object, true}}
	case "":
		all = append(all, flip{"yes", object, false})
	}
	for _, action := range actions {
		letter, privilege := action[:1], action+":"+object
		if !strings.Contains(letters, letter) {
			all = append(all, flip{letters + letter + suffix, privilege, false})
			continue
		}
		without := cmp.Or(strings.Replace(letters, letter, "", 1), "-")
		all = append(all, flip{without + suffix, privilege, false}, flip{letters + other, privilege, true})
	}
	return all
}

// decides says whether a method is open to a role by this privilege alone; in a tenant below, where it is a consent that
// is turned over.
func decides(privilege string, role int, consent bool) bool {
	kind := kindOf(role)
	for _, d := range doorways {
		alone := d.all == privilege && d.any == "" && d.self != kind
		if alone && d.admits(kind) && (!consent || d.context != "" && d.place(role, below) == own) {
			return true
		}
	}
	return false
}

func (m rights) with(object string, role int, cell string) rights {
	out := maps.Clone(m)
	out[object] = maps.Clone(m[object])
	out[object][role] = cell
	return out
}
