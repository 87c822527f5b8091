package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/client"
	"github.com/portico-vco/portico/auth/fixture"
	"github.com/portico-vco/portico/auth/hook"
	"github.com/portico-vco/portico/auth/mail"
	"github.com/portico-vco/portico/auth/mail/smtp"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/auth/token"
	"github.com/portico-vco/portico/auth/vault"
	"github.com/portico-vco/portico/store/memory"
)

// readSeed reads the fixture that --seed names, with the files that it names; nil where none is given.
func (c *Config) readSeed() (*fixture.Fixture, error) {
	if c.Seed == "" {
		return nil, nil
	}
	text, err := os.ReadFile(c.Seed)
	if err != nil {
		return nil, fmt.Errorf("--seed: %w", err)
	}
	f, err := fixture.Read(text)
	if err == nil {
		err = f.Open(func(name string) (secret.Text, error) {
			if !filepath.IsAbs(name) {
				name = filepath.Join(filepath.Dir(c.Seed), name)
			}
			return passwordIn(name)
		})
	}
	if err != nil {
		return nil, fmt.Errorf("--seed %s: %w", c.Seed, err)
	}
	return f, nil
}

func (o *instance) seeder() *fixture.Seeder {
	s := &fixture.Seeder{Accounts: o.accounts, Tokens: o.tokens, Clients: o.clients, Groups: o.groups, Vault: o.vault, Hooks: o.hooks}
	if o.Demo {
		s.Hashes = &o.hashes
	}
	return s
}

// takesSecrets says whether fixtures may have secrets in them: with --demo, in a store of a demo, begun or made, or without tenants. One
// that has others in it does not become a demo by a flag.
func (o *instance) takesSecrets(ctx context.Context) (bool, error) {
	if !o.Demo {
		return false, nil
	}
	if _, err := os.Stat(o.Data.demo()); err == nil {
		return true, nil
	}
	has, err := o.accounts.HasDemo(ctx)
	if has || err != nil {
		return has, err
	}
	has, err = o.hasTenants(ctx)
	return !has, err
}

// check refuses what is wrong with a fixture, and answers whether it is that of a demo.
func (o *instance) check(ctx context.Context, f *fixture.Fixture) (demo bool, err error) {
	if demo, err = o.takesSecrets(ctx); err != nil {
		return demo, err
	}
	err = o.seeder().Check(ctx, f, demo)
	if err != nil && o.Demo && !demo {
		err = fmt.Errorf("the store has tenants and was not made as a demo, so it is not seeded as one: %w", err)
	}
	return demo, err
}

// apply makes a fixture true, once all of it is found to be right. What takes secrets is a demo from then on: there may be some in it
// that others know.
func (o *instance) apply(ctx context.Context, f *fixture.Fixture) (made int, err error) {
	demo, err := o.check(ctx, f)
	if err != nil {
		return 0, err
	}
	if demo {
		if err := o.markDemo(ctx); err != nil {
			return 0, err
		}
	}
	return o.seeder().Apply(ctx, f)
}

// markDemo marks the store, and the folder.
func (o *instance) markDemo(ctx context.Context) error {
	if err := o.accounts.MarkDemo(ctx); err != nil {
		return err
	}
	return writeFile(o.Data.demoMade(), nil)
}

// checkSeed refuses what is wrong with the fixture before the first operator is told of a portal that cannot be made as it says.
func (o *instance) checkSeed(ctx context.Context, f *fixture.Fixture) error {
	if f == nil {
		return nil
	}
	if _, err := o.check(ctx, f); err != nil {
		return fmt.Errorf("--seed %s: %w", o.Seed, err)
	}
	return nil
}

// checkAnew is checkSeed for the portal that a reset makes, before there is no other.
func (o *instance) checkAnew(ctx context.Context, f *fixture.Fixture) error {
	db := memory.Open()
	defer db.Close()
	anew := &instance{Config: o.Config, accounts: account.New(db, account.Options{Now: o.now})}
	anew.tokens = token.New(anew.accounts, o.keys.ring)
	anew.clients = client.New(anew.accounts, anew.tokens, o.accessKeys.ring)
	anew.groups = vault.NewGroups(anew.accounts)
	anew.vault = vault.New(anew.accounts, anew.accounts.Verifiers, o.vaultKeys.ring)
	anew.hooks = hook.New(anew.accounts, mail.New(anew.accounts, smtp.Carrier{}), hook.Options{})
	return anew.checkSeed(ctx, f)
}

// seed applies the fixture.
func (o *instance) seed(ctx context.Context, f *fixture.Fixture, stdout io.Writer) (made int, err error) {
	if f == nil {
		return 0, nil
	}
	if made, err = o.apply(ctx, f); err != nil {
		return made, fmt.Errorf("--seed %s: %w", o.Seed, err)
	}
	if made > 0 {
		_, err = fmt.Fprintf(stdout, "%d things of %s were made\n", made, o.Seed)
	}
	return made, err
}
