package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/bolt"
	"github.com/portico-vco/portico/store/etcd"
)

const copyText = `Moves the store of a portal that does not run: from its data folder into an etcd cluster, or back.

  portico copy --from FOLDER --to etcd://HOST:PORT,.../PREFIX
  portico copy --from etcd://HOST:PORT,.../PREFIX --to FOLDER

There must be no store yet where it goes. Whatever cuts the command off, nothing is lost: run it again and it goes on. Until it has
come to its end no portal serves the new store, and when it has, none serves the old one any more, so that there are never two. Both
are read as a whole in the end, and must have the same keys and values.

All is as it was, sessions too, and the number of the store. The folder keys is not touched: every portal needs the same in
its data folder.

The old store stays where it is, marked as moved; the file gets another name. To go back with what was written since, move the store
back the same way. To go back without that, give the file its name again and add --undo to the command line that moved it: then
the old store is served again, and the new one not.
`

const copyMore = `
Exit status: 0 the store is where it shall be; 1 it is not, and the old one is served as before or the command is to be run again;
2 the command line is wrong.
`

// A move is one run of the command. The place has both ends of it.
type move struct {
	place
	from, to string
	undo     bool
}

func (p *program) copy() *cobra.Command {
	var m move
	c := p.command(about{"copy [flags] --from PLACE --to PLACE", "move a portal's store into an etcd cluster, or back", copyText, copyMore},
		func(ctx context.Context, words []string) error {
			if len(words) > 0 {
				return wrong("unexpected %q", words[0])
			}
			if err := m.check(); err != nil {
				return wrong("%w", err)
			}
			do := p.move
			if m.undo {
				do = p.moveBack
			}
			return m.alone(ctx, p, do)
		})
	f := c.Flags()
	f.StringVar(&m.from, "from", "", "data `FOLDER`, or etcd://HOST:PORT,.../PREFIX, where the store is")
	f.StringVar(&m.to, "to", "", "data `FOLDER`, or etcd://HOST:PORT,.../PREFIX, where it goes")
	f.BoolVar(&m.undo, "undo", false, "have the old store served again, and the new one not")
	m.etcdFlags(p, f)
	return c
}

// check finds out which end is where.
func (m *move) check() error {
	m.Data, m.Store = folder(m.from), m.to
	if inEtcd(m.from) {
		m.Data, m.Store = folder(m.to), m.from
	}
	if m.from == "" || m.to == "" || inEtcd(string(m.Data)) || !inEtcd(m.Store) {
		return errors.New("give --from and --to, one of them a data folder and the other etcd://HOST:PORT,.../PREFIX")
	}
	return m.place.check()
}

func inEtcd(place string) bool { return strings.HasPrefix(place, "etcd://") }

// fullName is what a place is called by whoever is somewhere else.
func fullName(place string) string {
	if path, err := filepath.Abs(place); err == nil && !inEtcd(place) {
		return path
	}
	return place
}

// end is one of the two places.
func (m *move) end(at string) *place {
	w := m.place
	if !inEtcd(at) {
		w.Store = ""
	}
	return &w
}

// alone has the folder meanwhile, which is made where the store goes into one.
func (m *move) alone(ctx context.Context, p *program, do func(context.Context, *move) error) (err error) {
	_, err = os.Stat(m.Data.store())
	if errors.Is(err, fs.ErrNotExist) {
		if inEtcd(m.to) {
			return m.nothingIn()
		}
		if _, err = m.Data.freshShared(); err == nil {
			err = m.Data.prepare()
		}
	}
	if err != nil {
		return err
	}
	held, err := m.Data.hold()
	if err != nil {
		return err
	}
	return errors.Join(do(ctx, m), held.Close())
}

// nothingIn says why there is no store in the folder.
func (m *move) nothingIn() error {
	moved, err := m.Data.movedStore()
	if moved != "" {
		return fmt.Errorf("there is no store in %s; the one that was there was moved, and is %s now", m.Data, moved)
	}
	return errors.Join(err, fmt.Errorf("there is no store in %s", m.Data))
}

