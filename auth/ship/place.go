package ship

import (
	"context"
	"time"

	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/store"
)

// A place is how far a destination has come.
type place struct {
	ID          int64  `json:"id"`
	Destination []byte `json:"destination"`       // a mark of it: the store does not tell where its events go
	Begun       int64  `json:"begun,omitempty"`   // the last event when it was new: what is missing up to there was swept before
	Shipped     int64  `json:"shipped,omitempty"` // the last event that it has
}

var (
	places  = store.NewCollection("shipping", func(p *place) *int64 { return &p.ID })
	placeOf = places.Unique("destination", func(p *place) []byte { return p.Destination })
)

func (s *Shipper) mark() []byte { return s.accounts.Sealer.Mark("shipping", []byte(s.Destination)) }

// place answers how far the destination has come. A new one has no number yet.
func (s *Shipper) place(tx store.Tx) (*place, error) {
	p, err := placeOf.Get(tx, s.mark())
	if p != nil || err != nil {
		return p, err
	}
	last, err := account.LastEvent(tx)
	return &place{Destination: s.mark(), Begun: last}, err
}

// begin makes the place of a new destination, and answers how far it has come.
func (s *Shipper) begin(ctx context.Context) (at place, err error) {
	err = s.accounts.Store.Update(ctx, func(tx store.Tx) error {
		p, err := s.place(tx)
		if err != nil {
			return err
		}
		at = *p
		if at.ID == 0 {
			err = places.Insert(tx, &at)
		}
		return err
	})
	return at, err
}

// keepTime is how long writing the place may take, also when the portal is just ending.
const keepTime = 5 * time.Second

// keep notes how far the destination has come. It never goes back: another process may have sent more.
func (s *Shipper) keep(ctx context.Context, upTo int64) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepTime)
	defer cancel()
	return s.accounts.Store.Update(ctx, func(tx store.Tx) error {
		p, err := s.place(tx)
		if err != nil || p.ID == 0 || p.Shipped >= upTo {
			return err
		}
		next := *p
		next.Shipped = upTo
		return places.Put(tx, &next)
	})
}
