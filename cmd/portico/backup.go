package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/backup"
	"github.com/portico-vco/portico/cmd/portico/cli"
	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/bolt"
)

const backupText = `Makes a backup: a copy of the portal's store as it is at one moment, in a file on the portal's side. NAME is its name; without
one it tells the time.

  portico backup --url https://127.0.0.1:8443    of a portal that runs, which goes on serving. It is asked for in a session of a
                                                 superuser of the operator, and written to the --backup-folder of the portal.
  portico backup --data FOLDER                   of a portal that does not run.
  portico backup --data FOLDER --store etcd://.. of a store in etcd, whether portals run or not.

The keys are not in a backup, and without them nobody gets anything out of it: not you either. Keep a copy of the folder keys in
another place than the backups, and a new one whenever keys were rotated. What a backup has not sealed (names, addresses, events)
can be read by whoever has the file.

portico check FILE checks a backup, portico restore puts it in place.
`

const backupMore = `
PORTICO_PASSWORD, the operator's password, and PORTICO_CODE, a code of his second factor, have no flags, because other users of a
machine can read command lines. At a terminal you are asked for what is not given.

Exit status: 0 the backup is made, and its name on stdout; 1 it is not; 2 the command line is wrong; 3 the portal could not be
reached; 4 the password, or the code, is wrong.
`

// A backupOrder is what the command line asks for.
type backupOrder struct {
	reached
	place
	backupFolder, name, operator, passwordFile string
}

func (p *program) backup() *cobra.Command {
	o := backupOrder{place: place{Data: "./data"}}
	c := p.command(about{"backup [flags] [NAME]", "copy a portal's store, while it runs or not", backupText, backupMore},
		func(ctx context.Context, words []string) error {
			if len(words) > 1 {
				return wrong("give one name at most")
			}
			o.name = strings.Join(words, "")
			if err := o.check(); err != nil {
				return wrong("%w", err)
			}
			if o.url == "" {
				return p.backupStopped(ctx, &o)
			}
			return p.backupRunning(ctx, &o)
		})
	f := c.Flags()
	o.reached.flags(f, "`URL` of the portal, if it runs")
	o.place.flags(p, f)
	f.StringVar(&o.backupFolder, "backup-folder", "", "`FOLDER` of the backups, if it does not run; without it backups in the data folder")
	f.StringVar(&o.operator, "operator", "super@portico.local", "`NAME` of the superuser, if it runs")
	f.StringVar(&o.passwordFile, "password-file", "", "`FILE` with his password, - for stdin")
	return c
}

// backups is the folder of them: the given one, or the data folder's own.
func (d folder) backups(given string) string {
	if given != "" {
		return given
	}
	return filepath.Join(string(d), "backups")
}

// backupsOf wires the backups of an open store.
func (d folder) backupsOf(a *account.Accounts, db *store.DB, given string) *backup.Backups {
	dir := d.backups(given)
	return backup.New(a, dir, func(ctx context.Context, path string, at time.Time, progress func(done, all int64)) error {
		if err := d.makeBackups(given); err != nil {
			return fmt.Errorf("folder of backups: %w", err)
		}
		if err := db.Copy(ctx, path, at, progress); err != nil {
			return err
		}
		return giveToOwnerOf(dir, path)
	})
}

func (d folder) makeBackups(given string) error {
	if given != "" {
		return makeFolder(given)
	}
	if err := makeFolder(d.backups(given)); err != nil {
		return err
	}
	return giveToOwnerOf(string(d), d.backups(given))
}

// tidyBackups removes what was left by a process that was killed over a backup, and nothing else: the folder may have other uses. It
// says what it removed.
func tidyBackups(dir string) (left []string, err error) {
	if left, err = filesLike(dir, "*"+backup.Ending+unfinished); err != nil {
		return nil, fmt.Errorf("folder of backups: %w", err)
	}
	for _, path := range left {
		err = errors.Join(err, os.Remove(path))
	}
	return left, err
}

