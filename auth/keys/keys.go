// Package keys owns what the portals that share a store agree on about their keys: who has which, and which of them are in use. It must
// not know what a key is, where it lies, nor what is done with it.
//
// # How a key comes into use
//
// Keys lie in a folder of each portal, apart from the store, so a new one comes to the portals one after the other. If one of them used
// it before the others have it, they would refuse what it signs, and could not open what it seals. So each portal tells in the store
// which keys it has (Agree), and a key is in use once all portals that run have it; of several, the newest. Until then the one before
// goes on. In whatever order keys are copied, nothing breaks.
//
// A portal that lacks a key in use is told so, counts for nothing, and must not serve. Of those who begin a store at once with keys of
// their own the first one's are in use, and the others lack them.
package keys

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/store"
)

// A Key is one that a portal has.
type Key struct {
	ID    string
	Whole bool // it can be used, and not only tell what was made with it
}

// Held are the keys that a portal has by what they are for, in the order of their making.
type Held map[string][]Key

// whole are the ids of those that can be used.
func (h Held) whole() map[string][]string {
	ids := make(map[string][]string)
	for use, list := range h {
		for _, k := range list {
			if k.Whole {
				ids[use] = append(ids[use], k.ID)
			}
		}
	}
	return ids
}

// A used key is the one that is in use for something.
type used struct {
	ID  int64  `json:"id"`
	Use string `json:"use"`
	Key string `json:"key"`
}

// A portal is one that runs, and what keys it can use.
type portal struct {
	ID   int64               `json:"id"`
	Name string              `json:"name"`
	Keys map[string][]string `json:"keys"`
	Seen time.Time           `json:"seen"`
}

var (
	inUse   = store.NewCollection("keyinuse", func(u *used) *int64 { return &u.ID })
	usedFor = inUse.Unique("use", func(u *used) []byte { return store.Key(u.Use) })
	portals = store.NewCollection("portal", func(p *portal) *int64 { return &p.ID })
)

// A portal tells that it runs each seenEvery. One that was not heard of for goneAfter runs no more, or is cut off: it will find out
// what it lacks when it is back.
const (
	seenEvery = 5 * time.Minute
	goneAfter = 15 * time.Minute
)

// Portals are those that share a store, as one of them sees them.
type Portals struct {
	accounts *account.Accounts
	name     string
	id       int64 // of this one's record
}

// New makes the portal of that name one of them, once it agrees.
func New(a *account.Accounts, name string) *Portals { return &Portals{accounts: a, name: name} }

// An Agreement says which keys are in use.
type Agreement struct {
	InUse   map[string]string // the id of a key, by what it is for
	Missing []Lack            // keys in use that this portal lacks; then it must not serve
	Waiting []Lack            // keys of this portal, or of others, that wait until all have them
}

// A Lack is a key that somebody has not.
type Lack struct {
	Use, Key string
	Portal   string // whose lack it is
}

// Agree tells the others what keys this portal has, and answers which are in use. It is to be called at the start, and again and again
// while the portal runs, by one goroutine.
func (p *Portals) Agree(ctx context.Context, held Held) (a Agreement, err error) {
	decide := func(tx store.Tx) (d decision, err error) {
		if d, err = p.decide(tx, held); err == nil {
			a = d.Agreement
		}
		return d, err
	}
	news := false
	err = p.accounts.Store.View(ctx, func(tx store.Tx) error {
		d, err := decide(tx)
		news = d.news()
		return err
	})
	if err != nil || !news {
		return a, err
	}
	id := p.id
	err = p.accounts.Store.Update(ctx, func(tx store.Tx) error {
		d, err := decide(tx)
		if err != nil {
			return err
		}
		id, err = p.write(tx, d)
		return err
	})
	if err == nil {
		p.id = id
	}
	return a, err
}

// InUse answers the key that is in use for something, "" when none was agreed on.
func (p *Portals) InUse(ctx context.Context, use string) (key string, err error) {
	err = p.accounts.Store.View(ctx, func(tx store.Tx) error {
		u, err := usedFor.Get(tx, store.Key(use))
		if u != nil {
			key = u.Key
		}
		return err
	})
	return key, err
}

// Leave tells the others that this portal ends.
func (p *Portals) Leave(ctx context.Context) error {
	if p.id == 0 {
		return nil
	}
	return p.accounts.Store.Update(ctx, func(tx store.Tx) error {
		_, err := portals.Delete(tx, p.id)
		return err
	})
}

// A decision is an agreement, and what has to be written for it.
type decision struct {
	Agreement
	own     *portal  // nil: there is to be no record of this portal
	told    bool     // it is there as it is
	gone    []int64  // portals that run no more
	changed []change // of what is in use
}

type change struct {
	*used
	before string
}

func (d *decision) news() bool { return !d.told || len(d.gone) > 0 || len(d.changed) > 0 }

func (p *Portals) decide(tx store.Tx, held Held) (d decision, err error) {
	now := p.accounts.Now()
	own, others, gone, err := p.all(tx, now)
	if err != nil {
		return d, err
	}
	d.InUse, d.gone = make(map[string]string), gone
	for _, use := range slices.Sorted(maps.Keys(held)) {
		u, err := usedFor.Get(tx, store.Key(use))
		if err != nil {
			return d, err
		}
		if u == nil {
			u = &used{Use: use}
		}
		p.choose(&d, u, held[use], others)
	}
	if len(d.Missing) > 0 {
		d.changed, d.told = nil, own == nil
		return d, nil
	}
	d.own = &portal{ID: p.id, Name: p.name, Keys: held.whole(), Seen: now}
	d.told = own != nil && maps.EqualFunc(own.Keys, d.own.Keys, slices.Equal) && now.Sub(own.Seen) < seenEvery
	return d, nil
}

