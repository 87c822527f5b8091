package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/backup"
	"github.com/portico-vco/portico/auth/client"
	"github.com/portico-vco/portico/auth/fixture"
	"github.com/portico-vco/portico/auth/hook"
	"github.com/portico-vco/portico/auth/keys"
	"github.com/portico-vco/portico/auth/mail"
	"github.com/portico-vco/portico/auth/mail/smtp"
	"github.com/portico-vco/portico/auth/reset"
	"github.com/portico-vco/portico/auth/ship"
	"github.com/portico-vco/portico/auth/token"
	"github.com/portico-vco/portico/auth/vault"
	"github.com/portico-vco/portico/auth/verify"
	"github.com/portico-vco/portico/auth/verify/ldap"
	"github.com/portico-vco/portico/store"
)

// An instance is a portal that was opened from its data folder.
type instance struct {
	*Config
	db          *store.DB
	close       func() error // of the store
	accounts    *account.Accounts
	tokens      *token.Tokens
	letters     *mail.Box
	hooks       *hook.Hooks
	resets      *reset.Links
	clients     *client.Clients
	groups      *vault.Groups
	vault       *vault.Vault
	backups     *backup.Backups
	keys        *keyFolder
	accessKeys  *keyFolder
	vaultKeys   *vaultKeys
	shared      sharedKeys
	certificate *certificate // nil with --plain-http
	clientCA    *clientCA    // nil when callers need show none
	connections *boundListener
	shipper     *ship.Shipper // nil when events are not shipped
	shipTo      string        // where to, for the log
	addresses
	log     zerolog.Logger
	now     func() time.Time
	metrics *metrics    // nil without an operations listener
	ending  atomic.Bool // calls are no longer taken
	leads   atomic.Bool // it does what is done once for a store
}

// addresses are those of a portal, as host:port: what clients reach it by, and that of the listener.
type addresses struct{ public, local string }

// open opens the portal of the data folder, or makes it as far as nobody needs to be told of it.
func (p *program) open(ctx context.Context, c *Config, ln net.Listener, log zerolog.Logger) (_ *instance, err error) {
	db, closeStore, err := c.place.open(ctx, log, p.now)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, closeStore())
		}
	}()
	halves, err := tidyBackups(c.Data.backups(c.BackupFolder))
	if err := errors.Join(c.Data.tidy(p.now()), err); err != nil {
		return nil, err
	}
	for _, path := range halves {
		log.Warn().Str("path", path).Msg("a backup was cut off; what there was of it is removed")
	}
	opened, err := c.Data.tighten()
	if err != nil {
		return nil, err
	}
	for _, path := range opened {
		log.Warn().Str("path", path).Msg("others had access; it was taken from them")
	}
	o, err := p.build(ctx, c, db, closeStore, addresses{c.publicAddress(ln), ln.Addr().String()}, log)
	if err != nil {
		return nil, err
	}
	if c.OpsListen != opsOff {
		o.metrics = newMetrics(o)
	}
	if c.PlainHTTP {
		return o, nil
	}
	o.certificate = c.certificate(c.wall(p.now))
	news, err := o.certificate.refresh()
	if news != "" {
		fmt.Fprintln(p.stdout, news)
	}
	if err == nil && c.TLSClientCA != "" {
		o.clientCA = &clientCA{file: c.TLSClientCA, auth: clientAuth[c.TLSClientAuth], now: c.wall(p.now)}
		err = o.clientCA.refresh()
	}
	return o, err
}

// build makes the portal of a store, with the keys of the data folder.
func (p *program) build(ctx context.Context, c *Config, db *store.DB, closeStore func() error, at addresses, log zerolog.Logger) (*instance, error) {
	o := &instance{Config: c, db: db, close: closeStore, addresses: at, log: log, now: p.now}
	o.accounts = account.New(db, account.Options{
		Now: p.now, PasswordCost: c.PasswordCost, PublicAddress: o.public, Version: buildVersion(),
		Verify: verify.Options{Kinds: map[string]verify.Kind{"ldap": ldap.New}, Told: o.verified},
	})
	o.keys = &keyFolder{path: c.Data.keys(), use: apiTokens, now: p.now}
	o.accessKeys = &keyFolder{path: c.Data.keys(), use: accessTokens, now: p.now}
	o.vaultKeys = &vaultKeys{path: c.Data.keys(), now: p.now}
	if db.IsShared() {
		o.shared.portals = keys.New(o.accounts, nameOf(o.local))
	} else if err := o.accounts.Store.InSteps(ctx, forgetKeys); err != nil {
		return nil, err
	}
	o.tokens = token.New(o.accounts, o.keys.ring)
	o.clients = client.New(o.accounts, o.tokens, o.accessKeys.ring)
	o.groups = vault.NewGroups(o.accounts)
	o.vault = vault.New(o.accounts, o.accounts.Verifiers, o.vaultKeys.ring)
	o.clients.Estate = o.vault
	if o.shared.portals != nil {
		o.clients.KeyInUse = func(ctx context.Context, id string) (bool, error) {
			key, err := o.shared.portals.InUse(ctx, accessTokens.noun)
			return key == id, err
		}
	}
	o.backups = c.Data.backupsOf(o.accounts, db, c.BackupFolder)
	o.letters = mail.New(o.accounts, smtp.Carrier{})
	o.resets = reset.New(o.accounts, o.letters)
	o.hooks = hook.New(o.accounts, o.letters, hook.Options{Wall: c.wall(p.now)})
	if err := o.haveShipper(); err != nil {
		return nil, err
	}
	return o, o.haveKeys(ctx)
}