func (o *instance) tellBackup(b backup.Backup) {
	e := o.log.Info()
	if b.State == backup.Failed {
		e = o.log.Error().Str("error", b.Problem)
	}
	e.Str("name", b.Name).Str("state", string(b.State)).Int64("bytes", b.Bytes).Int64("of", b.Of).Msg("backup")
}

// backupStopped opens the store itself, and the backup is in the record as any other. Where the store is in etcd, portals may go on.
func (p *program) backupStopped(ctx context.Context, o *backupOrder) (err error) {
	db, err := o.use(ctx, p, bolt.Options{})
	if errors.Is(err, bolt.ErrLocked) {
		return fmt.Errorf("%w, or make a backup while it runs, with --url", err)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	a := account.New(db, account.Options{Now: p.now})
	if a.Sealer, err = o.Data.sealer(); err != nil {
		return err
	}
	all := o.Data.backupsOf(a, db, o.backupFolder)
	if _, err := all.Create(ctx, account.System("portico/backup"), o.name); err != nil {
		return err
	}
	made, err := all.Settle(ctx, func(b backup.Backup) { p.tellBackup(b.State == backup.Running, b.Bytes, b.Of) })
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(p.stdout, filepath.Join(o.Data.backups(o.backupFolder), made.Name))
	return err
}

// counting tells how far something is, no more often than p.tellEvery. Of how many is not told where nobody knows.
func (p *program) counting(what string) func(done, all int64) {
	told := p.now()
	return func(done, all int64) {
		now := p.now()
		switch {
		case now.Sub(told) < p.tellEvery:
			return
		case all == 0:
			fmt.Fprintf(p.stderr, "so far %d %s\n", done, what)
		default:
			fmt.Fprintf(p.stderr, "so far %d of %d %s\n", done, all, what)
		}
		told = now
	}
}

func (p *program) tellBackup(running bool, bytes, of int64) {
	if running && of > 0 {
		fmt.Fprintf(p.stderr, "so far %d of %d bytes\n", bytes, of)
	}
}

// A remoteBackup is what the portal tells of one.
type remoteBackup struct {
	Name, State, Problem string
	Bytes, OfBytes       int64
}

// backupRunning asks the portal, and then how far it is until it is done.
func (p *program) backupRunning(ctx context.Context, o *backupOrder) (err error) {
	to, err := o.portal("password")
	if err != nil {
		return err
	}
	password, code, err := p.credentials(ctx, o.operator, o.passwordFile)
	if err != nil {
		return err
	}
	end, err := p.session(ctx, to, "login/operatorLogin", o.operator, password, code)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	var b remoteBackup
	if err := to.Ask(ctx, "system/createBackup", map[string]string{"name": o.name}, &b); err != nil {
		return err
	}
	if err := p.follow(ctx, to, &b); err != nil {
		return err
	}
	if b.State != string(backup.Done) {
		return fmt.Errorf("%s failed: %s", b.Name, b.Problem)
	}
	_, err = fmt.Fprintln(p.stdout, b.Name)
	return err
}

// askEvery is how often the portal is asked how far it is.
const askEvery = 500 * time.Millisecond

func (p *program) follow(ctx context.Context, from *cli.Portal, b *remoteBackup) error {
	name, told := b.Name, p.now()
	for b.State == string(backup.Running) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s goes on without us: %w", name, ctx.Err())
		case <-time.After(askEvery):
		}
		var all []remoteBackup
		if err := from.Ask(ctx, "system/getBackups", struct{}{}, &all); err != nil {
			return err
		}
		*b = remoteBackup{Name: name, Problem: "the portal does not know of it any more"}
		for _, one := range all {
			if one.Name == name {
				*b = one
				break
			}
		}
		if now := p.now(); now.Sub(told) >= p.tellEvery {
			told = now
			p.tellBackup(b.State == string(backup.Running), b.Bytes, b.OfBytes)
		}
	}
	return nil
}
