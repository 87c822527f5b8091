package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/backup"
	"github.com/portico-vco/portico/auth/keys"
	"github.com/portico-vco/portico/auth/mail"
	"github.com/portico-vco/portico/auth/mail/smtp"
	"github.com/portico-vco/portico/auth/reset"
	"github.com/portico-vco/portico/auth/token"
	"github.com/portico-vco/portico/store/bolt"
)

const restoreText = `Puts the backup FILE in the place of the store of a portal that does not run. The folder keys of that portal must be in the data
folder; it is in no backup. The backup is checked first.

Ended are: all sessions and access tokens, the links that set passwords, enrolments of second factors, and the codes up to now.

What cannot be known is what was done since the backup was made. Users who were disabled or deleted then, API tokens, clients, keys
and grants that were revoked, and passwords and secrets that were replaced are again what they were. The command prints from when to when
that is, and the portal has it as an event: whatever you know of that time from elsewhere, do again before you start the portal for
others.
`

const restoreMore = `
Where portals share a store, give its --store. It must be empty, or with --force a backup of what is there is made first, in the folder
backups, and portals that still run on it answer nothing any more. A restore that was cut off is to be run again before a portal
serves the store. Then bring the folder keys to the data folders of all portals: their keys of access tokens are new.

Exit status: 0 the portal may be started; 1 the store that was there, if any, is still in place, or in etcd is not served until the
restore was run again; 2 the command line is wrong.
`

// A restoration is one run of the command.
type restoration struct {
	place
	file            string
	force, problems bool
}

func (p *program) restore() *cobra.Command {
	r := restoration{place: place{Data: "./data"}}
	c := p.command(about{"restore [flags] FILE", "put a backup in the place of a portal's store", restoreText, restoreMore},
		func(ctx context.Context, words []string) error {
			if len(words) != 1 {
				return wrong("give the file of a backup")
			}
			if err := r.check(); err != nil {
				return wrong("%w", err)
			}
			r.file = words[0]
			return p.restoreFile(ctx, r)
		})
	f := c.Flags()
	r.flags(p, f)
	f.BoolVar(&r.force, "force", false, "take the place of a store that is there; it is kept beside, under another name, or as a backup")
	f.BoolVar(&r.problems, "despite-problems", false, "go on also where the check finds that not all is as the portal wrote it")
	return c
}

func (p *program) restoreFile(ctx context.Context, r restoration) (err error) {
	if err := r.checkKeys(); err != nil {
		return err
	}
	let, err := r.hold(ctx, p)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, let()) }()
	next := r.next()
	if err := os.Remove(next); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	defer os.Remove(next)
	made, err := bolt.Restore(ctx, r.file, next, p.counting("bytes"))
	if err != nil {
		return err
	}
	// What is checked is the copy: others may write where the backup lies.
	var found *problemsError
	err = p.checkFile(ctx, r.Data, next, made, "")
	if err != nil && (!r.problems || !errors.As(err, &found)) {
		return err
	}
	was, ended, err := p.revive(ctx, r.Data, next, made)
	if err != nil {
		return err
	}
	place := r.rename
	if r.shared() {
		place = func(next string, now time.Time) (string, error) { return p.send(ctx, r, next, now) }
	}
	kept, err := place(next, was.Time)
	if err != nil {
		return err
	}
	return p.tellRestored(was, ended, kept, r.shared())
}

// next is the file in which the store is made ready. What a kill leaves of it an open of the store, or a start of the portal, clears
// away.
func (r restoration) next() string {
	if r.shared() {
		return filepath.Join(string(r.Data), ".unfinished-restored")
	}
	return r.Data.store() + ".unfinished-restored"
}

// checkKeys refuses a folder whose keys are not there: the store would be of no use, and a new key breaks the chain of events.
func (r restoration) checkKeys() error {
	_, err := r.Data.sealer()
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the keys of the portal must be in %s first: %s is not there, and no backup has it", r.Data.keys(), r.Data.sealKey())
	}
	return err
}

