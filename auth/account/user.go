package account

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
)

// A User is a person of the operator, a partner or an enterprise. All of them share one space of numbers and of usernames.
type User struct {
	ID                  int64         `json:"id"`
	Type                auth.UserType `json:"type"`
	EnterpriseID        int64         `json:"enterpriseId,omitempty"`
	ProxyID             int64         `json:"proxyId,omitempty"`
	Username            string        `json:"username"`
	Password            string        `json:"password"`          // PHC string; "" of who is not native
	Earlier             []string      `json:"earlier,omitempty"` // those before it, the last one first, as many as the policy says
	RoleID              int64         `json:"roleId"`
	ClientID            int64         `json:"clientId,omitempty"`  // the API client whose service account this is
	Functions           []int64       `json:"functions,omitempty"` // of a service account without a role: its functional roles
	IsActive            bool          `json:"isActive"`
	IsLocked            bool          `json:"isLocked,omitempty"` // by an operator
	NonNative           bool          `json:"nonNative,omitempty"`
	DisableSecondFactor bool          `json:"disableSecondFactor,omitempty"`
	Privileged          bool          `json:"privileged,omitempty"` // accessLevel PRIVILEGED, not BASIC
	Bastion             BastionState  `json:"bastion,omitempty"`    // of operator users
	Epoch               int64         `json:"epoch,omitempty"`      // a session of an earlier epoch is dead
	Fields              UserFields    `json:"fields"`
	Created             time.Time     `json:"created"`
	Modified            time.Time     `json:"modified"`
	LastLogin           time.Time     `json:"lastLogin,omitzero"`
	LastSource          string        `json:"lastSource,omitempty"` // where the last login came from
	PasswordModified    time.Time     `json:"passwordModified,omitzero"`

	// As it was when the user was read.
	Role      *auth.Role `json:"-"` // as it stands for him, customizations and all
	LockedOut bool       `json:"-"` // by wrong passwords, somewhere; known after findUser and Users
}

// UserFields are what callers may set of a user freely. Nil is unset, or not named in an update.
type UserFields struct {
	Domain      *string `json:"domain"`
	FirstName   *string `json:"firstName"`
	LastName    *string `json:"lastName"`
	OfficePhone *string `json:"officePhone"`
	MobilePhone *string `json:"mobilePhone"`
	Email       *string `json:"email"`
	SSHUsername *string `json:"sshUsername" doc:"Generated with the user's first SSH key; it does not change."`
}

var (
	users = store.NewCollection("user", func(u *User) *int64 { return &u.ID }).
		Remember(4096, func(u User) User { return u }) // its fields are replaced, never written into
	userByName  = users.Unique("name", func(u *User) []byte { return usernameKey(u.Username) })
	usersOf     = users.Index("tenant", func(u *User) []byte { return tenantKey(u.Type, u.TenantID()) })
	usersMailed = users.Index("mail", func(u *User) []byte {
		if value(u.Fields.Email) == "" {
			return nil
		}
		return store.Key(fold(*u.Fields.Email))
	})

	// A gone user's number stays here until everything that was his has been swept.
	graves = store.NewCollection("grave", func(g *Grave) *int64 { return &g.ID })
)

// A Grave marks a deleted user whose belongings are still to be swept, and says who deleted him.
type Grave struct {
	ID       int64         `json:"id"`
	Type     auth.UserType `json:"type"`
	TenantID int64         `json:"tenantId"`
	Deleter
}

// A Deleter is who deleted what is still to be swept, in the call in which he did.
type Deleter struct {
	Actor     string        `json:"actor"`
	ActorID   int64         `json:"actorId"`
	ActorType auth.UserType `json:"actorType"`
	Source    string        `json:"source"`
	ClientID  int64         `json:"clientId,omitempty"`
	Client    string        `json:"client,omitempty"`
	RequestID string        `json:"requestId"`
}

func deleter(by *auth.Principal) Deleter {
	return Deleter{
		Actor: by.Username, ActorID: by.UserID, ActorType: by.UserType, Source: by.Source,
		ClientID: by.ClientID, Client: by.Client, RequestID: by.RequestID,
	}
}

