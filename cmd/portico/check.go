package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/vault"
	"github.com/portico-vco/portico/rpc/portal"
	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/bolt"
)

const checkText = `Checks what a portal that does not run keeps, or the backup FILE, and changes nothing of it. A store in etcd is checked while portals
run, too. The keys are taken from the data folder in any case.

Records: every one can be read and has a number that was given, what finds it leads to it, and whom or what it leads to is
there.

The record: the events form a chain, of which every event is held against its link. One that was changed, removed, added or
moved by another hand than the portal's is named. A whole store that was put back from an older copy shows only by --head: a
file with what system/getEventChainHead answered at some time, kept where the portal's administrators cannot change it. Then
also that end of the chain must still be in it.

The vault keys: each one that a credential is sealed under must be there.
`

const checkMore = `
Exit status: 0 everything is as the portal wrote it; 1 something is not, or could not be checked; 2 the command line is wrong.
`

// A check is one run of the command.
type check struct {
	*program
	accounts *account.Accounts
	problems int
	told     time.Time // when progress was told last
}

func (p *program) check() *cobra.Command {
	w := place{Data: "./data"}
	var head string
	c := p.command(about{"check [flags] [FILE]", "check what a portal keeps, while it does not run", checkText, checkMore},
		func(ctx context.Context, words []string) error {
			if len(words) > 1 {
				return wrong("give one file at most")
			}
			if err := w.check(); err != nil {
				return wrong("%w", err)
			}
			if len(words) == 1 {
				return p.checkBackup(ctx, w.Data, words[0], head)
			}
			return p.checkPlace(ctx, &w, head)
		})
	w.flags(p, c.Flags())
	c.Flags().StringVar(&head, "head", "", "`FILE` with a head of the chain of events, as system/getEventChainHead answered it")
	return c
}

func (p *program) checkBackup(ctx context.Context, d folder, path, head string) error {
	made, err := bolt.Copied(path)
	if err != nil {
		return err
	}
	return p.checkFile(ctx, d, path, made, head)
}

// checkFile checks a file that is or was a backup made at that time, if not zero.
func (p *program) checkFile(ctx context.Context, d folder, path string, made time.Time, head string) error {
	db, err := bolt.Open(path, bolt.Options{ReadOnly: true, Backup: !made.IsZero(), Aside: true})
	if err != nil {
		return err
	}
	return errors.Join(p.checkStore(ctx, d, db, made, head), db.Close())
}

func (p *program) checkPlace(ctx context.Context, w *place, head string) error {
	db, err := w.use(ctx, p, bolt.Options{ReadOnly: true, Aside: true})
	if err != nil {
		return err
	}
	return errors.Join(p.checkStore(ctx, w.Data, db, time.Time{}, head), db.Close())
}

// checkStore checks a store, or what is or was a backup made at that time, with the keys of a folder.
func (p *program) checkStore(ctx context.Context, d folder, db *store.DB, made time.Time, head string) (err error) {
	c := &check{program: p, accounts: account.New(db, account.Options{Now: p.now}), told: p.now()}
	if c.accounts.Sealer, err = d.sealer(); err != nil {
		return err
	}
	if made.IsZero() {
		fmt.Fprintf(p.stdout, "store %s\n", db.ID())
		if err := db.Mark().State.Err(); err != nil {
			fmt.Fprintln(p.stdout, err)
		}
	} else {
		fmt.Fprintf(p.stdout, "backup of store %s, made on %s\n", db.ID(), made.Format(time.RFC3339))
	}
	if err := c.records(ctx, db); err != nil {
		return err
	}
	if err := c.events(ctx, made); err != nil {
		return err
	}
	if head != "" {
		if err := c.head(ctx, head); err != nil {
			return err
		}
	}
	if err := c.vaultKeys(ctx, d); err != nil {
		return err
	}
	if c.problems > 0 {
		return &problemsError{c.problems}
	}
	return nil
}

// A problemsError says that the check was done, and found something.
type problemsError struct{ n int }