// hold keeps another restore out, and a portal from being started on the store that is there; it refuses when one of these is at
// work. A store that cannot be opened is what backups are for.
func (r restoration) hold(ctx context.Context, p *program) (let func() error, err error) {
	held, err := r.Data.hold()
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, held.Close())
		}
	}()
	if r.shared() {
		return held.Close, r.mayTake(ctx, p)
	}
	_, err = os.Lstat(r.Data.store())
	if errors.Is(err, fs.ErrNotExist) {
		return held.Close, r.notMoved()
	}
	if err != nil {
		return nil, err
	}
	if !r.force {
		return nil, fmt.Errorf("there is a store in %s; with --force the backup takes its place, and it is kept beside", r.Data)
	}
	db, err := bolt.Open(r.Data.store(), bolt.Options{ReadOnly: true, Backup: true})
	switch {
	case errors.Is(err, bolt.ErrLocked):
		return nil, err
	case err != nil:
		return held.Close, nil
	}
	return func() error { return errors.Join(db.Close(), held.Close()) }, nil
}

// notMoved refuses a folder whose store was moved to another place, where it is served.
func (r restoration) notMoved() error {
	moved, err := r.Data.movedStore()
	if moved != "" && !r.force {
		err = fmt.Errorf("the store of %s was moved (%s): say where with --store; with --force the backup is put here all the same", r.Data, moved)
	}
	return err
}

// revive ends in the store at path what a backup must not bring back.
func (p *program) revive(ctx context.Context, d folder, path string, made time.Time) (was account.Restoration, ended map[string]int, err error) {
	db, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		return was, nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	a := account.New(db, account.Options{Now: p.now})
	if a.Sealer, err = d.sealer(); err != nil {
		return was, nil, err
	}
	tokens := token.New(a, nil)
	links := reset.New(a, mail.New(a, smtp.Carrier{}))
	return backup.Restored(ctx, a, made, map[string]backup.Step{
		"sessions": tokens.EndSessions, "resetLinks": links.EndLinks, "secondFactors": a.SpendCodes, "keys": keys.Forget,
	})
}

// dropAccessKeys ends all access tokens: they are verified by their keys alone.
func (r restoration) dropAccessKeys() error {
	keys, err := accessTokens.in(r.Data.keys())
	for _, path := range keys {
		err = errors.Join(err, os.Remove(path))
	}
	return errors.Join(err, syncFolder(r.Data.keys()))
}

// rename gives the store its name. The portal makes new keys of access tokens.
func (r restoration) rename(next string, now time.Time) (kept string, err error) {
	if err = errors.Join(r.dropAccessKeys(), giveToOwnerOf(string(r.Data), next)); err != nil {
		return "", err
	}
	path := r.Data.store()
	if _, err := os.Lstat(path); err == nil {
		if kept, err = unusedName(path+".before-", now, ""); err != nil {
			return "", err
		}
		if err := os.Link(path, kept); err != nil {
			return "", err
		}
		if err := syncFolder(string(r.Data)); err != nil { // or the power may leave it no name
			return "", err
		}
	}
	return kept, errors.Join(os.Rename(next, path), syncFolder(string(r.Data)))
}

func (p *program) tellRestored(r account.Restoration, ended map[string]int, kept string, shared bool) error {
	from, to := r.From.Format(time.RFC3339), r.Time.Format(time.RFC3339)
	text := fmt.Sprintf("restored the store as it was on %s\n", from)
	if kept != "" {
		text += fmt.Sprintf("the store that was there is kept as %s\n", kept)
	}
	text += fmt.Sprintf("ended: sessions %d, reset links %d, codes and enrolments of second factors of users %d, all access tokens\n",
		ended["sessions"], ended["resetLinks"], ended["secondFactors"])
	text += fmt.Sprintf("unknown: what was revoked, disabled, deleted or changed between %s and %s; do again what you know of it\n", from, to)
	if shared {
		text += "there is a new key of access tokens: bring the folder keys to the data folders of all portals before they start\n"
	}
	_, err := fmt.Fprint(p.stdout, text)
	return err
}
