package mail

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/store"
)

// usuallyListed is how many letters a page has when the caller does not say.
const usuallyListed = 500

// A Page is some letters, newest first. They have no body, and the recipient's address only where the caller may read
// the recipient.
type Page struct {
	Letters []*Letter
	Limit   int
	More    bool
	Next    string
}

// List answers a page of the letters in that state, or in any. Next is where the page before ended. A limit that is not
// between 1 and account.MaxPage is Invalid; nil is the usual one.
func (b *Box) List(ctx context.Context, by *auth.Principal, state State, limit *int, next string) (Page, error) {
	page := Page{Letters: []*Letter{}, Limit: usuallyListed}
	if limit != nil {
		page.Limit = *limit
	}
	if page.Limit < 1 || page.Limit > account.MaxPage {
		return page, auth.BadField("limit", "is not between 1 and %d", account.MaxPage)
	}
	before, err := strconv.ParseInt(next, 10, 64)
	if next != "" && (err != nil || before < 1) {
		return page, auth.BadField("nextPageLink", "is not from a page before")
	}
	index, key := lettersAll, allKey
	if state != "" {
		index, key = lettersIn, store.Key(string(state))
	}
	span := store.Span{Prefix: key, Reverse: true}
	if before > 0 {
		span.To = store.AppendKey(key[:len(key):len(key)], before)
	}
	err = b.store.View(ctx, func(tx store.Tx) error {
		return index.Scan(tx, span, func(l *Letter) (bool, error) {
			if len(page.Letters) == page.Limit {
				page.More = true
				return false, nil
			}
			page.Next = strconv.FormatInt(l.ID, 10)
			page.Letters = append(page.Letters, l)
			return true, b.hide(tx, by, l)
		})
	})
	return page, err
}

// Waiting is how many letters wait to be sent.
func (b *Box) Waiting(ctx context.Context) (n int, err error) {
	err = b.store.View(ctx, func(tx store.Tx) error {
		return lettersDue.IDs(tx, store.Span{}, func([]byte, int64) (bool, error) { n++; return true, nil })
	})
	return n, err
}

// hide takes out of a letter what the caller may not see.
func (b *Box) hide(tx store.Tx, by *auth.Principal, l *Letter) error {
	l.Body = ""
	in, ok, err := b.accounts.TenantIn(tx, l.TenantType, l.TenantID)
	if err != nil || ok && by.May(auth.Read.On(auth.UserObject(l.TenantType)), in) {
		return err
	}
	l.To = Masked(l.To)
	return nil
}

// Masked is an address as everybody may see it.
func Masked(address string) string {
	if at := strings.LastIndexByte(address, '@'); at >= 0 {
		return "…" + address[at:]
	}
	return address
}

// RetryLetter makes a waiting letter due at once. rows is 0 when there is no such letter; one that waits no more is a Conflict.
func (b *Box) RetryLetter(ctx context.Context, by *auth.Principal, id int64) (rows int, err error) {
	rows, err = b.change(ctx, by, id, "RETRY_MAIL", func(tx store.Tx, l *Letter) error {
		if err := l.move(Retry, b.now()); err != nil {
			return err
		}
		l.Due = b.now()
		return letters.Put(tx, l)
	})
	if err == nil {
		b.Wake()
	}
	return rows, err
}

// DeleteLetter removes a letter, whatever its state. One that waits is not sent.
func (b *Box) DeleteLetter(ctx context.Context, by *auth.Principal, id int64) (rows int, err error) {
	return b.change(ctx, by, id, "DELETE_MAIL", func(tx store.Tx, l *Letter) error {
		_, err := letters.Delete(tx, l.ID)
		return err
	})
}

func (b *Box) change(ctx context.Context, by *auth.Principal, id int64, event string, f func(store.Tx, *Letter) error) (rows int, err error) {
	err = b.store.Update(ctx, func(tx store.Tx) error {
		rows = 0
		l, err := letters.Get(tx, id)
		if err != nil || l == nil {
			return err
		}
		rows = 1
		h := l.happening(event)
		h.Detail["state"] = string(l.State)
		if err := f(tx, l); err != nil {
			return err
		}
		return b.accounts.Record(tx, by, auth.Network(), h)
	})
	return rows, err
}

// sweptLetters is the step of a sweep, kept below the store's hundred keys an Update.
const sweptLetters = 25

// Sweep forgets the letters that ended longer ago than the property says.
func (b *Box) Sweep(ctx context.Context) error {
	return b.store.InSteps(ctx, b.sweep)
}

func (b *Box) sweep(tx store.Tx) (more bool, err error) {
	keep, err := b.accounts.Duration(tx, account.MailRetainDays, 24*time.Hour)
	if err != nil {
		return false, err
	}
	n, err := letters.DeleteSome(tx, lettersEnded, store.Span{To: store.Key(b.now().Add(-keep))}, sweptLetters)
	return n == sweptLetters, err
}
