package reset

import (
	"cmp"
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
)

// errLink is one answer for all that is wrong with a link: whoever has a dead one learns nothing of the user.
var errLink error = auth.BadField("token", "is unknown, used, or no longer good")

// Redeem sets the password of the user whom the link was mailed to, and ends his sessions. Of any number of calls with one
// link, one does. What is wrong with the new password is said only to who holds a good link.
func (l *Links) Redeem(ctx context.Context, by *auth.Principal, text, password, password2 secret.Text) error {
	link, u, in, err := l.look(ctx, text)
	if err != nil {
		return err
	}
	if u == nil {
		return l.refuse(ctx, by, link, in)
	}
	if password2 != password {
		return auth.BadField("password2", "differs from password")
	}
	hash, err := l.accounts.NewHash(ctx, u.Type, u, password)
	if err != nil {
		return err
	}
	lost := false
	err = l.store.Update(ctx, func(tx store.Tx) error {
		link, err := linkByDigest.Get(tx, secret.DigestOf(text))
		if lost = err == nil && link == nil; err != nil || lost {
			return err
		}
		u, in, err := l.opens(tx, link)
		if lost = err == nil && u == nil; err != nil || lost {
			return err
		}
		return l.redeem(tx, by, link, u, in, hash)
	})
	if err == nil && lost {
		err = l.refuse(ctx, by, link, in)
	}
	return err
}

// look answers the link with that secret, and its user unless it is dead.
func (l *Links) look(ctx context.Context, text secret.Text) (link *Link, u *account.User, in auth.Tenant, err error) {
	err = l.store.View(ctx, func(tx store.Tx) error {
		link, err = linkByDigest.Get(tx, secret.DigestOf(text))
		if err != nil || link == nil || !link.Digest.Matches(text) {
			return err
		}
		u, in, err = l.opens(tx, link)
		return err
	})
	return link, u, in, err
}

func (l *Links) redeem(tx store.Tx, by *auth.Principal, link *Link, u *account.User, in auth.Tenant, hash string) error {
	next, err := Moves.Next(link.Kept, Redeem)
	if err != nil {
		return err
	}
	link.Kept = next
	if err := links.Put(tx, link); err != nil {
		return err
	}
	if err := l.box.Drop(tx, link.Letter); err != nil {
		return err
	}
	if err := l.accounts.SetPassword(tx, u, hash); err != nil {
		return err
	}
	who := u.Principal(by.Call, auth.NoMeans, 0, link.Expires)
	return l.accounts.Record(tx, who, in, happening("PASSWORD_RESET", u, link))
}

// refuse records the use of a link that is dead, or was never one.
func (l *Links) refuse(ctx context.Context, by *auth.Principal, link *Link, in auth.Tenant) error {
	h := account.Happening{Name: "PASSWORD_RESET_REFUSED", Category: account.OfSecurity, Message: "an unknown reset link"}
	if link != nil && in.ID != 0 {
		h.Message, h.Detail = "a dead reset link", map[string]any{"userId": link.UserID}
	} else {
		in = auth.Network()
	}
	return cmp.Or(l.accounts.Refused(ctx, by, in, h), errLink)
}
