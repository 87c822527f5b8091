package portal

import (
	"slices"
	"strconv"

	"github.com/portico-vco/portico/rpc"
)

// Paths are the REST paths of the credentials product, version 3 of its API, at which the methods credential/* are called.
// Whatever its clients are told to put in front of a path: some have it at the root, some below /webapi.
func Paths() []rpc.Path {
	var paths []rpc.Path
	for _, base := range []string{"", "webapi/"} {
		for _, p := range v3Table {
			p.Pattern = base + p.Pattern
			p.Query = slices.Concat(p.Query, v3Organisation)
			paths = append(paths, p)
		}
	}
	return paths
}

// v3Organisation is ours: the credentials product has one organisation, and its clients name none.
var v3Organisation = []rpc.Param{{Name: "enterpriseId"}, {Name: "enterpriseProxyId"}}

const (
	v3All  = "v3/credentials"
	v3One  = v3All + "/{id}"
	v3Read = "credential/getCredential"
)

var (
	v3Full   = map[string]string{"view": "Full"}
	v3Views  = map[string]string{"": "Default", "default": "Default", "standard": "Default", "full": "Full"}
	v3Shared = rpc.After(v3Read, v3AfterShare)
)

var v3Table = []rpc.Path{
	{Verb: "GET", Pattern: v3All, Method: "credential/getCredentials", Answer: rpc.Told(v3List),
		Query: []rpc.Param{{Name: "view", Words: v3Views}, {Name: "userId"}, {Name: "userGroupId"}}},
	{Verb: "POST", Pattern: v3All, Method: "credential/insertCredential", Answer: rpc.Told(v3AfterInsert),
		Body: []rpc.Param{{Name: "username", Needed: true}, {Name: "password", Needed: true}}},

	{Verb: "GET", Pattern: v3One, Method: v3Read, Always: v3Full, Answer: rpc.Told(v3Get)},
	{Verb: "PUT", Pattern: v3One, Method: "credential/updateCredential", Always: v3Full,
		Body:   []rpc.Param{{Name: "newPassword", As: "_update.newPassword", Needed: true}},
		Answer: rpc.After(v3Read, v3AfterUpdate)},
	{Verb: "DELETE", Pattern: v3One, Method: "credential/deleteCredential", Always: v3Full,
		Query:  []rpc.Param{{Name: "force"}},
		Answer: rpc.Before(v3Read, v3AfterDelete)},

	{Verb: "POST", Pattern: v3One + "/users", Method: "credential/shareCredentialWithUser", Always: v3Full,
		Body: []rpc.Param{{Name: "userId", Needed: true}}, Answer: v3Shared},
	{Verb: "DELETE", Pattern: v3One + "/users/{userId}", Method: "credential/unshareCredentialFromUser", Always: v3Full,
		Answer: v3Shared},
	{Verb: "POST", Pattern: v3One + "/userGroups", Method: "credential/shareCredentialWithUserGroup", Always: v3Full,
		Body: []rpc.Param{{Name: "userGroupId", Needed: true}}, Answer: v3Shared},
	{Verb: "DELETE", Pattern: v3One + "/userGroups/{userGroupId}", Method: "credential/unshareCredentialFromUserGroup", Always: v3Full,
		Answer: v3Shared},
}

// The credentials product has three shapes of one thing, and two spellings of its members. Numbers are texts in all of them.

// v3Reduced is its ReducedCredentialsView, of which lists are made.
type v3Reduced struct {
	ID       string `json:"id"`
	UserName string `json:"userName"`
}

// v3Credential is its CredentialsView, which reading, sharing and deleting answer. Who is no administrator of credentials is
// not told with whom else they are shared.
type v3Credential struct {
	v3Reduced
	UserIDs      []string `json:"userIds"`
	UserGroupIDs []string `json:"userGroupIds"`
}

// v3Login is its CredentialView, which making and changing answer.
type v3Login struct {
	CredentialID    string   `json:"credentialId"`
	Username        string   `json:"username"`
	UserIDs         []string `json:"userIds"`
	UserGroupIDs    []string `json:"userGroupIds"`
	IsAdmin         *bool    `json:"isAdmin"` // unknown: nothing says what it means
	CreatedByEmail  *string  `json:"createdByEmail"`
	LastUpdatedDate rpc.Time `json:"lastUpdatedDate"`
	Status          string   `json:"status"`
}

func v3List(list List[ShownCredential]) ([]Either[v3Reduced, v3Credential], bool) {
	out := make([]Either[v3Reduced, v3Credential], len(list.Data))
	for i, c := range list.Data {
		out[i].A = v3ReducedOf(c.A)
		if c.B != nil {
			full := v3CredentialOf(c)
			out[i].B = &full
		}
	}
	return out, true
}

func v3Get(c *ShownCredential) (v3Credential, bool) {
	if c == nil {
		return v3Credential{}, false
	}
	return v3CredentialOf(*c), true
}

func v3AfterInsert(c Credential) (v3Login, bool) { return v3LoginOf(c), true }

func v3AfterUpdate(_ Modified, c *ShownCredential) (v3Login, bool) {
	if c.B == nil { // not so: who may change a credential is shown all of it
		return v3Login{}, false
	}
	return v3LoginOf(*c.B), true
}

func v3AfterShare(_ Modified, c *ShownCredential) (v3Credential, bool) {
	return v3CredentialOf(*c), true
}

// v3AfterDelete answers what was deleted, in a list of one: a list is what is declared.
func v3AfterDelete(d DeletedCredential, was *ShownCredential) ([]v3Credential, bool) {
	return []v3Credential{v3CredentialOf(*was)}, d.Rows > 0
}

func v3ReducedOf(c ReducedCredential) v3Reduced {
	return v3Reduced{decimal(c.ID), c.Username}
}

func v3CredentialOf(c ShownCredential) v3Credential {
	out := v3Credential{v3ReducedOf(c.A), []string{}, []string{}}
	if c.B != nil {
		out.UserIDs, out.UserGroupIDs = decimals(c.B.UserIDs), decimals(c.B.UserGroupIDs)
	}
	return out
}

func v3LoginOf(c Credential) v3Login {
	return v3Login{
		CredentialID: decimal(c.ID), Username: c.Username, UserIDs: decimals(c.UserIDs), UserGroupIDs: decimals(c.UserGroupIDs),
		CreatedByEmail: c.CreatedByEmail, LastUpdatedDate: c.LastUpdated, Status: c.Status,
	}
}

func decimal(id rpc.ID) string { return strconv.FormatInt(int64(id), 10) }

func decimals(ids []rpc.ID) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = decimal(id)
	}
	return out
}
