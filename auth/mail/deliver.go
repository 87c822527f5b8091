package mail

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/store"
)

// ErrRefused says that the relay will never take this message: it is not tried again.
var ErrRefused = errors.New("refused for good")

// The tries: the first at once, the next after a minute, then each after twice as long as the one before, up to two hours.
// Fifteen take somewhat over a day.
const (
	maxTries  = 15
	firstWait = time.Minute
	maxWait   = 2 * time.Hour
	tryTime   = 45 * time.Second // less than firstWait, so that no two tries of a letter meet
)

// wait is the time between the try of that number, from 1, and the next.
func wait(try int) time.Duration { return min(firstWait<<min(try-1, 10), maxWait) }

// workers is how many letters are on their way at once: a relay that hangs for one does not hold up the others.
const workers = 4

// Deliver tries every letter that is due. What goes wrong with one is told, and is no matter of the others.
func (b *Box) Deliver(ctx context.Context) error {
	due, err := b.due(ctx)
	if err != nil {
		return err
	}
	var work sync.WaitGroup
	errs, next := make([]error, len(due)), make(chan int)
	for range min(workers, len(due)) {
		work.Go(func() {
			for i := range next {
				errs[i] = b.deliver(ctx, due[i])
			}
		})
	}
	for i := range due {
		next <- i
	}
	close(next)
	work.Wait()
	return errors.Join(errs...)
}

// due answers the numbers of the letters that are due, those that were never tried first: many that the relay does not want
// yet are no reason for a new one to wait. Without a relay only those are due that are not wanted any more.
func (b *Box) due(ctx context.Context) (ids []int64, err error) {
	err = b.store.View(ctx, func(tx store.Tx) error {
		var fresh, tried []int64
		host, err := b.accounts.Text(tx, account.MailHost)
		if err != nil {
			return err
		}
		err = lettersDue.Scan(tx, b.untilNow(), func(l *Letter) (bool, error) {
			if host == "" {
				if wanted, err := b.isWanted(tx, l); err == nil && wanted {
					return true, nil
				}
			}
			if l.Tries == 0 {
				fresh = append(fresh, l.ID)
			} else {
				tried = append(tried, l.ID)
			}
			return true, nil
		})
		ids = append(fresh, tried...)
		return err
	})
	return ids, err
}

func (b *Box) deliver(ctx context.Context, id int64) error {
	if ctx.Err() != nil {
		return nil // the portal ends; those that were not claimed are still due
	}
	l, relay, err := b.claim(ctx, id)
	if err != nil || l == nil {
		return err
	}
	sealed := l.Body
	body, err := b.accounts.Sealer.Open(l.purpose(), sealed)
	if err != nil {
		return b.settle(ctx, l, errors.Join(ErrRefused, err), "")
	}
	try, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	err = b.carrier.Carry(try, relay, Message{ID: l.MessageID, Date: l.Created, To: l.To, Subject: l.Subject, Body: body})
	if err != nil && ctx.Err() != nil {
		return nil // the portal ends; the next try is set
	}
	return b.settle(ctx, l, err, clean(err, relay, l.To))
}

// claim counts a try and sets the next, before anything is sent: whatever happens to this process, the letter is neither
// lost nor sent twice at once. It answers the relay as it is set at that moment, and nil when there is nothing to send,
// because the letter is not due, no longer wanted, or has no relay to go to.
func (b *Box) claim(ctx context.Context, id int64) (claimed *Letter, relay Relay, err error) {
	err = b.store.Update(ctx, func(tx store.Tx) error {
		claimed = nil
		l, err := letters.Get(tx, id)
		if err != nil || l == nil || l.State != Queued || b.now().Before(l.Due) {
			return err
		}
		wanted, err := b.isWanted(tx, l)
		switch {
		case err != nil:
			return err
		case !wanted:
			return b.end(tx, l, Drop)
		case l.Tries >= maxTries: // the last one was cut off
			return b.end(tx, l, GiveUp)
		}
		if relay, err = b.relay(tx); err != nil || relay.Host == "" {
			return err
		}
		if err := l.move(Try, b.now()); err != nil {
			return err
		}
		l.Tries++
		l.Due = b.now().Add(wait(l.Tries))
		claimed = l
		return letters.Put(tx, l)
	})
	return claimed, relay, err
}

func (b *Box) isWanted(tx store.Tx, l *Letter) (bool, error) {
	ask := b.wanted[l.Kind]
	if ask == nil || !b.now().Before(l.Until) {
		return false, nil
	}
	return ask(tx, l.Ref)
}

// settle writes what became of a try, also when the portal is just ending: what went out must not go out again.
func (b *Box) settle(ctx context.Context, tried *Letter, failed error, told string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer cancel()
	return b.store.Update(ctx, func(tx store.Tx) error {
		l, err := letters.Get(tx, tried.ID)
		if err != nil || l == nil || l.State != Queued || l.Tries != tried.Tries {
			return err
		}
		if failed == nil {
			l.LastError = ""
			return b.end(tx, l, Send)
		}
		l.LastError = cmp.Or(told, "the letter could not be unsealed")
		if errors.Is(failed, ErrRefused) || l.Tries >= maxTries {
			return b.end(tx, l, GiveUp)
		}
		l.Modified = b.now()
		return letters.Put(tx, l)
	})
}

// settleTime is how long writing the outcome may take.
const settleTime = 5 * time.Second

// Failed is the event of a letter that was given up.
const Failed = "MAIL_FAILED"

// end moves a letter to one of its ends. A death is told in the network's record, for somebody waits for that letter.
func (b *Box) end(tx store.Tx, l *Letter, by Act) error {
	if err := l.move(by, b.now()); err != nil {
		return err
	}
	if err := letters.Put(tx, l); err != nil || by != GiveUp {
		return err
	}
	h := l.happening(Failed)
	h.Severity = account.Warning
	h.Detail["tries"], h.Detail["lastError"] = l.Tries, l.LastError
	return b.accounts.Record(tx, account.System("portico/mail"), auth.Network(), h)
}

// happening tells of a letter without its address: not every operator may know the addresses of customers' users.
func (l *Letter) happening(name string) account.Happening {
	return account.Happening{
		Name: name, Category: account.OfSystem, Message: l.Subject,
		Detail: map[string]any{"mailId": l.ID, "messageId": l.MessageID},
	}
}

// clean makes of an error what may be kept and shown: a relay's answer is a stranger's text, and might repeat what it was
// sent. Neither the address nor anything as long as a link's secret is left of it.
func clean(err error, r Relay, to string) string {
	if err == nil {
		return ""
	}
	text := strings.ReplaceAll(err.Error(), to, "…")
	if p := string(r.Password); p != "" {
		text = strings.NewReplacer(p, "…", base64.StdEncoding.EncodeToString([]byte(p)), "…").Replace(text)
	}
	text = longWord.ReplaceAllString(text, "…")
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	if cut := []rune(text); len(cut) > maxError {
		text = string(cut[:maxError]) + "…"
	}
	return text
}

const maxError = 300

var longWord = regexp.MustCompile(`[A-Za-z0-9+/_=-]{20,}`)