// move copies, and then has the one store served instead of the other: it sets the old one aside before it puts the new one in place.
func (p *program) move(ctx context.Context, m *move) (err error) {
	from, err := m.end(m.from).use(ctx, p, bolt.Options{Aside: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	of := from.Mark()
	moved := of.State.Kind == store.Moved
	if err := of.State.Err(); err != nil && !moved {
		return err
	}
	at, err := p.receiving(ctx, m, of)
	if err != nil {
		return err
	}
	if at.Kind == store.Whole {
		return p.conclude(m, of.ID, "that was done before")
	}
	to, all, err := p.fill(ctx, m.end(m.to), at.Job, from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	if !moved {
		gone := store.State{Kind: store.Moved, Job: at.Job, About: fullName(m.to), Since: p.now()}
		if err := from.SetMark(ctx, store.Mark{ID: of.ID, State: gone}, p.stillSame(ctx, all)); err != nil {
			return err
		}
	}
	if err := to.SetMark(ctx, store.Mark{ID: of.ID}, anything); err != nil {
		return err
	}
	return p.conclude(m, of.ID, fmt.Sprintf("%d keys on both sides, SHA-256 of keys and values %x", all.Keys, all.Hash))
}

// anything is what a store is marked over that nobody else uses.
func anything(store.Tx) error { return nil }

const copying = "copy "

// receiving makes the store that is to be filled, or finds the one that a run before has left, and answers its state. It is whole
// when nothing is left to do.
func (p *program) receiving(ctx context.Context, m *move, of store.Mark) (store.State, error) {
	moved := of.State.Kind == store.Moved
	db, err := m.end(m.to).use(ctx, p, bolt.Options{Create: !moved, Aside: true, As: store.Mark{ID: of.ID, State: store.State{
		Kind: store.Unfinished, Job: copying + uuid.NewString(), About: "the copy from " + fullName(m.from), Since: p.now(),
	}}})
	if moved && (errors.Is(err, etcd.ErrNoStore) || errors.Is(err, bolt.ErrNoStore)) {
		return store.State{}, of.State.Err()
	}
	if err != nil {
		return store.State{}, err
	}
	is := db.Mark()
	if err := db.Close(); err != nil {
		return store.State{}, err
	}
	if !inEtcd(m.to) {
		err = giveToOwnerOf(string(m.Data), m.Data.store())
	}
	switch {
	case is.ID != of.ID:
		err = fmt.Errorf("there is another store in %s", m.to)
	case moved && is.State.Kind == store.Whole:
	case moved && is.State.Job != of.State.Job:
		err = of.State.Err()
	case is.State.Kind != store.Unfinished || !strings.HasPrefix(is.State.Job, copying):
		err = fmt.Errorf("there is a store in %s; it must be empty", m.to)
	}
	return is.State, err
}

// conclude gets the old file out of the way of a portal, and says what is where.
func (p *program) conclude(m *move, id, how string) error {
	text := fmt.Sprintf("store %s is in %s now: %s\n", id, m.to, how)
	if inEtcd(m.to) {
		kept, err := unusedName(m.Data.store()+movedStores, p.now(), "")
		if err != nil {
			return err
		}
		if err := errors.Join(os.Rename(m.Data.store(), kept), syncFolder(string(m.Data))); err != nil {
			return err
		}
		text += fmt.Sprintf("the old store is kept as %s and is not served any more\n", kept)
		text += fmt.Sprintf("the keys stay in %s: each portal that serves the store, with --store %s, needs the same in its data folder\n", m.Data.keys(), m.to)
	} else {
		text += fmt.Sprintf("the old store is kept in %s and is not served any more; etcdctl del --prefix removes it\n", m.from)
		text += fmt.Sprintf("the keys are not copied: %s must have those of the portals that served the store\n", m.Data.keys())
	}
	_, err := fmt.Fprint(p.stdout, text)
	return err
}

// moveBack has the old store served again, once the new one is not.
func (p *program) moveBack(ctx context.Context, m *move) (err error) {
	from, err := m.end(m.from).use(ctx, p, bolt.Options{Aside: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	is := from.Mark()
	if is.State.Kind != store.Moved {
		return fmt.Errorf("the store in %s was not moved", m.from)
	}
	if err := p.setAside(ctx, m, is); err != nil {
		return err
	}
	if err := from.SetMark(ctx, store.Mark{ID: is.ID}, anything); err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "store %s is in %s again, as it was on %s; what was written since is in %s, which is not served any more\n",
		is.ID, m.from, is.State.Since.Format(time.RFC3339), m.to)
	return err
}

// setAside has the new store served no more, if there is one. The mark tells by the name of the work whether it was this, or whether the
// store has gone on from there to another place, which is served.
func (p *program) setAside(ctx context.Context, m *move, old store.Mark) (err error) {
	to, err := m.end(m.to).use(ctx, p, bolt.Options{Aside: true})
	if errors.Is(err, etcd.ErrNoStore) || errors.Is(err, bolt.ErrNoStore) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	switch is := to.Mark(); {
	case is.ID != old.ID:
		return fmt.Errorf("there is another store in %s", m.to)
	case is.State.Kind == store.Moved && is.State.Job == old.State.Job:
		return nil
	case is.State.Kind == store.Moved:
		return fmt.Errorf("the store in %s has gone on from there, undo that first: %w", m.to, is.State.Err())
	}
	gone := store.State{Kind: store.Moved, Job: old.State.Job, About: fullName(m.from), Since: p.now()}
	return to.SetMark(ctx, store.Mark{ID: old.ID, State: gone}, anything)
}

// fill makes the store of a place, which is marked with a job, what from is, and answers it when it has been read again from where it
// lies.
func (p *program) fill(ctx context.Context, w *place, job string, from *store.DB) (to *store.DB, all store.Digest, err error) {
	if all, err = p.sum(ctx, from); err != nil {
		return nil, all, err
	}
	if to, err = p.toFill(ctx, w, job); err != nil {
		return nil, all, err
	}
	tell := p.counting("keys")
	err = store.Match(ctx, to, from, func(done int64) { tell(done, all.Keys) })
	if err = errors.Join(err, to.Close()); err != nil {
		return nil, all, err
	}
	if to, err = p.toFill(ctx, w, job); err != nil {
		return nil, all, err
	}
	is, err := p.sum(ctx, to)
	if err == nil && is != all {
		err = cmp.Or(from.View(ctx, p.stillSame(ctx, all)),
			fmt.Errorf("the two are not the same, with %d keys there and %d here; run this again", is.Keys, all.Keys))
	}
	if err != nil {
		return nil, all, errors.Join(err, to.Close())
	}
	return to, all, nil
}

// toFill opens a store that nobody else fills: who has marked it since cuts off all that have it open.
func (p *program) toFill(ctx context.Context, w *place, job string) (*store.DB, error) {
	db, err := w.use(ctx, p, bolt.Options{Aside: true})
	if err != nil {
		return nil, err
	}
	if is := db.Mark().State; is.Job != job {
		return nil, errors.Join(fmt.Errorf("somebody else is at work there: %w", cmp.Or(is.Err(), errors.New("it is whole"))), db.Close())
	}
	return db, nil
}

func (p *program) sum(ctx context.Context, db *store.DB) (all store.Digest, err error) {
	err = db.View(ctx, func(tx store.Tx) (err error) {
		all, err = p.sumIn(ctx, tx)
		return err
	})
	return all, err
}

func (p *program) sumIn(ctx context.Context, tx store.Tx) (store.Digest, error) {
	tell := p.counting("keys read")
	return store.Sum(ctx, tx, func(done int64) { tell(done, 0) })
}

// stillSame refuses a store that does not hold any more what it held.
func (p *program) stillSame(ctx context.Context, was store.Digest) func(store.Tx) error {
	return func(tx store.Tx) error {
		is, err := p.sumIn(ctx, tx)
		if err == nil && is != was {
			err = errors.New("somebody wrote to the store meanwhile: stop all portals that use it, and run this again")
		}
		return err
	}
}
