package vault

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
)

// A Status is what the last check of a credential has found.
type Status string

// The statuses.
const (
	StatusVerified   Status = "VERIFIED"
	StatusUnverified Status = "UNVERIFIED" // nothing was asked
	StatusRejected   Status = "REJECTED"
	StatusLocked     Status = "LOCKED"
	StatusExpired    Status = "EXPIRED"
)

// A Credential is a login that lives elsewhere, with its password.
type Credential struct {
	ID             int64           `json:"id"`
	Of             auth.UserType   `json:"of"` // the type of its tenant
	TenantID       int64           `json:"tenantId"`
	Gone           time.Time       `json:"gone,omitzero"` // it was deleted then; its shares are to be swept, and nothing else is left
	Username       string          `json:"username"`
	Description    string          `json:"description,omitempty"`
	Version        int64           `json:"version"` // of the password
	Envelope       secret.Envelope `json:"envelope,omitzero"`
	Unset          bool            `json:"unset,omitempty"` // no password was handed in yet: what is sealed is nobody's
	Status         Status          `json:"status"`
	VerifiedAt     time.Time       `json:"verifiedAt,omitzero"` // when it was last found good
	Created        time.Time       `json:"created"`
	CreatedBy      int64           `json:"createdBy,omitempty"`      // the user; an app is none
	CreatedByEmail string          `json:"createdByEmail,omitempty"` // as it was then: the credential outlives its maker
	Modified       time.Time       `json:"modified"`                 // its password or its description
}

var (
	credentials      = store.NewCollection("credential", func(c *Credential) *int64 { return &c.ID })
	credentialByName = credentials.Unique("username", func(c *Credential) []byte {
		if c.gone() {
			return nil
		}
		return store.AppendKey(tenantKey(c.tenant()), folded(c.Username))
	})
	credentialsOf = credentials.Index("tenant", func(c *Credential) []byte {
		if c.gone() {
			return nil
		}
		return tenantKey(c.tenant())
	})
	credentialsUnder = credentials.Index("key", func(c *Credential) []byte { // by the key of the ring
		if c.gone() {
			return nil
		}
		return store.Key(c.Envelope.KeyID)
	})
	credentialsGone = credentials.Index("gone", func(c *Credential) []byte {
		if !c.gone() {
			return nil
		}
		return store.Key(c.Gone)
	})
)

// The bounds of a tenant's credentials and of their texts.
const (
	maxCredentials = 1000
	maxUsername    = 255
	maxPassword    = 256 // bytes
)

func (c *Credential) tenant() auth.Tenant { return auth.Tenant{Type: c.Of, ID: c.TenantID} }

func (c *Credential) gone() bool { return !c.Gone.IsZero() }

// folded is the form in which directories compare names: letter case, and the ways to write one character, do not count.
func folded(username string) string {
	return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(username)))
}

func (c *Credential) happening(what string) account.Happening {
	return account.Happening{
		Name: "CREDENTIAL_" + what, Category: account.OfSecurity, Severity: account.Notice, Message: "credential " + c.Username,
		Detail: map[string]any{"id": c.ID, "username": c.Username}, Needs: auth.Update.On(auth.Credential),
	}
}

// credentialIn answers a credential of the tenant by number, or nil.
func credentialIn(tx store.Tx, in auth.Tenant, id int64) (*Credential, error) {
	c, err := credentials.Get(tx, id)
	if err != nil || c == nil || c.gone() || c.Of != in.Type || c.TenantID != in.ID {
		return nil, err
	}
	return c, nil
}

var errNoCredential error = auth.Errorf(auth.NotFound, "no such credential")

// A NewCredential is what Insert makes.
type NewCredential struct {
	Username    string
	Password    secret.Text
	Description string
}

func (n *NewCredential) check() error {
	err := cmp.Or(account.CheckName("username", n.Username, maxUsername), account.CheckText("description", n.Description, maxDescription),
		checkPassword("password", n.Password))
	if err == nil && utf8.RuneCountInString(folded(n.Username)) > maxUsername {
		err = auth.BadField("username", "has more than %d characters when letter case is put aside", maxUsername)
	}
	return err
}

func checkPassword(path string, t secret.Text) error {
	switch {
	case t == "":
		return auth.BadField(path, "is required")
	case len(t) > maxPassword:
		return auth.BadField(path, "has more than %d bytes", maxPassword)
	case strings.ContainsRune(string(t), 0):
		return auth.BadField(path, "has a zero byte in it")
	}
	return nil
}