// By is the deleter as the events of the sweep tell of him. He may be gone himself by then.
func (d *Deleter) By() *auth.Principal {
	by := System("portico/sweep")
	by.Username, by.UserType, by.Source, by.RequestID = d.Actor, d.ActorType, d.Source, d.RequestID
	by.ClientID, by.Client = d.ClientID, d.Client
	return by
}

func tenantKey(t auth.UserType, id int64) []byte { return store.Key(int64(t), id) }

// TenantID is the number of the tenant that the user belongs to.
func (u *User) TenantID() int64 {
	switch u.Type {
	case auth.Operator:
		return auth.NetworkID
	case auth.MSP:
		return u.ProxyID
	}
	return u.EnterpriseID
}

// IsSuper says whether the user is a superuser of his type.
func (u *User) IsSuper() bool { return u.RoleID == auth.SuperuserOf(u.Type) }

// HasPassword says whether the user logs in with a password that is kept here.
func (u *User) HasPassword() bool { return !u.NonNative && u.ClientID == 0 }

// LogsIn says whether the user logs in with a password, whoever keeps it.
func (u *User) LogsIn() bool { return u.ClientID == 0 }

// asProved says whether what was proved of the user as he was seen is still proved of him: his password here, or the name that a
// directory knows him by.
func (u *User) asProved(seen *User) bool {
	return u.Password == seen.Password && u.NonNative == seen.NonNative && (!u.NonNative || u.Username == seen.Username)
}

// Kind says whether the user is a person or the service account of an API client.
func (u *User) Kind() auth.PrincipalType {
	if u.ClientID != 0 {
		return auth.ServiceAccount
	}
	return auth.User
}

// Managed refuses what is not done to a service account as to a person: it is changed by its API client alone.
func (u *User) Managed() error {
	if u.ClientID == 0 {
		return nil
	}
	e := auth.Errorf(auth.Managed, "the user %s is managed by its API client", u.Username)
	e.Word = "MANAGED_BY_API_CLIENT"
	return e
}

// Enabled says whether the user may get in at all.
func (u *User) Enabled() bool { return u.IsActive && !u.IsLocked }

// Principal is the user, with his role as he was read, as a caller.
func (u *User) Principal(c auth.Call, m auth.Means, id int64, until time.Time) *auth.Principal {
	client := ""
	if u.ClientID != 0 {
		client = strings.TrimPrefix(u.Username, serviceAccount)
	}
	return &auth.Principal{
		Call: c, Type: u.Kind(), ClientID: u.ClientID, Client: client, UserID: u.ID, Username: u.Username, UserType: u.Type,
		EnterpriseID: u.EnterpriseID, ProxyID: u.ProxyID, Role: u.Role, Means: m, MeansID: id, Until: until,
	}
}

// UserIn answers a user by number within a transaction; nil when there is none.
func (a *Accounts) UserIn(tx store.Tx, id int64) (*User, error) {
	u, err := users.Get(tx, id)
	return a.housed(tx, u, err)
}

// UserNamed answers a user by name, letter case aside; nil when there is none.
func (a *Accounts) UserNamed(tx store.Tx, name string) (*User, error) {
	u, err := userByName.Get(tx, usernameKey(name))
	return a.housed(tx, u, err)
}

// housed is the user, with his role, as long as there is his tenant: the users of a deleted tenant are swept in steps, and end
// with it at once. Whoever reads a user to let him do something, or to do something to him, reads him by UserIn, UserNamed or
// findUser.
func (a *Accounts) housed(tx store.Tx, u *User, err error) (*User, error) {
	if u == nil || err != nil {
		return nil, err
	}
	if _, ok, err := a.TenantIn(tx, u.Type, u.TenantID()); err != nil || !ok {
		return nil, err
	}
	return a.withRole(tx, u)
}

// withRole fills in the role of a user who was read.
func (a *Accounts) withRole(tx store.Tx, u *User) (_ *User, err error) {
	u.Role, err = a.roleOf(tx, u)
	return u, err
}

