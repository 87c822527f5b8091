package vault_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/auth/token"
	"github.com/portico-vco/portico/auth/vault"
	"github.com/portico-vco/portico/auth/verify"
	"github.com/portico-vco/portico/store"
)

// A safe is a club with the credentials of Acme. Every login is good, unless a test says otherwise.
type safe struct {
	*club
	vault  *vault.Vault
	viewed atomic.Int64 // keys that Views read
	keys   []secret.VaultKey
	answer func(username string, password secret.Text) (verify.Outcome, error)
}

func openSafe(t testing.TB) *safe {
	t.Helper()
	s := &safe{club: openClub(t)}
	s.reads.Engine = &viewed{s.reads.Engine, &s.viewed}
	s.answer = func(string, secret.Text) (verify.Outcome, error) { return verify.OK, nil }
	s.anotherKey()
	s.begin()
	return s
}

// begin begins with what is in the store, as a restart does.
func (s *safe) begin() {
	s.start()
	s.vault = vault.New(s.accounts, s, func() (*secret.Keyring, error) { return secret.NewKeyring(s.keys...) })
}

func (s *safe) anotherKey() {
	s.Helper()
	key, err := secret.NewVaultKey(rand.Reader)
	s.must(err)
	s.keys = append(s.keys, key)
}

func (s *safe) Of(context.Context, auth.Tenant) (verify.Verifier, error) { return s, nil }

func (s *safe) Verify(_ context.Context, username string, password secret.Text) (verify.Outcome, error) {
	return s.answer(username, password)
}

// viewed counts the keys that Views read.
type viewed struct {
	store.Engine
	n *atomic.Int64
}

func (v *viewed) View(ctx context.Context, f func(store.Reader) error) error {
	n := 0
	defer func() { v.n.Add(int64(n)) }()
	return v.Engine.View(ctx, func(r store.Reader) error { return f(countedReader{r, &n}) })
}

// credential adds one to Acme, with a password of its own.
func (s *safe) credential() *vault.Credential {
	s.Helper()
	s.serial++
	c, err := s.insert(fmt.Sprint("login", s.serial))
	s.must(err)
	return c
}

func passwordOf(username string) secret.Text { return secret.Text("the password of " + username) }

func (s *safe) insert(username string) (*vault.Credential, error) {
	return s.vault.Insert(s.Context(), s.admin, s.acme, vault.NewCredential{Username: username, Password: passwordOf(username)})
}

func (s *safe) share(c *vault.Credential, with vault.Target) {
	s.Helper()
	rows, err := s.vault.Share(s.Context(), s.admin, s.acme, c.ID, with)
	s.must(err)
	if rows != 1 {
		s.Fatalf("credential %d is shared with %+v already, or is not there", c.ID, with)
	}
}

func (s *safe) renew(c *vault.Credential, password secret.Text) (int, error) {
	return s.vault.Update(s.Context(), s.admin, s.acme, c.ID, vault.CredentialUpdate{Password: &password})
}

func (s *safe) use(by *auth.Principal, c *vault.Credential) (secret.Text, error) {
	_, password, err := s.vault.Use(s.Context(), by, s.acme, c.ID, "a test")
	return password, err
}

// list is what somebody sees of Acme's credentials, by number.
func (s *safe) list(by *auth.Principal, q account.PageQuery) (ids []int64) {
	s.Helper()
	list, _, err := s.vault.List(s.Context(), by, s.acme, vault.Show{}, q)
	s.must(err)
	for _, l := range list {
		ids = append(ids, l.ID)
	}
	return ids
}

// has is what the store has: credentials, versions, shares.
func (s *safe) has() (n [3]int) {
	s.Helper()
	s.must(s.accounts.Store.View(s.Context(), func(tx store.Tx) (err error) {
		n, err = vault.LeftOfCredentials(tx)
		return err
	}))
	return n
}