// Insert adds a credential to the tenant, once its login was found good. A taken username is a Conflict.
func (v *Vault) Insert(ctx context.Context, by *auth.Principal, in auth.Tenant, n NewCredential) (c *Credential, err error) {
	if err := n.check(); err != nil {
		return nil, err
	}
	err = v.store.View(ctx, func(tx store.Tx) error {
		in, err = v.mayInsert(tx, by, in, n.Username)
		return err
	})
	if err != nil {
		return nil, err
	}
	ring, err := v.ring()
	if err != nil {
		return nil, err
	}
	status, err := v.verified(ctx, by, in, Credential{Username: n.Username}, n.Password)
	if err != nil {
		return nil, err
	}
	err = v.store.Update(ctx, func(tx store.Tx) error {
		c, err = v.insert(tx, by, in, ring, n, status)
		return err
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}

// insert writes a new credential whose login was found as status says.
func (v *Vault) insert(tx store.Tx, by *auth.Principal, in auth.Tenant, ring *secret.Keyring, n NewCredential, status Status) (*Credential, error) {
	in, err := v.mayInsert(tx, by, in, n.Username) // the check takes its time, and rights can be withdrawn
	if err != nil {
		return nil, err
	}
	c := &Credential{
		Of: in.Type, TenantID: in.ID, Username: n.Username, Description: n.Description,
		Created: v.now(), CreatedBy: by.UserID, Modified: v.now(),
	}
	if c.CreatedByEmail, err = v.emailOf(tx, by); err != nil {
		return nil, err
	}
	if err := credentials.Insert(tx, c); err != nil { // its number is in the envelope
		return nil, err
	}
	return c, cmp.Or(v.keep(tx, ring, c, n.Password, status), v.accounts.Record(tx, by, in, c.happening("CREATED")))
}

// mayInsert answers the tenant as it is now, if there is room in it for a credential of that name.
func (v *Vault) mayInsert(tx store.Tx, by *auth.Principal, in auth.Tenant, username string) (auth.Tenant, error) {
	now, err := v.accounts.Still(tx, by, in, auth.Create.On(auth.Credential))
	if err != nil {
		return now, err
	}
	id, err := credentialByName.ID(tx, store.AppendKey(tenantKey(now), folded(username)))
	if err != nil || id != 0 {
		return now, cmp.Or(err, error(auth.Errorf(auth.Conflict, "there is a credential for the username %s", username)))
	}
	return now, account.Room(tx, credentialsOf, tenantKey(now), maxCredentials, "an organisation has at most %d credentials")
}

func (v *Vault) emailOf(tx store.Tx, by *auth.Principal) (string, error) {
	u, err := v.accounts.UserIn(tx, by.UserID)
	if err != nil || u == nil || u.Fields.Email == nil {
		return "", err
	}
	return *u.Fields.Email, nil
}

// A CredentialUpdate names the fields to set; nil leaves a field as it is.
type CredentialUpdate struct {
	Password    *secret.Text
	Description *string
}

func (up *CredentialUpdate) check() error {
	if up.Description != nil {
		if err := account.CheckText("description", *up.Description, maxDescription); err != nil {
			return err
		}
	}
	if up.Password != nil {
		return checkPassword("newPassword", *up.Password)
	}
	return nil
}

// Update changes the named fields of a credential, its password once the login was found good with it. That another
// password came in between is a Conflict. rows is 0 where the tenant has no such credential.
func (v *Vault) Update(ctx context.Context, by *auth.Principal, in auth.Tenant,
	id int64, up CredentialUpdate) (rows int, err error) {
	if err := up.check(); err != nil {
		return 0, err
	}
	if up.Password != nil {
		if err := v.store.CatchUp(ctx); err != nil { // what is tried is a password of this version
			return 0, err
		}
	}
	var seen *Credential
	err = v.store.View(ctx, func(tx store.Tx) error {
		seen, in, err = v.at(tx, by, in, auth.Update, id)
		return err
	})
	if err != nil || seen == nil {
		return 0, err
	}
	write := func(tx store.Tx, c *Credential) error { return credentials.Put(tx, c) }
	if up.Password != nil {
		if write, err = v.renewal(ctx, by, in, *seen, *up.Password); err != nil {
			return 0, err
		}
	}
	return v.change(ctx, by, in, id, func(tx store.Tx, in auth.Tenant, c *Credential) error {
		changed := up.apply(c)
		if len(changed) == 0 {
			return nil
		}
		c.Modified = v.now()
		h := c.happening("UPDATED")
		h.Detail["changed"] = changed
		return cmp.Or(v.accounts.Record(tx, by, in, h), write(tx, c))
	})
}

// apply answers the names of the fields that change.
func (up *CredentialUpdate) apply(c *Credential) (changed []string) {
	if up.Description != nil && *up.Description != c.Description {
		c.Description = *up.Description
		changed = append(changed, "description")
	}
	if up.Password != nil {
		changed = append(changed, "password")
	}
	return changed
}

// renewal checks another password of a credential as it was seen, and answers how to write it.
func (v *Vault) renewal(ctx context.Context, by *auth.Principal, in auth.Tenant, seen Credential,
	password secret.Text) (func(store.Tx, *Credential) error, error) {
	ring, err := v.ring()
	if err != nil {
		return nil, err
	}
	status, err := v.verified(ctx, by, in, seen, password)
	if err != nil {
		return nil, err
	}
	return func(tx store.Tx, c *Credential) error {
		if c.Version != seen.Version {
			return errChanged
		}
		return v.keep(tx, ring, c, password, status)
	}, nil
}

var errChanged error = auth.Errorf(auth.Conflict, "the credential was given another password meanwhile")

// at answers a credential of the tenant, or nil, and the tenant as it is now, for who may do that to credentials there.
func (v *Vault) at(tx store.Tx, by *auth.Principal, in auth.Tenant, a auth.Action, id int64) (*Credential, auth.Tenant, error) {
	now, err := v.accounts.Still(tx, by, in, a.On(auth.Credential))
	if err != nil {
		return nil, now, err
	}
	c, err := credentialIn(tx, now, id)
	return c, now, err
}

// change is one Update of a credential. rows is 0 where there is none.
func (v *Vault) change(ctx context.Context, by *auth.Principal, in auth.Tenant, id int64,
	do func(tx store.Tx, in auth.Tenant, c *Credential) error) (rows int, err error) {
	err = v.store.Update(ctx, func(tx store.Tx) error {
		rows = 0
		c, now, err := v.at(tx, by, in, auth.Update, id)
		if err != nil || c == nil {
			return err
		}
		rows = 1
		return do(tx, now, c)
	})
	if err != nil {
		return 0, err
	}
	return rows, nil
}

// Removed counts the shares that ended with a credential.
type Removed struct{ Users, Groups int }

// Delete removes a credential for good, hidden at once; its shares are swept. That it is shared is a Conflict, unless
// force is given.
func (v *Vault) Delete(ctx context.Context, by *auth.Principal, in auth.Tenant,
	id int64, force bool) (removed Removed, rows int, err error) {
	err = v.store.Update(ctx, func(tx store.Tx) error {
		removed, rows = Removed{}, 0
		c, now, err := v.at(tx, by, in, auth.Delete, id)
		if err != nil || c == nil {
			return err
		}
		users, groups, err := v.sharedWith(tx, now, c.ID)
		if err != nil {
			return err
		}
		removed, rows = Removed{len(users), len(groups)}, 1
		if removed != (Removed{}) && !force {
			return auth.Errorf(auth.Conflict, "the credential is shared (with %d users, with %d user groups); with force it is deleted all the same",
				removed.Users, removed.Groups)
		}
		h := c.happening("DELETED")
		h.Detail["force"], h.Detail["users"], h.Detail["userGroups"] = force, removed.Users, removed.Groups
		return cmp.Or(v.accounts.Record(tx, by, now, h), v.bury(tx, c), v.accounts.SweepSoon(tx))
	})
	if err != nil {
		return Removed{}, 0, err
	}
	return removed, rows, nil
}

// bury removes a credential with its password. What is left leads the sweep to its shares. Its number is not given again.
func (v *Vault) bury(tx store.Tx, c *Credential) error {
	if _, err := versions.Delete(tx, c.ID); err != nil {
		return err
	}
	return credentials.Put(tx, &Credential{ID: c.ID, Of: c.Of, TenantID: c.TenantID, Created: c.Created, Gone: v.now()})
}

// purpose binds an envelope to its credential and to the version of the password.
func (c *Credential) purpose() string {
	return fmt.Sprintf("portico/credential/v1|%s/%d|%d|%d", c.Of, c.TenantID, c.ID, c.Version)
}