// FindUser answers a user by number, or else by name, with his tenant; nil unless the caller sees the tenant.
func (a *Accounts) FindUser(ctx context.Context, by *auth.Principal, id int64, name string) (u *User, in auth.Tenant, err error) {
	err = a.Store.View(ctx, func(tx store.Tx) error {
		u, in, err = a.findUser(tx, by, id, name)
		return err
	})
	return u, in, err
}

func (a *Accounts) findUser(tx store.Tx, by *auth.Principal, id int64, name string) (u *User, in auth.Tenant, err error) {
	if id != 0 {
		u, err = a.UserIn(tx, id)
	} else {
		u, err = a.UserNamed(tx, name)
	}
	if u == nil || err != nil {
		return nil, in, err
	}
	in, ok, err := a.TenantIn(tx, u.Type, u.TenantID())
	if err != nil || !ok || !by.Sees(in) {
		return nil, in, err
	}
	return u, in, a.tellLockout(tx, u)
}

// GetUser is FindUser for a caller who wants to read a user of a type: the rule allows him to in the user's tenant, or he is
// the user himself. Users of other types are not found.
func (a *Accounts) GetUser(ctx context.Context, by *auth.Principal, t auth.UserType, r auth.Rule, id int64, name string) (*User, error) {
	u, in, err := a.FindUser(ctx, by, id, name)
	if err != nil || u == nil || u.Type != t {
		return nil, err
	}
	if u.ID != by.UserID {
		if err := r.Allows(by, in); err != nil {
			return nil, err
		}
	}
	return u, nil
}

// Users answers the users of a tenant, or a page of them, ordered by number. Only those of the kinds are kept, if any are given.
func (a *Accounts) Users(ctx context.Context, in auth.Tenant, kinds []auth.PrincipalType, q PageQuery) ([]*User, Page, error) {
	list := []*User{}
	page, err := q.Pager(1)
	if err != nil {
		return list, Page{}, err
	}
	err = a.Store.View(ctx, func(tx store.Tx) error {
		return usersOf.Scan(tx, behind(tenantKey(in.Type, in.ID), page.After(0)), func(u *User) (bool, error) {
			if len(kinds) > 0 && !slices.Contains(kinds, u.Kind()) {
				return true, nil
			}
			if !page.Take(u.ID) {
				return false, nil
			}
			list = append(list, u)
			if _, err := a.withRole(tx, u); err != nil {
				return false, err
			}
			return true, a.tellLockout(tx, u)
		})
	})
	return list, page.Done(), err
}

// behind is the span of an index's records with that key and a number above after.
func behind(key []byte, after int64) store.Span {
	from := append(store.AppendKey(slices.Clone(key), after), 0)
	return store.Span{Prefix: key, From: from}
}

// A NewUser is what InsertUser makes.
type NewUser struct {
	Username            string
	Password            secret.Text
	Unset               bool         // he has no password yet, and gets one by a reset; the portal itself alone makes such users
	Hash                string       // of the password, where that was made before; of the portal itself alone
	Password2           *secret.Text // when given, it must be the same
	RoleID              int64
	Inactive            bool
	NonNative           bool
	DisableSecondFactor bool
	Privileged          bool
	Fields              UserFields
}

// InsertUser adds a user to a tenant. A taken username is a Conflict; a role above the caller's own, Forbidden.
func (a *Accounts) InsertUser(ctx context.Context, by *auth.Principal, in auth.Tenant, n NewUser) (u *User, err error) {
	if err := n.Check(); err != nil {
		return nil, err
	}
	err = a.Store.View(ctx, func(tx store.Tx) error { return a.mayInsert(tx, by, in, &n) })
	if err != nil {
		return nil, err
	}
	hash := ""
	switch {
	case n.NonNative: // a password that others keep is not kept here
	case by.IsPortal() && (n.Unset || n.Hash != ""):
		hash = n.Hash
	default:
		if hash, err = a.NewHash(ctx, in.Type, &User{Username: n.Username}, n.Password); err != nil {
			return nil, err
		}
	}
	err = a.Store.Update(ctx, func(tx store.Tx) error {
		now, ok, err := a.TenantIn(tx, in.Type, in.ID) // hashing takes its time, and consents can be withdrawn
		if err != nil || !ok {
			return cmp.Or(err, errTenantGone)
		}
		if err := a.mayInsert(tx, by, now, &n); err != nil {
			return err
		}
		u, err = a.addUser(tx, by, now, n, hash)
		return err
	})
	return u, err
}