func (s *safe) sweep() {
	s.Helper()
	ring := func() (*secret.Ring, error) { return nil, errors.New("nothing is signed here") }
	s.must(errors.Join(token.New(s.accounts, ring).Sweep(s.Context()), s.groups.Sweep(s.Context()), s.vault.Sweep(s.Context())))
}

// told counts the events of a name in Acme's record, and answers the details of the last.
func (s *safe) told(name string) (n int, detail string) {
	s.Helper()
	page, err := s.accounts.Events(s.Context(), s.acme, account.EventQuery{})
	s.must(err)
	for _, e := range page.Events {
		if e.Name == name {
			if n++; n == 1 {
				detail = string(e.Detail)
			}
		}
	}
	return n, detail
}

// raw writes past the vault: what a record has comes out of edit.
func (s *safe) raw(collection string, id int64, edit func(record map[string]any)) {
	s.Helper()
	s.update(func(tx store.Tx) error {
		key := append([]byte(collection+"/r"), store.Key(id)...)
		b, err := tx.Get(key)
		if err != nil || b == nil {
			return errors.Join(err, fmt.Errorf("%s has no number %d", collection, id))
		}
		record := map[string]any{}
		d := json.NewDecoder(bytes.NewReader(b))
		d.UseNumber()
		if err := d.Decode(&record); err != nil {
			return err
		}
		edit(record)
		if len(record) == 0 {
			return tx.Delete(key)
		}
		if b, err = json.Marshal(record); err != nil {
			return err
		}
		return tx.Put(key, b)
	})
}

func (s *safe) record(collection string, id int64) (found map[string]any) {
	s.Helper()
	s.raw(collection, id, func(r map[string]any) {
		b, _ := json.Marshal(r)
		_ = json.Unmarshal(b, &found)
	})
	return found
}

const (
	records  = "credential"
	versions = "credentialversion"
)