// forgetKeys forgets what portals agreed on that shared the store before: it is one's alone now.
func forgetKeys(tx store.Tx) (more bool, err error) {
	_, more, err = keys.Forget(tx)
	return more, err
}

// checkName warns of portals that share a store and go by names of their own.
func (o *instance) checkName(ctx context.Context) error {
	if !o.db.IsShared() || o.PublicAddress != "" || o.ACMEDomain != "" {
		return nil
	}
	name, err := o.accounts.Setting(ctx, account.PublicAddress)
	if err == nil && name == o.public {
		o.log.Warn().Str("address", name).Msg("portals that share a store need one name, or each refuses the access tokens of the others: " +
			"give --public-address, or set the property network.public.address")
	}
	return err
}

// verified logs what a directory was asked. Whose password it was is not told.
func (o *instance) verified(a verify.Asked) {
	line := o.log.Info()
	if a.Outcome == verify.Unavailable {
		line = o.log.Warn().Err(a.Err)
	}
	line.Str("verifier", a.Address).Str("outcome", string(a.Outcome)).Dur("took", a.Took).Msg("verification")
}

// haveKeys makes the first keys of a portal in the making. A portal that is made and has none has lost them.
func (o *instance) haveKeys(ctx context.Context) error {
	made, err := o.made(ctx)
	if err != nil {
		return err
	}
	if err := errors.Join(o.haveSigningKey(made), o.haveAccessKey()); err != nil {
		return err
	}
	if o.accounts.Sealer, err = o.sealer(made); err != nil {
		return err
	}
	used, err := o.vault.KeysInUse(ctx)
	if err != nil {
		return err
	}
	if err := o.vaultKeys.have(used); err != nil || o.shared.portals == nil {
		return err
	}
	return o.agree(ctx)
}

// made says whether the keys of the portal were made: by itself, or by another one that shares its store and is still in the making.
func (o *instance) made(ctx context.Context) (bool, error) {
	made, err := o.accounts.HasOperators(ctx)
	if made || err != nil || o.shared.portals == nil {
		return made, err
	}
	key, err := o.shared.portals.InUse(ctx, useSealing)
	return key != "", err
}

// retire does what a rotation that was cut off has left to do. Portals that share a store do it when they have agreed on the key that
// signs.
func (o *instance) retire(k *keyFolder) error {
	if o.shared.portals != nil {
		return nil
	}
	return k.retire()
}

func (o *instance) haveSigningKey(made bool) error {
	can, err := o.keys.any()
	switch {
	case err != nil:
		return err
	case can:
		return o.retire(o.keys)
	case made && o.shared.portals != nil:
		return fmt.Errorf("data folder %s: there is a store but no signing key in %s: copy the folder keys from another portal that shares the store, "+
			"or restore it from a backup", o.Data, o.keys.path)
	case made:
		return fmt.Errorf("data folder %s: there is a store but no signing key in %s: restore the folder keys from a backup; if there "+
			"is none, run portico keys rotate-signing --data %[1]s: all API tokens go on working here, but others can no longer verify those of "+
			"the lost key", o.Data, o.keys.path)
	}
	_, err = o.keys.rotate()
	return err
}

// haveAccessKey makes the first key of access tokens, also of a portal that was made before there were any: what was signed with
// one that was lost lives for a few hours at most.
func (o *instance) haveAccessKey() error {
	can, err := o.accessKeys.any()
	if err != nil {
		return err
	}
	if can {
		return o.retire(o.accessKeys)
	}
	_, err = o.accessKeys.rotate()
	return err
}

// begin makes of a portal what it begins with: its first operator, the demo, and what --seed says.
func (o *instance) begin(ctx context.Context, f *fixture.Fixture, stdout io.Writer) (made int, err error) {
	if err := o.checkSeed(ctx, f); err != nil {
		return 0, err
	}
	if err := o.firstOperator(ctx, stdout); err != nil {
		return 0, err
	}
	if _, err := os.Stat(o.Data.demo()); err == nil && !o.Demo {
		o.log.Warn().Str("path", o.Data.demo()).Msg("a demo was begun and not finished; its password may be in this file: " +
			"start once with --demo to finish it")
	}
	if o.Demo {
		if err := o.makeDemo(ctx, stdout); err != nil {
			return 0, err
		}
	}
	return o.seed(ctx, f, stdout)
}

// firstOperator makes the operator superuser of a portal that has none. The password is printed before: whoever is cut
// off between the two is left with a password of nobody, and the next start prints another one; the other way round
// nobody could ever log in.
func (o *instance) firstOperator(ctx context.Context, stdout io.Writer) error {
	made, err := o.accounts.HasOperators(ctx)
	if err != nil || made {
		return err
	}
	password, err := o.operatorPassword()
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(stdout, "operator superuser %s, %s\n", o.Operator, password.told()); err != nil {
		return err
	}
	if _, err := o.accounts.FirstOperator(ctx, o.Operator, password.text); err != nil {
		return fmt.Errorf("the operator superuser could not be made: %w", err)
	}
	return nil
}
