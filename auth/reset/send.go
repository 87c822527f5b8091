package reset

import (
	"context"
	"slices"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/mail"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
)

// A Target says whose password a link is about, as a method's params do.
type Target struct {
	Of       []auth.UserType // the types of user that the method is about
	ID       int64
	Username string                  // when there is no ID
	Tenants  map[auth.UserType]int64 // the user must belong to one of them; none is any
}

// meets says whether the user can be the one who is meant.
func (to Target) meets(u *account.User) bool {
	return slices.Contains(to.Of, u.Type) && (len(to.Tenants) == 0 || to.Tenants[u.Type] == u.TenantID())
}

// may is the privilege that an action on the user asks for.
func may(do auth.Action, u *account.User) auth.Privilege { return do.On(auth.UserObject(u.Type)) }

// How many links may be mailed within an hour.
const (
	maxSent   = 30  // by administrators to one mailbox
	maxTenant = 200 // to the users of a tenant by administrators; as many are by self-service
)

func (l *Links) count(u *account.User, in auth.Tenant) error {
	if !l.sent.add(l.now(), mailboxKey(in, u.MailAddress()), maxSent) {
		return auth.Errorf(auth.Limit, "%d links were mailed to the user's mailbox within the hour, the most there may be", maxSent)
	}
	if !l.sent.add(l.now(), tenantKey(in), maxTenant) {
		return auth.Errorf(auth.Limit, "%d links were mailed to users of the tenant within the hour, the most there may be", maxTenant)
	}
	return nil
}

// Send mails the user a link. The caller may change users of his type in his tenant, and is a superuser if the user is
// one. A user whose password is not the portal's to set, who may not get in, or who has no address, is a Conflict. rows is
// 0 when the caller sees no such user.
func (l *Links) Send(ctx context.Context, by *auth.Principal, to Target) (rows int, err error) {
	text, err := secret.Mint(l.accounts.Random())
	if err != nil {
		return 0, err
	}
	if u, in, err := l.find(ctx, by, to); err != nil || u == nil {
		return 0, err
	} else if err := maySend(by, u, in); err != nil {
		return 0, err
	} else if err := l.count(u, in); err != nil { // here, because an Update may run twice
		return 0, err
	}
	err = l.store.Update(ctx, func(tx store.Tx) error {
		rows = 0
		u, in, err := l.findIn(tx, by, to)
		if err != nil || u == nil {
			return err
		}
		if err := maySend(by, u, in); err != nil {
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

func maySend(by *auth.Principal, u *account.User, in auth.Tenant) error {
	switch v := may(auth.Update, u); {
	case !by.May(v, in):
		return auth.Lacks(by, v)
	case u.ClientID != 0:
		return u.Managed()
	case u.IsSuper() && !by.IsSuper():
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

func (l *Links) find(ctx context.Context, by *auth.Principal, to Target) (u *account.User, in auth.Tenant, err error) {
	err = l.store.View(ctx, func(tx store.Tx) error {
		u, in, err = l.findIn(tx, by, to)
		return err
	})
	return u, in, err
}

// findIn answers the user if the caller sees him and the method is about him.
func (l *Links) findIn(tx store.Tx, by *auth.Principal, to Target) (u *account.User, in auth.Tenant, err error) {
	if to.ID != 0 {
		u, err = l.accounts.UserIn(tx, to.ID)
	} else {
		u, err = l.accounts.UserNamed(tx, to.Username)
	}
	if err != nil || u == nil || !to.meets(u) {
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

// A Draft is the letter that Send would mail, without its link, and what became of the last one.
type Draft struct {
	User    *account.User
	From    string // "" while the property is not set
	To      string // "" when the user has no address
	Subject string
	Message string
	Last    *Mailed // nil when there is none
}

// A Mailed link is what may be known of a link: never the link itself.
type Mailed struct {
	*Link
	State State
	Mail  mail.State // "" when the letter has been forgotten
	Sent  time.Time
}

// Draft answers the letter to whoever may read users of that type in the user's tenant; nil when he sees no such user.
func (l *Links) Draft(ctx context.Context, by *auth.Principal, to Target) (d *Draft, err error) {
	err = l.store.View(ctx, func(tx store.Tx) error {
		d = nil
		u, in, err := l.findIn(tx, by, to)
		if err != nil || u == nil {
			return err
		}
		if v := may(auth.Read, u); !by.May(v, in) {
			return auth.Lacks(by, v)
		}
		d, err = l.draft(tx, u)
		return err
	})
	return d, err
}

func (l *Links) draft(tx store.Tx, u *account.User) (*Draft, error) {
	from, err := l.accounts.Text(tx, account.MailFrom)
	if err != nil {
		return nil, err
	}
	life, err := l.accounts.Duration(tx, sentLife[u.Type], time.Second)
	if err != nil {
		return nil, err
	}
	message, err := l.body(tx, u, "…", l.now().Add(life))
	if err != nil {
		return nil, err
	}
	last, err := l.last(tx, u)
	return &Draft{User: u, From: from, To: u.MailAddress(), Subject: subject, Message: string(message), Last: last}, err
}

// last answers the user's link as he is now; nil when there is none.
func (l *Links) last(tx store.Tx, u *account.User) (*Mailed, error) {
	link, err := linkOf.Get(tx, store.Key(u.ID))
	if err != nil || link == nil {
		return nil, err
	}
	m := &Mailed{Link: link, State: link.Kept}
	opened, _, err := l.opens(tx, link)
	if err != nil {
		return nil, err
	}
	if link.Kept == Open && opened == nil {
		m.State = Dead
	}
	letter, err := l.box.Find(tx, link.Letter)
	if err != nil || letter == nil {
		return m, err
	}
	m.Mail = letter.State
	if letter.State == mail.Sent {
		m.Sent = letter.Modified
	}
	return m, nil
}
