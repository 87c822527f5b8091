package account

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
)

// An SSHKey is the public half of the one SSH key that a user may have at a time; as there, he revokes it before he gets another.
// It ends by its expiry, by being revoked, and with its user.
type SSHKey struct {
	ID       int64         `json:"id"` // its user's number
	Type     auth.UserType `json:"type"`
	TenantID int64         `json:"tenantId"`
	secret.SSHKey
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
}

var (
	sshKeys   = store.NewCollection("sshkey", func(k *SSHKey) *int64 { return &k.ID })
	sshKeysOf = sshKeys.Index("tenant", func(k *SSHKey) []byte { return tenantKey(k.Type, k.TenantID) })
)

// The bounds of an SSH key. The shortest passphrase is that of ssh-keygen.
const (
	defaultSSHDays = 30
	maxSSHDays     = 365
	minPassphrase  = 5
	maxPassphrase  = 256
)

// GenerateSSHKey makes an SSH key for the caller and answers its private half, encrypted if there is a passphrase. That half
// is not kept. It lives so many days, 30 when nothing is said. A caller who has a key already is told so: a Conflict.
func (a *Accounts) GenerateSSHKey(ctx context.Context, by *auth.Principal, days *int, passphrase secret.Text) (secret.Text, error) {
	life, err := sshLife(days)
	if err != nil {
		return "", err
	}
	if n := len(passphrase); n > 0 && n < minPassphrase || n > maxPassphrase {
		return "", auth.BadField("passPhrase", "has fewer than %d or more than %d bytes", minPassphrase, maxPassphrase)
	}
	err = a.Store.View(ctx, func(tx store.Tx) error { return a.freeOfSSHKey(tx, by) }) // before the work of the encryption
	if err != nil {
		return "", err
	}
	var private secret.Text
	var public secret.SSHKey
	queued := a.Passwords.Run(ctx, func() { private, public, err = secret.NewSSHKey(a.random, passphrase, by.Username) })
	if err := cmp.Or(busy(queued), err); err != nil {
		return "", err
	}
	if err := a.grantSSH(ctx, by, public, life, "generated"); err != nil {
		return "", err
	}
	return private, nil
}

// ImportSSHKey gives the caller the public half of a key of his own. See GenerateSSHKey.
func (a *Accounts) ImportSSHKey(ctx context.Context, by *auth.Principal, days *int, line string) error {
	life, err := sshLife(days)
	if err != nil {
		return err
	}
	public, err := secret.ReadSSHKey(line)
	if err != nil {
		return auth.BadField("publicKey", "%v", err)
	}
	return a.grantSSH(ctx, by, public, life, "imported")
}

func sshLife(days *int) (time.Duration, error) {
	n := defaultSSHDays
	if days != nil {
		n = *days
	}
	if n < 1 || n > maxSSHDays {
		return 0, auth.BadField("expire", "is not between 1 and %d days", maxSSHDays)
	}
	return time.Duration(n) * 24 * time.Hour, nil
}

// freeOfSSHKey refuses a caller who has a key that has not expired.
func (a *Accounts) freeOfSSHKey(tx store.Tx, by *auth.Principal) error {
	k, err := sshKeys.Get(tx, by.UserID)
	if err == nil && k != nil && a.Now().Before(k.Expires) {
		err = auth.Errorf(auth.Conflict, "the user has an SSH key; it must be revoked before there is another")
	}
	return err
}

func (a *Accounts) grantSSH(ctx context.Context, by *auth.Principal, public secret.SSHKey, life time.Duration, how string) error {
	return a.Store.Update(ctx, func(tx store.Tx) error {
		if err := a.stands(tx, by); err != nil {
			return err
		}
		if err := a.freeOfSSHKey(tx, by); err != nil {
			return err
		}
		u, err := a.UserIn(tx, by.UserID)
		if err != nil {
			return err
		}
		if u.Fields.SSHUsername == nil {
			u.Fields.SSHUsername = new(sshUsername(u))
			if err := users.Put(tx, u); err != nil {
				return err
			}
		}
		k := &SSHKey{ID: u.ID, Type: u.Type, TenantID: u.TenantID(), SSHKey: public, Created: a.Now(), Expires: a.Now().Add(life)}
		if err := sshKeys.Put(tx, k); err != nil {
			return err
		}
		h := k.happening("GRANT_SSH_ACCESS", u)
		h.Detail["how"], h.Detail["expires"] = how, k.Expires.Format(time.RFC3339)
		return a.Record(tx, by, auth.Tenant{Type: u.Type, ID: u.TenantID()}, h)
	})
}

