package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/portico-vco/portico/auth/backup"
	"github.com/portico-vco/portico/auth/keys"
	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/bolt"
	"github.com/portico-vco/portico/store/etcd"
)

// A store in etcd cannot be made under another name and be renamed. So it is set aside before the first of it is written, and put back
// after the last was read again. Who is cut off in between runs the restore again, which then asks for no --force: what was there
// before is in the backup that was made of it.

const restoring = "restore "

// mayTake refuses a store that is there, unless that is what a restore has left or is told to replace.
func (r restoration) mayTake(ctx context.Context, p *program) error {
	is, err := r.mark(ctx, p)
	switch {
	case errors.Is(err, etcd.ErrNoStore):
		return nil
	case err != nil:
		return err
	}
	return r.mayReplace(is)
}

func (r restoration) mayReplace(is store.Mark) error {
	if r.force || ofRestore(is) {
		return nil
	}
	return fmt.Errorf("there is a store in %s; with --force the backup takes its place, and a backup of it is made first", r.Store)
}

func ofRestore(m store.Mark) bool {
	return m.State.Kind == store.Unfinished && strings.HasPrefix(m.State.Job, restoring)
}

// send makes the store in etcd what the file next is.
func (p *program) send(ctx context.Context, r restoration, next string, now time.Time) (kept string, err error) {
	from, err := bolt.Open(next, bolt.Options{})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	as := store.Mark{ID: from.ID(), State: store.State{
		Kind: store.Unfinished, Job: restoring + uuid.NewString(), About: "the restore of " + filepath.Base(r.file), Since: now,
	}}
	if kept, err = p.vacate(ctx, r, as); err != nil {
		return kept, err
	}
	if err := r.newAccessKey(ctx, p.now, from); err != nil {
		return kept, err
	}
	to, _, err := p.fill(ctx, &r.place, as.State.Job, from)
	if err != nil {
		return kept, err
	}
	return kept, errors.Join(to.SetMark(ctx, store.Mark{ID: from.ID()}, anything), to.Close())
}

// newAccessKey makes one for all portals that share the store; each would make another. It is in use from the start: where it was not
// brought to, the keys of before are, by which the access tokens that were ended would be good.
func (r restoration) newAccessKey(ctx context.Context, now func() time.Time, db *store.DB) error {
	if err := r.dropAccessKeys(); err != nil {
		return err
	}
	key, err := (&keyFolder{path: r.Data.keys(), use: accessTokens, now: now}).rotate()
	if err != nil {
		return err
	}
	return db.Update(ctx, func(tx store.Tx) error { return keys.Begin(tx, accessTokens.noun, key.ID()) })
}

// vacate makes or sets aside the store that is to be filled. Of one that is there it first makes a backup, which has all of it: nothing
// can be written in between.
func (p *program) vacate(ctx context.Context, r restoration, as store.Mark) (kept string, err error) {
	db, err := r.use(ctx, p, bolt.Options{Create: true, As: as, Aside: true})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	is := db.Mark()
	switch err := r.mayReplace(is); {
	case err != nil:
		return "", err
	case is.State.Job == as.State.Job: // it was made
		return "", nil
	case ofRestore(is) && is.ID == as.ID: // which has kept what it found, and is cut off if it is still at work
		return "", db.SetMark(ctx, as, anything)
	}
	if kept, err = p.keepBackup(ctx, r, db, as.State.Since); err != nil {
		return "", fmt.Errorf("there is no backup to be had of the store that is there, so it stays: %w; restore to another prefix, or "+
			"remove with etcdctl what is under this one", err)
	}
	all, err := p.sumOfBackup(ctx, kept)
	if err != nil {
		return "", err
	}
	return kept, db.SetMark(ctx, as, p.stillSame(ctx, all))
}

func (p *program) keepBackup(ctx context.Context, r restoration, db *store.DB, now time.Time) (path string, err error) {
	if err := r.Data.makeBackups(""); err != nil {
		return "", err
	}
	if path, err = unusedName(filepath.Join(r.Data.backups(""), "before-restore-"), now, backup.Ending); err != nil {
		return "", err
	}
	if err := db.Copy(ctx, path, now, p.counting("bytes")); err != nil {
		return "", err
	}
	return path, giveToOwnerOf(r.Data.backups(""), path)
}

func (p *program) sumOfBackup(ctx context.Context, path string) (all store.Digest, err error) {
	db, err := bolt.Open(path, bolt.Options{ReadOnly: true, Backup: true})
	if err != nil {
		return all, err
	}
	all, err = p.sum(ctx, db)
	return all, errors.Join(err, db.Close())
}
