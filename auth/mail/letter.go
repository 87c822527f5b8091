package mail

import (
	"fmt"
	"net"
	"time"

	"github.com/google/uuid"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
)

// A State is where a letter is in its life.
type State string

// An Act moves a letter.
type Act string

const (
	Queued  State = "QUEUED"
	Sent    State = "SENT"    // the relay has taken it
	Dead    State = "DEAD"    // refused for good, or tried too often
	Dropped State = "DROPPED" // no longer wanted, or too late

	Try    Act = "try"
	Retry  Act = "retry" // by an operator: at once
	Send   Act = "send"
	GiveUp Act = "give up"
	Drop   Act = "drop"
)

// Moves is the life of a letter.
var Moves = auth.Lifecycle[State, Act]{
	Queued: {Try: Queued, Retry: Queued, Send: Sent, GiveUp: Dead, Drop: Dropped},
}

// A Letter is mail to one recipient.
type Letter struct {
	ID         int64         `json:"id"`
	MessageID  string        `json:"messageId"` // the same in every try
	Kind       string        `json:"kind"`      // who is asked whether it is still wanted, and
	Ref        int64         `json:"ref"`       // about what
	TenantType auth.UserType `json:"tenantType"`
	TenantID   int64         `json:"tenantId"` // the recipient's
	To         string        `json:"to"`
	Subject    string        `json:"subject"`
	Body       string        `json:"body,omitempty"` // sealed; gone when the letter is no longer queued
	State      State         `json:"state"`
	Tries      int           `json:"tries,omitempty"`
	Due        time.Time     `json:"due"`   // of the next try
	Until      time.Time     `json:"until"` // from then on it is not worth sending
	LastError  string        `json:"lastError,omitempty"`
	Created    time.Time     `json:"created"`
	Modified   time.Time     `json:"modified"`
}

var (
	letters    = store.NewCollection("letter", func(l *Letter) *int64 { return &l.ID })
	lettersDue = letters.Index("due", func(l *Letter) []byte {
		if l.State != Queued {
			return nil
		}
		return store.Key(l.Due)
	})
	lettersEnded = letters.Index("ended", func(l *Letter) []byte {
		if l.State == Queued {
			return nil
		}
		return store.Key(l.Modified)
	})
	lettersIn  = letters.Index("state", func(l *Letter) []byte { return store.Key(string(l.State)) })
	lettersAll = letters.Index("all", func(*Letter) []byte { return allKey }) // in the order of their numbers, both ways
)

var allKey = store.Key(true)

// move takes the letter to its next state. With the last one goes its body.
func (l *Letter) move(by Act, now time.Time) error {
	to, err := Moves.Next(l.State, by)
	if err != nil {
		return err
	}
	l.State, l.Modified = to, now
	if to != Queued {
		l.Body = ""
	}
	return nil
}

func (l *Letter) purpose() string { return fmt.Sprintf("mail/%d", l.ID) }

// An Order asks for a letter.
type Order struct {
	Kind, To, Subject string
	Ref               int64
	Tenant            auth.Tenant // the recipient's
	Body              secret.Text
	Until             time.Time
}

// Queue writes a letter in the transaction of the change that wants it. Call Wake when that is durable. An address that is
// none is refused as Invalid.
func (b *Box) Queue(tx store.Tx, o Order) (*Letter, error) {
	if !account.IsMailAddress(o.To) {
		return nil, auth.BadField("email", "is not an e-mail address")
	}
	if b.wanted[o.Kind] == nil {
		return nil, fmt.Errorf("nobody answers for letters of kind %q", o.Kind)
	}
	number, err := uuid.NewRandomFromReader(b.accounts.Random())
	if err != nil {
		return nil, err
	}
	host, err := b.host(tx)
	if err != nil {
		return nil, err
	}
	now := b.now()
	l := &Letter{
		MessageID: number.String() + "@" + host, Kind: o.Kind, Ref: o.Ref, TenantType: o.Tenant.Type, TenantID: o.Tenant.ID,
		To: o.To, Subject: o.Subject, State: Queued, Due: now, Until: o.Until, Created: now, Modified: now,
	}
	if err := letters.Insert(tx, l); err != nil {
		return nil, err
	}
	if l.Body, err = b.accounts.Sealer.Seal(l.purpose(), o.Body); err != nil {
		return nil, err
	}
	return l, letters.Put(tx, l)
}

// host is what Message-IDs end with: the portal's public address as far as it is the name of a host.
func (b *Box) host(tx store.Tx) (string, error) {
	address, err := b.accounts.Text(tx, account.PublicAddress)
	if err != nil {
		return "", err
	}
	if host, _, err := net.SplitHostPort(address); err == nil {
		address = host
	}
	if !account.IsMailAddress("portico@" + address) {
		address = "portico.local"
	}
	return address, nil
}

// Drop says that a letter is no longer wanted. One that is no longer queued, or not there, stays as it is.
func (b *Box) Drop(tx store.Tx, id int64) error {
	l, err := letters.Get(tx, id)
	if err != nil || l == nil || l.State != Queued {
		return err
	}
	if err := l.move(Drop, b.now()); err != nil {
		return err
	}
	return letters.Put(tx, l)
}

// Find answers a letter within a transaction; nil when there is none, or it has been forgotten.
func (b *Box) Find(tx store.Tx, id int64) (*Letter, error) { return letters.Get(tx, id) }