// sshUsername is the name for logins by SSH that a user gets with his first key and keeps: a letter for his kind, his number,
// and what can be in such a name of his own. The number keeps it apart from all others.
func sshUsername(u *User) string {
	kind := map[auth.UserType]string{auth.Operator: "o", auth.MSP: "p", auth.Enterprise: "e"}[u.Type]
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, fold(u.Username))
	name = fmt.Sprintf("%s%d_%s", kind, u.ID, name)
	return name[:min(len(name), 32)] // the longest that Linux takes
}

// An SSHKeyOf is an SSH key with the name of its user.
type SSHKeyOf struct {
	*SSHKey
	Username string
}

// SSHKeys answers SSH keys of users of the tenant, ordered by the users' numbers: those of the users who are named, or of all,
// or else the caller's own. Who does not hold the privilege to read those of others finds his own alone.
func (a *Accounts) SSHKeys(ctx context.Context, by *auth.Principal, in auth.Tenant, named []int64, all bool) ([]SSHKeyOf, error) {
	others := by.May(auth.Read.On(auth.SSHKeyObject(in.Type)), in)
	list := []SSHKeyOf{}
	err := a.Store.View(ctx, func(tx store.Tx) error {
		add := func(k *SSHKey) (bool, error) {
			if k == nil || k.Type != in.Type || k.TenantID != in.ID || k.ID != by.UserID && !others {
				return true, nil
			}
			u, err := a.UserIn(tx, k.ID)
			if err == nil && u != nil {
				list = append(list, SSHKeyOf{k, u.Username})
			}
			return true, err
		}
		if all && others && len(named) == 0 {
			return sshKeysOf.Scan(tx, store.Span{Prefix: tenantKey(in.Type, in.ID)}, add)
		}
		for _, id := range orOneself(by, named) {
			k, err := sshKeys.Get(tx, id)
			if err != nil {
				return err
			}
			if _, err := add(k); err != nil {
				return err
			}
		}
		return nil
	})
	return list, err
}

// orOneself are the users who are named, each once and in order, or else the caller.
func orOneself(by *auth.Principal, named []int64) []int64 {
	if len(named) == 0 {
		return []int64{by.UserID}
	}
	return slices.Compact(slices.Sorted(slices.Values(named)))
}

// RevokeSSHKeys ends the SSH keys of users of the tenant: of those who are named, or else the caller's own. It works in steps,
// each with its event, and answers how many there were. Who may not revoke those of others is refused when he names any other
// user, whether there is one or not.
func (a *Accounts) RevokeSSHKeys(ctx context.Context, by *auth.Principal, in auth.Tenant, named []int64) (rows int, err error) {
	if len(named) > maxNumbers {
		return 0, auth.BadField("userId", "are more than %d", maxNumbers)
	}
	ids := orOneself(by, named)
	if err := mayRevokeSSH(by, in, ids); err != nil {
		return 0, err
	}
	for _, id := range ids {
		n := 0
		err := a.Store.Update(ctx, func(tx store.Tx) error {
			n = 0
			now, ok, err := a.TenantIn(tx, in.Type, in.ID)
			if err != nil || !ok {
				return err
			}
			if err := mayRevokeSSH(by, now, []int64{id}); err != nil { // consents can be withdrawn between the steps
				return err
			}
			u, err := a.UserIn(tx, id)
			if err != nil || u == nil || u.Type != in.Type || u.TenantID() != in.ID {
				return err
			}
			n, err = a.endSSHKey(tx, by, in, u, "revoked")
			return err
		})
		if err != nil {
			return rows, err
		}
		rows += n
	}
	return rows, nil
}

func mayRevokeSSH(by *auth.Principal, in auth.Tenant, ids []int64) error {
	v := auth.Delete.On(auth.SSHKeyObject(in.Type))
	if !by.May(v, in) && slices.ContainsFunc(ids, func(id int64) bool { return id != by.UserID }) {
		return auth.Lacks(by, v)
	}
	return nil
}

// endSSHKey removes a user's SSH key, if he has one, and says how many that were.
func (a *Accounts) endSSHKey(tx store.Tx, by *auth.Principal, in auth.Tenant, u *User, why string) (rows int, err error) {
	k, err := sshKeys.Get(tx, u.ID)
	if err != nil || k == nil {
		return 0, err
	}
	if _, err := sshKeys.Delete(tx, u.ID); err != nil {
		return 0, err
	}
	h := k.happening("REVOKE_SSH_ACCESS", u)
	h.Detail["reason"] = why
	return 1, a.Record(tx, by, in, h)
}

func (k *SSHKey) happening(name string, u *User) Happening {
	return Happening{
		Name: name, Category: OfSecurity, Message: "SSH key of " + u.Username,
		Detail: map[string]any{"userId": u.ID, "username": u.Username, "sshUsername": value(u.Fields.SSHUsername), "format": k.Format, "fingerprint": k.Fingerprint},
	}
}
