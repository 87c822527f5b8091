package reset

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/mail"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
)

// The bounds of self-service, each within an hour. A user gets one link until it is over, whoever asks how often.
const (
	maxAsked  = 20  // by one source
	maxMailed = 5   // to one user
	maxUsers  = 5   // of one address, by one request
	maxWishes = 256 // that wait for Run
)

// freshTime is how long a letter that was sent is given to be found. After that it may be lost, and another may be asked for.
const freshTime = 15 * time.Minute

// A wish is a request as it waits: nobody has looked yet whom it is about.
type wish struct {
	name string
	call auth.Call
}

// Request asks for a link for whoever has that username or e-mail address. It says yes whatever comes of it; too many
// requests of one source, or of all, are Busy.
func (l *Links) Request(ctx context.Context, by *auth.Principal, name string) error {
	switch {
	case name == "":
		return auth.BadField("username", "is required, or email")
	case len(name) > 1024:
		return auth.BadField("username", "has more than 1024 bytes")
	case !l.sources.add(l.now(), account.Place(by.Source), maxAsked):
		h := account.Happening{Name: "PASSWORD_RESET_REFUSED", Category: account.OfSecurity, Message: "too many requests for reset links"}
		return cmp.Or(l.accounts.Refused(ctx, by, auth.Network(), h), errBusy)
	}
	select {
	case l.wishes <- wish{name, by.Call}:
		return nil
	default:
		return errBusy
	}
}

var errBusy error = auth.Errorf(auth.Busy, "too many requests for reset links")

// Run grants what was requested until ctx ends. What waits then is lost, as if the letter had been: one asks again.
func (l *Links) Run(ctx context.Context, report func(error)) {
	for {
		select {
		case <-ctx.Done():
			return
		case w := <-l.wishes:
			report(l.grant(ctx, w))
		}
	}
}

// Settle grants what waits, and returns. Tests call it instead of Run.
func (l *Links) Settle(ctx context.Context) error {
	for {
		select {
		case w := <-l.wishes:
			if err := l.grant(ctx, w); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}

// grant mails a link to the users of that name or address who may have one without an administrator.
func (l *Links) grant(ctx context.Context, w wish) error {
	ids, err := l.meant(ctx, w.name)
	for _, id := range ids {
		err = errors.Join(err, l.grantUser(ctx, w, id))
	}
	return err
}

func (l *Links) meant(ctx context.Context, name string) (ids []int64, err error) {
	err = l.store.View(ctx, func(tx store.Tx) error {
		ids = nil
		u, err := l.accounts.UserNamed(tx, name)
		if err != nil {
			return err
		}
		if u != nil {
			ids = append(ids, u.ID)
		}
		if !strings.Contains(name, "@") {
			return nil
		}
		mailed, err := l.accounts.UsersMailed(tx, name, maxUsers)
		for _, u := range mailed {
			if !slices.Contains(ids, u.ID) {
				ids = append(ids, u.ID)
			}
		}
		return err
	})
	return ids, err
}

var selfReset = map[auth.UserType]*account.Setting{
	auth.Operator: account.OperatorSelfReset, auth.MSP: account.EnterpriseSelfReset, auth.Enterprise: account.EnterpriseSelfReset,
}

func (l *Links) grantUser(ctx context.Context, w wish, id int64) error {
	text, err := secret.Mint(l.accounts.Random())
	if err != nil {
		return err
	}
	granted, counted := false, false
	err = l.store.Update(ctx, func(tx store.Tx) error {
		granted = false
		u, in, err := l.mayAsk(tx, id)
		if err != nil || u == nil {
			return err
		}
		if !counted && !(l.mailed.add(l.now(), strconv.FormatInt(u.ID, 10), maxMailed) && l.mailed.add(l.now(), tenantKey(in), maxTenant)) {
			return nil
		}
		counted, granted = true, true
		link, err := l.mint(tx, u, in, text, askedLife)
		if err != nil {
			return err
		}
		h := happening("SEND_PASSWORD_RESET_EMAIL", u, link)
		h.Detail["selfService"] = true
		return l.accounts.Record(tx, &auth.Principal{Call: w.call}, in, h)
	})
	if err == nil && granted {
		l.box.Wake()
	}
	return err
}

// mayAsk answers the user if he may have a link without an administrator, now; else nil. One who has a link that still
// works, on its way or fresh in his mailbox, gets no other: a stranger's requests neither flood the mailbox nor end the link.
func (l *Links) mayAsk(tx store.Tx, id int64) (*account.User, auth.Tenant, error) {
	u, err := l.accounts.UserIn(tx, id)
	if err != nil || u == nil || !u.Enabled() || !u.HasPassword() || u.MailAddress() == "" {
		return nil, auth.Tenant{}, err
	}
	if on, err := l.accounts.Flag(tx, selfReset[u.Type]); err != nil || !on {
		return nil, auth.Tenant{}, err
	}
	in, ok, err := l.accounts.TenantIn(tx, u.Type, u.TenantID())
	if err != nil || !ok {
		return nil, in, err
	}
	has, err := l.hasLink(tx, u.ID)
	if err != nil || has {
		return nil, in, err
	}
	return u, in, nil
}

func (l *Links) hasLink(tx store.Tx, user int64) (bool, error) {
	link, err := linkOf.Get(tx, store.Key(user))
	if err != nil || link == nil {
		return false, err
	}
	if u, _, err := l.opens(tx, link); err != nil || u == nil {
		return false, err
	}
	letter, err := l.box.Find(tx, link.Letter)
	return letter != nil && (letter.State == mail.Queued || letter.State == mail.Sent && l.now().Before(letter.Modified.Add(freshTime))), err
}

// Sweep removes the links whose time is over.
func (l *Links) Sweep(ctx context.Context) error {
	return l.store.InSteps(ctx, l.sweep)
}