// all are the portals that there are a record of.
func (p *Portals) all(tx store.Tx, now time.Time) (own *portal, others []*portal, gone []int64, err error) {
	err = portals.Scan(tx, 0, func(o *portal) (bool, error) {
		switch {
		case o.ID == p.id:
			own = o
		case now.Sub(o.Seen) > goneAfter:
			gone = append(gone, o.ID)
		default:
			others = append(others, o)
		}
		return true, nil
	})
	return own, others, gone, err
}

// choose decides which key is to be in use: one that is behind the one before, so that nothing old comes back.
func (p *Portals) choose(d *decision, u *used, list []Key, others []*portal) {
	at := slices.IndexFunc(list, func(k Key) bool { return k.ID == u.Key })
	if u.Key != "" && at < 0 {
		d.Missing = append(d.Missing, Lack{u.Use, u.Key, p.name})
		return
	}
	newest := ""
	for _, k := range list[at+1:] {
		lacking := without(others, u.Use, k.ID)
		switch {
		case !k.Whole:
		case len(lacking) == 0 || u.Key == "": // the first to say
			newest = k.ID
		default:
			d.Waiting = append(d.Waiting, lacking...)
		}
	}
	switch {
	case newest != "":
		d.changed = append(d.changed, change{&used{ID: u.ID, Use: u.Use, Key: newest}, u.Key})
		d.InUse[u.Use] = newest
	case at < 0 || !list[at].Whole:
		d.Missing = append(d.Missing, Lack{u.Use, u.Key, p.name})
	default:
		d.InUse[u.Use] = u.Key
	}
	d.Waiting = append(d.Waiting, p.lacks(u.Use, list, others)...)
}

// without are the portals that lack a key.
func without(others []*portal, use, key string) (list []Lack) {
	for _, o := range others {
		if !slices.Contains(o.Keys[use], key) {
			list = append(list, Lack{use, key, o.Name})
		}
	}
	return list
}

// lacks are the keys that another portal has and this one lacks. Those that others had before this one came are in its folder, too, if
// only by half, or never came into use.
func (p *Portals) lacks(use string, list []Key, others []*portal) (lacks []Lack) {
	for _, o := range others {
		for _, key := range o.Keys[use] {
			l := Lack{use, key, p.name}
			if !slices.ContainsFunc(list, func(k Key) bool { return k.ID == key }) && !slices.Contains(lacks, l) {
				lacks = append(lacks, l)
			}
		}
	}
	return lacks
}

// write makes a decision durable, and answers the number of this portal's record.
func (p *Portals) write(tx store.Tx, d decision) (id int64, err error) {
	for _, id := range d.gone {
		if _, err := portals.Delete(tx, id); err != nil {
			return 0, err
		}
	}
	for _, c := range d.changed {
		if err := p.take(tx, c); err != nil {
			return 0, err
		}
	}
	switch {
	case d.own == nil:
		_, err = portals.Delete(tx, p.id)
		return 0, err
	case d.own.ID == 0:
		err = portals.Insert(tx, d.own)
	default:
		err = portals.Put(tx, d.own)
	}
	return d.own.ID, err
}

// take brings a key into use, and tells of it, unless it is the first.
func (p *Portals) take(tx store.Tx, c change) error {
	if c.ID == 0 {
		return inUse.Insert(tx, c.used)
	}
	h := account.Happening{
		Name: "KEY_IN_USE", Category: account.OfSystem, Severity: account.Notice, Message: fmt.Sprintf("another key of %s", c.Use),
		Detail: map[string]any{"use": c.Use, "key": c.Key, "before": c.before},
	}
	if err := p.accounts.Record(tx, account.System("portico/keys"), auth.Network(), h); err != nil {
		return err
	}
	return inUse.Put(tx, c.used)
}

// Begin brings a key into use where none is: of the portals that are to come, those that lack it must not serve.
func Begin(tx store.Tx, use, key string) error { return inUse.Insert(tx, &used{Use: use, Key: key}) }

// Forget takes back what was agreed on, a little at a time: a store that was put back, or was one portal's alone meanwhile, may tell of
// keys that are no more.
func Forget(tx store.Tx) (n int, more bool, err error) {
	ids := make([]int64, 0, atOnce)
	list := func(id int64) (bool, error) {
		ids = append(ids, id)
		return len(ids) < atOnce, nil
	}
	if err := portals.Scan(tx, 0, func(p *portal) (bool, error) { return list(p.ID) }); err != nil {
		return 0, false, err
	}
	from := len(ids)
	if err := inUse.Scan(tx, 0, func(u *used) (bool, error) { return list(u.ID) }); err != nil {
		return 0, false, err
	}
	for i, id := range ids {
		if i < from {
			_, err = portals.Delete(tx, id)
		} else {
			_, err = inUse.Delete(tx, id)
		}
		if err != nil {
			return 0, false, err
		}
	}
	return len(ids), len(ids) >= atOnce, nil
}

// atOnce is how many records are removed in an Update.
const atOnce = 20
