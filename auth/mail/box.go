package mail

import (
	"context"
	"time"

	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
)

// A Message is a letter on its way.
type Message struct {
	ID      string // the Message-ID without its angle brackets
	Date    time.Time
	To      string
	Subject string
	Body    secret.Text
}

// A Relay is where messages are handed over, as the system properties say at that moment.
type Relay struct {
	Host     string
	Port     int
	Secure   string // starttls, tls or none
	User     string
	Password secret.Text
	From     string
}

// A Carrier hands messages over. It must give up when ctx ends. An error is temporary unless it is ErrRefused.
type Carrier interface {
	Carry(ctx context.Context, r Relay, m Message) error
}

// Wanted says whether the letter about ref should still be sent. It only reads.
type Wanted func(tx store.Tx, ref int64) (bool, error)

// A Box keeps the letters of a portal.
type Box struct {
	accounts *account.Accounts
	store    account.Store
	carrier  Carrier
	wanted   map[string]Wanted
	news     chan struct{}
}

// New makes the keeper.
func New(a *account.Accounts, c Carrier) *Box {
	return &Box{accounts: a, store: a.Store, carrier: c, wanted: make(map[string]Wanted), news: make(chan struct{}, 1)}
}

// Answer says who answers for the letters of a kind. It belongs to the wiring, before anything is queued.
func (b *Box) Answer(kind string, w Wanted) { b.wanted[kind] = w }

func (b *Box) now() time.Time { return b.accounts.Now() }

// Wake says that there is a letter to send.
func (b *Box) Wake() {
	select {
	case b.news <- struct{}{}:
	default:
	}
}

// How often Run looks for letters whose next try has come, or that another portal has queued; and for what no relay is needed for.
const (
	tick     = time.Second
	longTick = 10 * time.Second
)

// Run sends what is queued until ctx ends.
func (b *Box) Run(ctx context.Context, report func(error)) {
	short, long := time.NewTicker(tick), time.NewTicker(longTick)
	defer short.Stop()
	defer long.Stop()
	for {
		report(b.Deliver(ctx))
		for waits := true; waits; {
			select {
			case <-ctx.Done():
				return
			case <-b.news:
				waits = false
			case <-long.C:
				waits = false
			case <-short.C:
				waits = !b.canSend(ctx)
			}
		}
	}
}

// canSend says whether there is a letter that is due, and a relay to hand it to.
func (b *Box) canSend(ctx context.Context) (can bool) {
	_ = b.store.View(ctx, func(tx store.Tx) error { // Deliver will hear of what is wrong
		host, err := b.accounts.Text(tx, account.MailHost)
		if err != nil || host == "" {
			return err
		}
		return lettersDue.IDs(tx, b.untilNow(), func([]byte, int64) (bool, error) {
			can = true
			return false, nil
		})
	})
	return can
}

func (b *Box) untilNow() store.Span { return store.Span{To: store.Key(b.now().Add(time.Millisecond))} }

// relay reads the properties, for each try anew, so that a change acts with the next letter.
func (b *Box) relay(tx store.Tx) (r Relay, err error) {
	var password string
	for s, to := range map[*account.Setting]*string{
		account.MailHost: &r.Host, account.MailSecure: &r.Secure, account.MailUser: &r.User,
		account.MailPassword: &password, account.MailFrom: &r.From,
	} {
		if *to, err = b.accounts.Text(tx, s); err != nil {
			return r, err
		}
	}
	r.Password = secret.Text(password)
	port, err := b.accounts.Number(tx, account.MailPort)
	r.Port = int(port)
	return r, err
}