func (a *Accounts) mayInsert(tx store.Tx, by *auth.Principal, in auth.Tenant, n *NewUser) error {
	v := auth.Create.On(auth.UserObject(in.Type))
	if !by.May(v, in) {
		return auth.Lacks(by, v)
	}
	if n.Privileged && !givesAccess(by, in.Type) {
		return lacksAccess(by, in.Type)
	}
	return a.mayGrant(tx, by, in, n.RoleID)
}

func (a *Accounts) addUser(tx store.Tx, by *auth.Principal, in auth.Tenant, n NewUser, hash string) (*User, error) {
	if n.NonNative {
		if err := a.mayBeForeign(tx, in); err != nil {
			return nil, err
		}
	}
	u := &User{
		Type: in.Type, Username: n.Username, Password: hash, RoleID: n.RoleID, IsActive: !n.Inactive,
		NonNative: n.NonNative, DisableSecondFactor: n.DisableSecondFactor, Privileged: n.Privileged,
		Created: a.Now(), Modified: a.Now(),
	}
	if hash != "" {
		u.PasswordModified = u.Created
	}
	switch in.Type {
	case auth.MSP:
		u.ProxyID = in.ID
	case auth.Enterprise:
		u.EnterpriseID = in.ID
	}
	patch(&u.Fields, &n.Fields)
	u.Fields.SSHUsername = nil // it is generated, with the first SSH key
	if err := taken(users.Insert(tx, u), "the username %s is taken", n.Username); err != nil {
		return nil, err
	}
	if _, err := a.withRole(tx, u); err != nil {
		return nil, err
	}
	err := a.Record(tx, by, in, Happening{
		Name: userEvent("CREATE", u.Type), Category: OfUser, Message: "user " + u.Username,
		Detail: map[string]any{"userId": u.ID, "username": u.Username, "role": u.Role.Name},
	})
	return u, cmp.Or(err, a.tellSuperuser(tx, by, in, nil, u))
}

// tellSuperuser records that a tenant has a superuser more. Before is nil for a new user.
func (a *Accounts) tellSuperuser(tx store.Tx, by *auth.Principal, in auth.Tenant, before, u *User) error {
	if !u.IsSuper() || before != nil && before.IsSuper() {
		return nil
	}
	return a.Record(tx, by, in, Happening{
		Name: "SUPERUSER_ADDED", Category: OfSecurity, Severity: Notice, Message: u.Username + " is a superuser from now on",
		Detail: map[string]any{"userId": u.ID, "username": u.Username, "userType": u.Type.String()},
	})
}

// userEvent: operator users have events of their own name.
func userEvent(verb string, t auth.UserType) string {
	if t == auth.Operator {
		return verb + "_OPERATOR_USER"
	}
	return verb + "_USER"
}

func checkUserFields(f *UserFields) error {
	return eachText(f, func(name, text string) error { return checkLength(name, text, 0, 255) })
}

// Check refuses what can be refused without looking at anybody else, the password aside.
func (n *NewUser) Check() error {
	if err := checkUsername(n.Username); err != nil {
		return err
	}
	if n.Password2 != nil && *n.Password2 != n.Password {
		return auth.BadField("password2", "differs from password")
	}
	return checkUserFields(&n.Fields)
}

// mayGrant: nobody grants a role above his own, or one of another kind of tenant, or that another tenant made.
func (a *Accounts) mayGrant(tx store.Tx, by *auth.Principal, in auth.Tenant, roleID int64) error {
	r, err := a.role(tx, roleID, in.Type, in.ID)
	if err != nil {
		return err
	}
	if r.UserType != in.Type || len(r.Parts) == 0 || auth.FunctionByID(roleID) != nil {
		return auth.BadField("roleId", "is not a role of %s users", in.Type)
	}
	return notAbove(by, r)
}
