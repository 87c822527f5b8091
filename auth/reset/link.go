package reset

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/mail"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
)

// A State is where a link is in its life.
type State string

// An Act moves a link.
type Act string

const (
	Open     State = "OPEN"
	Redeemed State = "REDEEMED"
	Dead     State = "DEAD" // by what it rested on, never stored

	Redeem Act = "redeem"
)

// Moves is the life of a link.
var Moves = auth.Lifecycle[State, Act]{Open: {Redeem: Redeemed}}

// A Link lets a user set a new password once.
type Link struct {
	ID      int64         `json:"id"`
	UserID  int64         `json:"userId"`
	Digest  secret.Digest `json:"digest"`
	Kept    State         `json:"state"`
	Epoch   int64         `json:"epoch"`    // the user's, and
	Since   time.Time     `json:"since"`    // when his password was set: as they were
	Address string        `json:"address"`  // it was mailed to
	Letter  int64         `json:"letterId"` // that takes it there
	Created time.Time     `json:"created"`
	Expires time.Time     `json:"expires"`
}

var (
	links = store.NewCollection("resetlink", func(l *Link) *int64 { return &l.ID }).
		Leads("its user", func(tx store.Tx, l *Link) (bool, error) { return account.HasUser(tx, l.UserID) })
	linkByDigest = links.Unique("digest", func(l *Link) []byte { return l.Digest })
	linkOf       = links.Unique("user", func(l *Link) []byte { return store.Key(l.UserID) })
	linksEnding  = links.Index("expires", func(l *Link) []byte { return store.Key(l.Expires) })
)

// kind is what the letters with links are called in the box.
const kind = "passwordReset"

// subject is what clients of the real portal find in the draft.
const subject = "Password Reset"

// Links keeps the links of a portal.
type Links struct {
	accounts *account.Accounts
	store    account.Store
	box      *mail.Box
	wishes   chan wish
	sources  tally // who asks
	mailed   tally // by self-service
	sent     tally // by administrators
}

// New makes the keeper, which answers from now on for its letters in the box.
func New(a *account.Accounts, b *mail.Box) *Links {
	l := &Links{accounts: a, store: a.Store, box: b, wishes: make(chan wish, maxWishes)}
	b.Answer(kind, l.wanted)
	a.ForgetUser(l.forget)
	return l
}

func (l *Links) now() time.Time { return l.accounts.Now() }

// wanted: a link that opens nothing any more is not mailed.
func (l *Links) wanted(tx store.Tx, id int64) (bool, error) {
	link, err := links.Get(tx, id)
	if err != nil || link == nil {
		return false, err
	}
	u, _, err := l.opens(tx, link)
	return u != nil, err
}

// opens answers the user whose password the link sets, nil when the link is dead; and the user's tenant, as long as there
// is such a user.
func (l *Links) opens(tx store.Tx, link *Link) (*account.User, auth.Tenant, error) {
	u, err := l.accounts.UserIn(tx, link.UserID)
	if err != nil || u == nil {
		return nil, auth.Tenant{}, err
	}
	in, ok, err := l.accounts.TenantIn(tx, u.Type, u.TenantID())
	if err != nil || !ok || !link.restsOn(u) || link.Kept != Open || !l.now().Before(link.Expires) {
		return nil, in, err
	}
	return u, in, nil
}

// restsOn says whether the user is still as he was when the link was made, as far as that matters.
func (l *Link) restsOn(u *account.User) bool {
	return u.Enabled() && u.HasPassword() && u.Epoch == l.Epoch && u.PasswordModified.Equal(l.Since) && u.MailAddress() == l.Address
}

// The lives of links.
var (
	sentLife = map[auth.UserType]*account.Setting{
		auth.Operator: account.OperatorResetSeconds, auth.MSP: account.EnterpriseResetSeconds, auth.Enterprise: account.EnterpriseResetSeconds,
	}
	askedLife = map[auth.UserType]*account.Setting{
		auth.Operator: account.OperatorSelfResetSeconds, auth.MSP: account.EnterpriseSelfResetSeconds, auth.Enterprise: account.EnterpriseSelfResetSeconds,
	}
)

// mint gives the user a new link in the place of the one he has, and queues the letter with it.
func (l *Links) mint(tx store.Tx, u *account.User, in auth.Tenant, text secret.Text, life map[auth.UserType]*account.Setting) (*Link, error) {
	if err := l.forget(tx, u.ID); err != nil {
		return nil, err
	}
	d, err := l.accounts.Duration(tx, life[u.Type], time.Second)
	if err != nil {
		return nil, err
	}
	link := &Link{
		UserID: u.ID, Digest: secret.DigestOf(text), Kept: Open, Epoch: u.Epoch, Since: u.PasswordModified,
		Address: u.MailAddress(), Created: l.now(), Expires: l.now().Add(d),
	}
	if err := links.Insert(tx, link); err != nil {
		return nil, err
	}
	body, err := l.body(tx, u, text, link.Expires)
	if err != nil {
		return nil, err
	}
	letter, err := l.box.Queue(tx, mail.Order{
		Kind: kind, Ref: link.ID, To: link.Address, Tenant: in, Subject: subject, Body: body, Until: link.Expires,
	})
	if err != nil {
		return nil, err
	}
	link.Letter = letter.ID
	return link, links.Put(tx, link)
}

// forget removes a user's link, with the letter if it has not gone yet.
func (l *Links) forget(tx store.Tx, user int64) error {
	old, err := linkOf.Get(tx, store.Key(user))
	if err != nil || old == nil {
		return err
	}
	_, err = links.Delete(tx, old.ID)
	return cmp.Or(err, l.box.Drop(tx, old.Letter))
}

// body writes the letter. The address in the link is the property's: what a caller writes into a Host header is his own
// affair. The secret stands behind a #, which browsers keep to themselves.
func (l *Links) body(tx store.Tx, u *account.User, text secret.Text, until time.Time) (secret.Text, error) {
	address, err := l.accounts.Text(tx, account.PublicAddress)
	return secret.Text(fmt.Sprintf(`A new password can be set for %s of the portal at %s:

https://%[2]s/reset#%s

The link works once, until %s UTC. It ends earlier when the
password is changed in another way, or when another link is asked for.

If you did not ask for this, you need not do anything: the password stays as
it is.
`, whom(u), address, string(text), until.UTC().Format("2006-01-02 15:04"))), err
}

// whom names the user, unless a mail reader might make a link of his name: then somebody else could choose where it leads.
// Any dot may do; only the recipient's own address is none of somebody else's making.
func whom(u *account.User) string {
	if u.Username != u.MailAddress() && strings.ContainsAny(u.Username, "./:") {
		return "a user"
	}
	return "the user " + u.Username
}

// sweptLinks is the step of a sweep, kept below the store's hundred keys an Update.
const sweptLinks = 20

// Sweep removes the links whose time is over.
func (l *Links) sweep(tx store.Tx) (more bool, err error) {
	n, err := links.DeleteSome(tx, linksEnding, store.Span{To: store.Key(l.now())}, sweptLinks)
	return n == sweptLinks, err
}

// EndLinks removes a step of all links, with the letters that have not gone yet, and says how many those were.
func (l *Links) EndLinks(tx store.Tx) (n int, more bool, err error) {
	var users []int64
	err = links.Scan(tx, 0, func(link *Link) (bool, error) {
		users = append(users, link.UserID)
		return len(users) < sweptLinks/2, nil // and as many letters
	})
	for _, id := range users {
		if err == nil {
			err = l.forget(tx, id)
		}
	}
	return len(users), len(users) == sweptLinks/2, err
}