func (e *problemsError) Error() string {
	return fmt.Sprintf("not all is as the portal wrote it (problems: %d). Keep a copy of the folder as it is, find out who could "+
		"write it, and go on with a backup that passes this check", e.n)
}

// progress is told no more often than this.
const tellEvery = 2 * time.Second

func (c *check) progress(format string, args ...any) {
	if now := c.now(); now.Sub(c.told) >= tellEvery {
		c.told = now
		fmt.Fprintf(c.stderr, format+"\n", args...)
	}
}

func (c *check) tell(of string, found store.Problems) {
	for _, problem := range found.Told {
		fmt.Fprintf(c.stdout, "%s: %s\n", of, problem)
	}
	if found.More > 0 {
		fmt.Fprintf(c.stdout, "%s: and %d problems more\n", of, found.More)
	}
	c.problems += found.Count()
}

func (c *check) records(ctx context.Context, db *store.DB) error {
	k, err := db.Check(ctx, func(k store.Check) { c.progress("records: so far %d", k.Records) })
	c.tell("records", k.Problems)
	if err != nil {
		return fmt.Errorf("records: %w", err)
	}
	fmt.Fprintf(c.stdout, "records: checked %d, of %d keys\n", k.Records, k.Keys)
	return nil
}

// clockTurn is how far a clock may have been set back between a backup and the event of it.
const clockTurn = time.Minute

// events checks the record, and of a backup also its time: that is in no chain, but the record has when it was asked for, and a
// restore tells by it what it cannot know.
func (c *check) events(ctx context.Context, made time.Time) error {
	k, err := c.accounts.CheckEvents(ctx, func(k account.EventCheck) {
		c.progress("events: so far %d, up to number %d", k.Events, k.LastEvent)
	})
	if err == nil && !k.Latest.IsZero() && made.After(k.Latest.Add(clockTurn)) {
		k.Add("the backup says that it was made on %s, but the last event is of %s: its time was changed",
			made.Format(time.RFC3339), k.Latest.Format(time.RFC3339))
	}
	c.tell("events", k.Problems)
	if err != nil {
		return fmt.Errorf("events: %w", err)
	}
	if r := k.Restored; r != nil {
		fmt.Fprintf(c.stdout, "events: on %s the store was restored from a backup of %s; what happened between is not in it\n",
			r.Time.Format(time.RFC3339), r.From.Format(time.RFC3339))
	}
	fmt.Fprintf(c.stdout, "events: checked links %d to %d, %d events up to number %d; %d were swept\n",
		k.FirstLink, k.LastLink, k.Events, k.LastEvent, k.Swept)
	return nil
}

func (c *check) head(ctx context.Context, path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("--head: %w", err)
	}
	h, err := portal.ReadEventHead(data)
	if err != nil {
		return fmt.Errorf("--head %s: %w", path, err)
	}
	verdict, err := c.accounts.CompareHead(ctx, h)
	if auth.KindOf(err) == auth.Conflict {
		verdict = err.Error()
		c.problems++
		err = nil
	}
	if err == nil {
		fmt.Fprintf(c.stdout, "head: link %d with event %d, of %s: %s\n", h.Link, h.Events, h.Time.UTC().Format(time.RFC3339), verdict)
	}
	return err
}

// vaultKeys holds the files of the vault keys against what credentials are sealed under.
func (c *check) vaultKeys(ctx context.Context, d folder) error {
	files, err := (&vaultKeys{path: d.keys(), now: c.now}).load()
	if err != nil {
		return err
	}
	used, err := vault.New(c.accounts, nil, nil).KeysInUse(ctx)
	if err != nil {
		return fmt.Errorf("vault keys: %w", err)
	}
	lost := missing(files, used)
	for _, id := range lost {
		fmt.Fprintf(c.stdout, "vault keys: %s is missing, and there are credentials under it\n", vaultFiles([]string{id}))
		c.problems++
	}
	fmt.Fprintf(c.stdout, "vault keys: %d, of which credentials need %d\n", len(files), len(used)-len(lost))
	return nil
}
