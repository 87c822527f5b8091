package reset

import (
	"cmp"
	"context"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/mail"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
)

// A Target says whose password a link is about, as a method's params do.
type Target struct {
	ID       int64
	Username string // when there is no ID
	Tenant   int64  // the tenant that the user must belong to; 0 is any
}

// maxSent is how many links administrators may have mailed to one address within an hour.
const maxSent = 30

// Send mails the user a link. The caller holds the privilege v in the user's tenant, and is a superuser if the user is
// one. A user whose password is not the portal's to set, who may not get in, or who has no address, is a Conflict. rows is
// 0 when the caller sees no such user.
func (l *Links) Send(ctx context.Context, by *auth.Principal, v auth.Privilege, to Target) (rows int, err error) {
	text, err := secret.Mint(l.accounts.Random())
	if err != nil {
		return 0, err
	}
	address := ""
	if u, in, err := l.find(ctx, by, v, to); err != nil || u == nil {
		return 0, err
	} else if err := maySend(by, v, u, in); err != nil {
		return 0, err
	} else {
		address = u.MailAddress()
	}
	if !l.mailed.add(l.now(), address, maxSent) { // here, because an Update may run twice
		return 0, auth.Errorf(auth.Limit, "%d links were mailed to the user within the hour, the most there may be", maxSent)
	}
	err = l.store.Update(ctx, func(tx store.Tx) error {
		rows = 0
		u, in, err := l.findIn(tx, by, v, to)
		if err != nil || u == nil {
			return err
		}
		if err := maySend(by, v, u, in); err != nil {
			return err
		}
		rows = 1
		link, err := l.mint(tx, u, in, text, sentLife)
		if err != nil {
			return err
		}
		return l.accounts.Record(tx, by, in, happening("SEND_PASSWORD_RESET_EMAIL", u, link))
	})
	if err == nil && rows > 0 {
		l.box.Wake()
	}
	return rows, err
}

func maySend(by *auth.Principal, v auth.Privilege, u *account.User, in auth.Tenant) error {
	switch {
	case !by.May(v, in):
		return auth.Lacks(by, v)
	case u.Role().IsSuper && !by.IsSuper():
		return auth.Errorf(auth.Forbidden, "the privilege of a superuser is required to change a superuser in method [%s]", by.Method)
	case u.NonNative:
		return auth.Errorf(auth.Conflict, "the password of a non-native user cannot be changed")
	case !u.Enabled():
		return auth.Errorf(auth.Conflict, "the user is not active")
	case u.MailAddress() == "":
		return auth.Errorf(auth.Conflict, "the user has no e-mail address, and his username is none")
	}
	return nil
}

func (l *Links) find(ctx context.Context, by *auth.Principal, v auth.Privilege, to Target) (u *account.User, in auth.Tenant, err error) {
	err = l.store.View(ctx, func(tx store.Tx) error {
		u, in, err = l.findIn(tx, by, v, to)
		return err
	})
	return u, in, err
}

// findIn answers the user if the caller sees him and v is about him.
func (l *Links) findIn(tx store.Tx, by *auth.Principal, v auth.Privilege, to Target) (u *account.User, in auth.Tenant, err error) {
	if to.ID != 0 {
		u, err = l.accounts.UserIn(tx, to.ID)
	} else {
		u, err = l.accounts.UserNamed(tx, to.Username)
	}
	if err != nil || u == nil || auth.UserObject(u.Type) != v.Object || to.Tenant != 0 && to.Tenant != u.TenantID() {
		return nil, in, err
	}
	in, ok, err := l.accounts.TenantIn(tx, u.Type, u.TenantID())
	if err != nil || !ok || !by.Sees(in) {
		return nil, in, err
	}
	return u, in, nil
}

func happening(name string, u *account.User, link *Link) account.Happening {
	return account.Happening{
		Name: name, Category: account.OfSecurity, Message: "user " + u.Username,
		Detail: map[string]any{"userId": u.ID, "username": u.Username, "mailId": link.Letter, "expires": link.Expires.Format(time.RFC3339)},
	}
}

// A Mailed link is what may be known of a link: never the link itself.
type Mailed struct {
	*Link
	State   State
	Subject string
	Mail    mail.State // "" when the letter has been forgotten
	Sent    time.Time
}

// Get answers the user's link to whoever holds the privilege v in the user's tenant; nil when there is none.
func (l *Links) Get(ctx context.Context, by *auth.Principal, v auth.Privilege, to Target) (m *Mailed, err error) {
	err = l.store.View(ctx, func(tx store.Tx) error {
		u, in, err := l.findIn(tx, by, v, to)
		if err != nil || u == nil {
			return err
		}
		if !by.May(v, in) {
			return auth.Lacks(by, v)
		}
		link, err := linkOf.Get(tx, store.Key(u.ID))
		if err != nil || link == nil {
			return err
		}
		m = &Mailed{Link: link, State: link.Kept}
		opened, _, err := l.opens(tx, link)
		if link.Kept == Open && opened == nil {
			m.State = Dead
		}
		letter, err2 := l.box.Find(tx, link.Letter)
		if letter == nil {
			return cmp.Or(err, err2)
		}
		m.Subject, m.Mail = letter.Subject, letter.State
		if letter.State == mail.Sent {
			m.Sent = letter.Modified
		}
		return err
	})
	return m, err
}