// What was written past the vault does not open: the caller hears that it cannot be read, and nothing of it; administrators find
// out by an event, the operator by what lies behind the error. Another password mends it.
func TestDamage(t *testing.T) {
	envelope := func(edit func(e map[string]any)) func(*safe, int64, int64) {
		return func(s *safe, id, _ int64) {
			s.raw(records, id, func(r map[string]any) { edit(r["envelope"].(map[string]any)) })
		}
	}
	flip := func(member string) func(e map[string]any) {
		return func(e map[string]any) {
			text := []byte(e[member].(string))
			text[len(text)/2] ^= 1
			e[member] = string(text)
		}
	}
	for name, c := range map[string]struct {
		damage func(s *safe, id, other int64)
		why    string
	}{
		"a box of another row": {func(s *safe, id, other int64) {
			row := s.record(records, other)
			s.raw(records, id, func(r map[string]any) { r["envelope"] = row["envelope"] })
		}, "altered"},
		"a row and its version exchanged for another's": {func(s *safe, id, other int64) {
			row, version := s.record(records, other), s.record(versions, other)
			s.raw(records, id, func(r map[string]any) { r["envelope"], r["version"] = row["envelope"], row["version"] })
			s.raw(versions, id, func(r map[string]any) { r["mark"], r["version"] = version["mark"], version["version"] })
		}, "altered"},
		"an altered box":        {envelope(flip("box")), "altered"},
		"a truncated box":       {envelope(func(e map[string]any) { e["box"] = e["box"].(string)[:20] }), "altered"},
		"no box":                {envelope(func(e map[string]any) { e["box"] = "" }), "altered"},
		"an altered key":        {envelope(flip("key")), "changed or moved"},
		"a truncated key":       {envelope(func(e map[string]any) { e["key"] = e["key"].(string)[:9] }), "changed or moved"},
		"the id of another key": {envelope(func(e map[string]any) { e["keyId"] = "0123456789abcdef" }), "0123456789abcdef"},
		"another version":       {func(s *safe, id, _ int64) { s.raw(records, id, func(r map[string]any) { r["version"] = 2 }) }, "another version"},
		"no version":            {func(s *safe, id, _ int64) { s.raw(versions, id, func(r map[string]any) { clear(r) }) }, "was removed"},
		"an altered mark":       {func(s *safe, id, _ int64) { s.raw(versions, id, func(r map[string]any) { r["mark"] = "AAAA" }) }, "altered"},
		"a foreign ring":        {func(s *safe, _, _ int64) { s.keys = nil; s.anotherKey() }, "not in the key ring"},
		"a foreign key of marks": {func(s *safe, _, _ int64) {
			s.accounts.Sealer, _ = secret.NewSealer(bytes.Repeat([]byte{1}, 32), rand.Reader)
		}, "altered"},
		"an old row put back":     {putBack(false), "another version"},
		"and its version changed": {putBack(true), "altered"},
	} {
		t.Run(name, func(t *testing.T) {
			s := openSafe(t)
			u := s.user(12)
			one, two := s.credential(), s.credential()
			s.share(one, vault.Target{UserID: u.ID})
			c.damage(s, one.ID, two.ID)

			for what, try := range map[string]func() (secret.Text, error){
				"use": func() (secret.Text, error) { return s.use(s.principal(u), one) },
				"check": func() (secret.Text, error) {
					_, err := s.vault.Verify(s.Context(), s.admin, s.acme, one.ID)
					return "", err
				},
			} {
				password, err := try()
				var e *auth.Error
				if password != "" || !errors.As(err, &e) || e.Kind != auth.Conflict || e.Text != "the credential cannot be read" || e.Word != "CREDENTIAL_UNREADABLE" {
					t.Errorf("%s: %q, %v", what, string(password), err)
				} else if cause := fmt.Sprint(e.Unwrap()); !strings.Contains(cause, c.why) || !strings.Contains(cause, fmt.Sprintf("credential %d of ENTERPRISE", one.ID)) {
					t.Errorf("%s: behind it lies %q, want %q", what, cause, c.why)
				}
			}
			if n, detail := s.told("CREDENTIAL_DAMAGED"); n != 2 || !strings.Contains(detail, c.why) {
				t.Errorf("%d events, the last %s", n, detail)
			}
			if n, detail := s.told("CREDENTIAL_USED"); n != 0 {
				t.Errorf("a use was told: %s", detail)
			}
			if _, err := s.renew(one, "a new one"); err != nil {
				t.Fatalf("another password: %v", err)
			}
			if got, err := s.use(s.principal(u), one); err != nil || got != "a new one" {
				t.Errorf("mended: %q, %v", string(got), err)
			}
		})
	}
}

// putBack puts the row of a password back that is another one by now; and with it what the version record says, but its mark.
func putBack(version bool) func(s *safe, id, other int64) {
	return func(s *safe, id, _ int64) {
		old := s.record(records, id)
		_, err := s.renew(&vault.Credential{ID: id}, "the next one")
		s.must(err)
		s.raw(records, id, func(r map[string]any) { r["envelope"], r["version"] = old["envelope"], old["version"] })
		if version {
			s.raw(versions, id, func(r map[string]any) { r["version"] = old["version"] })
		}
	}
}

// Nothing that is kept tells a password, and the same one is sealed to different boxes.
func TestPasswordsAreSealed(t *testing.T) {
	s := openSafe(t)
	one := s.credential()
	before := fmt.Sprint(s.record(records, one.ID)["envelope"])
	_, err := s.renew(one, passwordOf(one.Username))
	s.must(err)
	if after := fmt.Sprint(s.record(records, one.ID)["envelope"]); after == before {
		t.Error("one password has one box")
	}
	s.must(s.db.View(t.Context(), func(tx store.Tx) error {
		return tx.Scan(store.Range{}, func(key, value []byte) (bool, error) {
			if bytes.Contains(value, []byte("the password of")) || bytes.Contains(key, []byte("the password of")) {
				t.Errorf("%q has a password in it", key)
			}
			return true, nil
		})
	}))
}
