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

// Whether a credential is there could be told by the time that a no takes: of one that is there, all groups of the caller were asked.
func TestWorkOfANo(t *testing.T) {
	s := openSafe(t)
	c, u := s.credential(), s.user(12)
	for range 5 {
		s.add(s.group(), u.ID)
	}
	by := s.principal(u)
	work := func(id int64) (n int64) {
		t.Helper()
		seen, changed := s.viewed.Load(), s.reads.n
		if l, err := s.vault.Get(t.Context(), by, s.acme, id, vault.Show{}); l != nil || err != nil {
			t.Errorf("get %d: %v, %v", id, l, err)
		}
		if _, _, err := s.vault.Use(t.Context(), by, s.acme, id, "a test"); auth.KindOf(err) != auth.NotFound {
			t.Errorf("use %d: %v", id, err)
		}
		return s.viewed.Load() - seen + int64(s.reads.n-changed)
	}
	work(c.ID) // what is read once
	if hidden, none := work(c.ID), work(c.ID+1); hidden != none {
		t.Errorf("of one that is there %d keys are read, of one that is not %d", hidden, none)
	}
}

// How much is shared with a group could be told by the time that it takes to show none of it.
func TestWorkOfAGroup(t *testing.T) {
	s := openSafe(t)
	full, empty, other := s.group(), s.group(), s.group()
	u := s.user(11)
	by := s.principal(u)
	s.add(other, u.ID)
	for i := range 10 {
		c := s.credential()
		s.share(c, vault.Target{GroupID: full})
		if i == 0 {
			s.share(c, vault.Target{GroupID: other})
		}
	}
	work := func(group int64, by *auth.Principal, want int) int64 {
		t.Helper()
		before := s.viewed.Load()
		l, err := s.groups.Get(t.Context(), by, s.acme, group, vault.ShowGroup{Credentials: true})
		if err != nil || len(l.Credentials) != want {
			t.Errorf("group %d: %+v, %v, want %d", group, l, err, want)
		}
		return s.viewed.Load() - before
	}
	work(full, s.admin, 10)
	if many, none := work(full, by, 1), work(empty, by, 0); many > none+2 {
		t.Errorf("%d keys are read of a group with ten credentials of which one is shown, %d of one without", many, none)
	}
}

// Of many at once one makes the credential for a login, however its name is written, and none beyond the limit.
func TestOneCredentialForALogin(t *testing.T) {
	s := openSafe(t)
	var made, taken atomic.Int64
	names := []string{`CORP\Ärger`, `corp\ärger`, `CORP\ÄRGER`, "CORP\\A\u0308rger", `ＣＯＲＰ\Ärger`}
	together(len(names), func(i int) {
		_, err := s.insert(names[i])
		switch {
		case err == nil:
			made.Add(1)
		case auth.KindOf(err) == auth.Conflict:
			taken.Add(1)
		default:
			t.Error(err)
		}
	})
	if made.Load() != 1 || int(taken.Load()) != len(names)-1 {
		t.Errorf("%d made, %d refused", made.Load(), taken.Load())
	}
}

// Another password wins over the check of the one before, and over another one that was checked at the same time.
func TestChangedMeanwhile(t *testing.T) {
	s := openSafe(t)
	u := s.user(12)
	c := s.credential()
	s.share(c, vault.Target{UserID: u.ID})
	var meanwhile func()
	s.answer = func(string, secret.Text) (verify.Outcome, error) {
		if f := meanwhile; f != nil {
			meanwhile = nil
			f()
			return verify.Locked, nil
		}
		return verify.OK, nil
	}
	for _, name := range []string{"check", "update"} {
		try := map[string]func() error{
			"check":  func() error { _, err := s.vault.Verify(t.Context(), s.admin, s.acme, c.ID); return err },
			"update": func() error { s.answer = s.first(s.answer); _, err := s.renew(c, "loses"); return err },
		}[name]
		meanwhile = func() {
			rows, err := s.renew(c, secret.Text("set during "+name))
			if rows != 1 || err != nil {
				t.Error(name, rows, err)
			}
		}
		if err := try(); auth.KindOf(err) != auth.Conflict {
			t.Errorf("%s: %v, want that it was changed", name, err)
		}
		if got, err := s.use(s.principal(u), c); string(got) != "set during "+name || err != nil {
			t.Errorf("%s: %q, %v", name, string(got), err)
		}
		l, err := s.vault.Get(t.Context(), s.admin, s.acme, c.ID, vault.Show{})
		if err != nil || l.Status != vault.StatusVerified {
			t.Errorf("%s: %v, %v", name, l, err)
		}
	}
	meanwhile = func() {
		if _, _, err := s.vault.Delete(t.Context(), s.admin, s.acme, c.ID, true); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.vault.Verify(t.Context(), s.admin, s.acme, c.ID); auth.KindOf(err) != auth.NotFound {
		t.Errorf("the check of one that is gone by then: %v", err)
	}
}

// first says OK where answer says anything else.
func (s *safe) first(answer func(string, secret.Text) (verify.Outcome, error)) func(string, secret.Text) (verify.Outcome, error) {
	return func(username string, password secret.Text) (verify.Outcome, error) {
		_, err := answer(username, password)
		return verify.OK, err
	}
}

// What is not found good is not kept, and what cannot be asked changes nothing.
func TestOnlyGoodLoginsAreKept(t *testing.T) {
	s := openSafe(t)
	u := s.user(12)
	c := s.credential()
	s.share(c, vault.Target{UserID: u.ID})
	has := s.has()
	for _, x := range []struct {
		outcome verify.Outcome
		err     error
		kind    auth.Kind
		word    string
		status  vault.Status // after the check of the one that is kept
	}{
		{verify.Invalid, nil, auth.Rejected, "INVALID", vault.StatusRejected},
		{verify.Disabled, nil, auth.Rejected, "DISABLED", vault.StatusRejected},
		{verify.Locked, nil, auth.Rejected, "LOCKED", vault.StatusLocked},
		{verify.Expired, nil, auth.Rejected, "EXPIRED", vault.StatusExpired},
		{verify.MustChange, nil, auth.Rejected, "MUST_CHANGE", vault.StatusExpired},
		{verify.Unavailable, errors.New("no route"), auth.Unverifiable, "VERIFIER_UNAVAILABLE", vault.StatusVerified},
		{verify.Unavailable, nil, auth.Unverifiable, "VERIFIER_UNAVAILABLE", vault.StatusVerified},
		{"NONSENSE", nil, auth.Unverifiable, "VERIFIER_UNAVAILABLE", vault.StatusVerified},
		{"", auth.TooMany(1), auth.Busy, "", vault.StatusVerified},
	} {
		tries := 0
		s.answer = func(string, secret.Text) (verify.Outcome, error) { tries++; return x.outcome, x.err }
		_, inserted := s.insert("another")
		_, updated := s.renew(c, "another")
		for name, err := range map[string]error{"insert": inserted, "update": updated} {
			var e *auth.Error
			if !errors.As(err, &e) || e.Kind != x.kind || e.Word != x.word {
				t.Errorf("%q: %s: %v", x.outcome, name, err)
			}
		}
		_, _ = s.vault.Verify(t.Context(), s.admin, s.acme, c.ID)
		if tries != 3 {
			t.Errorf("%q: asked %d times for three calls", x.outcome, tries)
		}
		if got, err := s.use(s.principal(u), c); err != nil || got != passwordOf(c.Username) || s.has() != has {
			t.Errorf("%q: %q, %v", x.outcome, string(got), err)
		}
		l, err := s.vault.Get(t.Context(), s.admin, s.acme, c.ID, vault.Show{})
		if err != nil || l.Status != x.status {
			t.Errorf("%q: the status is %v, %v", x.outcome, l.Status, err)
		}
		s.answer = func(string, secret.Text) (verify.Outcome, error) { return verify.OK, nil }
		if _, err := s.vault.Verify(t.Context(), s.admin, s.acme, c.ID); err != nil {
			t.Error(err)
		}
	}
}

// The envelopes get another key in steps, from which a new start goes on; one that cannot be opened does not hold up the rest.
func TestRewrap(t *testing.T) {
	s := openSafe(t)
	u := s.user(12)
	var all []*vault.Credential
	for range 43 {
		all = append(all, s.credential())
		s.share(all[len(all)-1], vault.Target{UserID: u.ID})
	}
	s.raw(records, all[0].ID, func(r map[string]any) { r["envelope"].(map[string]any)["key"] = "lost" })
	old := s.keys[0].ID()
	s.anotherKey()
	inUse := func(want ...string) {
		t.Helper()
		read := s.viewed.Load()
		ids, err := s.vault.KeysInUse(t.Context())
		if err != nil || fmt.Sprint(ids) != fmt.Sprint(want) && fmt.Sprint(ids) != fmt.Sprint([]string{want[len(want)-1], want[0]}) {
			t.Errorf("in use: %v, %v, want %v", ids, err, want)
		}
		if read = s.viewed.Load() - read; read > 3*int64(len(want))+3 {
			t.Errorf("%d keys were read to find %d", read, len(want))
		}
	}
	inUse(old)
	for step := range 3 {
		more, err := s.vault.Rewrap(t.Context())
		if more != (step < 2) || err == nil || !strings.Contains(err.Error(), fmt.Sprintf("credential %d ", all[0].ID)) {
			t.Errorf("step %d: %v, %v", step, more, err)
		}
		s.begin()
		if step == 0 {
			inUse(old, s.keys[1].ID())
		}
	}
	for _, c := range all[1:] {
		if got, err := s.use(s.principal(u), c); err != nil || got != passwordOf(c.Username) {
			t.Fatalf("credential %d: %q, %v", c.ID, string(got), err)
		}
	}
	if _, err := s.renew(all[0], "mended"); err != nil {
		t.Fatal(err)
	}
	inUse(s.keys[1].ID())
	if more, err := s.vault.Rewrap(t.Context()); more || err != nil {
		t.Errorf("nothing is left, but: %v, %v", more, err)
	}
	s.keys = s.keys[1:]
	if got, err := s.use(s.principal(u), all[5]); err != nil || got != passwordOf(all[5].Username) {
		t.Errorf("without the old key: %q, %v", string(got), err)
	}
}

// A deleted credential is gone at once, with its password; its shares go in steps that a new start finishes.
func TestDeletedWithItsShares(t *testing.T) {
	s := openSafe(t)
	c, other := s.credential(), s.credential()
	for from := int64(1_000_000); from < 1_000_000+vault.MaxShares; from += 25 {
		s.update(func(tx store.Tx) error { return vault.FillShares(tx, c, from, 25) })
	}
	u := s.user(12)
	if _, err := s.vault.Share(t.Context(), s.admin, s.acme, c.ID, vault.Target{UserID: u.ID}); auth.KindOf(err) != auth.Limit {
		t.Errorf("one share more than there may be: %v", err)
	}
	s.share(other, vault.Target{UserID: u.ID})
	if _, _, err := s.vault.Delete(t.Context(), s.admin, s.acme, c.ID, false); auth.KindOf(err) != auth.Conflict {
		t.Error(err)
	}
	removed, rows, err := s.vault.Delete(t.Context(), s.admin, s.acme, c.ID, true)
	if err != nil || rows != 1 || removed != (vault.Removed{Users: vault.MaxShares}) {
		t.Fatal(removed, rows, err)
	}
	if left := s.has(); left != [3]int{2, 1, vault.MaxShares + 1} || s.record(records, c.ID)["envelope"] != nil {
		t.Errorf("left: %v, %v", left, s.record(records, c.ID))
	}
	if got := s.list(s.admin, account.PageQuery{}); len(got) != 1 {
		t.Errorf("shown: %v", got)
	}
	if _, err := s.insert(c.Username); err != nil {
		t.Errorf("the name is free again: %v", err)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if err := s.vault.Sweep(stopped); err == nil {
		t.Error("it was not stopped")
	}
	s.begin()
	s.sweep()
	if left := s.has(); left != [3]int{2, 2, 1} {
		t.Errorf("left behind the sweep: %v", left)
	}
}

// Users are deleted and credentials shared with them, and deleted, at the same time: no share is left of what is gone.
func TestSharesOfWhoIsGone(t *testing.T) {
	s := openSafe(t)
	const n = 12
	var all []*vault.Credential
	for range n {
		all = append(all, s.credential())
	}
	users, g := s.users(n), s.group()
	s.add(g, users...)
	for _, u := range users {
		s.share(all[1], vault.Target{UserID: u})
	}
	together(4*n, func(i int) {
		var err error
		switch c, u := all[i/4], users[i/4]; i % 4 {
		case 0:
			_, err = s.vault.Share(t.Context(), s.admin, s.acme, c.ID, vault.Target{UserID: u})
		case 1:
			_, err = s.vault.Share(t.Context(), s.admin, s.acme, c.ID, vault.Target{GroupID: g})
		case 2:
			_, _, err = s.accounts.DeleteUser(t.Context(), s.admin, auth.Delete.On(auth.EnterpriseUser), s.acme, u, "")
		case 3:
			if i/4%2 == 0 {
				_, _, err = s.vault.Delete(t.Context(), s.admin, s.acme, c.ID, true)
			}
		}
		if err != nil && auth.KindOf(err) != auth.NotFound {
			t.Error(err)
		}
	})
	for _, l := range s.full() {
		if len(l.UserIDs) > 0 {
			t.Errorf("credential %d is shown to be shared with %v, who are gone", l.ID, l.UserIDs)
		}
	}
	s.sweep()
	if left := s.has(); left != [3]int{n / 2, n / 2, n / 2} {
		t.Errorf("left: %v", left)
	}
	if _, err := s.groups.Delete(t.Context(), s.admin, s.acme, g, true); err != nil {
		t.Fatal(err)
	}
	s.sweep()
	if left := s.has(); left[2] != 0 {
		t.Errorf("left of a deleted group: %v", left)
	}
}

// Who is gone has shares until they are swept, and a list of what is shared with him has none of them.
func TestListsOfWhoIsGone(t *testing.T) {
	s := openSafe(t)
	c, g, u := s.credential(), s.group(), s.user(12)
	s.share(c, vault.Target{GroupID: g})
	s.share(c, vault.Target{UserID: u.ID})
	filters := []vault.Show{{UserID: u.ID}, {GroupID: g}, {UserID: u.ID, GroupID: g}}
	want := func(n int) {
		t.Helper()
		for _, f := range filters {
			if got := s.shown(f); len(got) != n {
				t.Errorf("shared with user %d and group %d: %d, want %d", f.UserID, f.GroupID, len(got), n)
			}
		}
	}
	want(1)
	_, _, err := s.accounts.DeleteUser(t.Context(), s.admin, auth.Delete.On(auth.EnterpriseUser), s.acme, u.ID, "")
	s.must(err)
	_, err = s.groups.Delete(t.Context(), s.admin, s.acme, g, true)
	s.must(err)
	want(0)
}

func (s *safe) full() []vault.Listed {
	s.Helper()
	return s.shown(vault.Show{View: vault.FullView})
}

// shown is what the administrator is shown.
func (s *safe) shown(show vault.Show) []vault.Listed {
	s.Helper()
	list, _, err := s.vault.List(s.Context(), s.admin, s.acme, show, account.PageQuery{})
	s.must(err)
	return list
}

// The credentials of a tenant end with it.
func TestCredentialsEndWithTheirTenant(t *testing.T) {
	s := openSafe(t)
	u := s.user(12)
	for range 40 {
		s.share(s.credential(), vault.Target{UserID: u.ID})
	}
	if _, err := s.accounts.DeleteEnterprise(t.Context(), account.System("test"), s.acme); err != nil {
		// The portal itself holds no privilege: an operator does it.
		by := &auth.Principal{Type: auth.Portal, UserType: auth.Operator, Role: auth.RoleByID(auth.OperatorSuperuser)}
		_, err = s.accounts.DeleteEnterprise(t.Context(), by, s.acme)
		s.must(err)
	}
	if _, err := s.use(s.principal(u), &vault.Credential{ID: 1}); err == nil {
		t.Error("a password of a tenant that is gone")
	}
	s.sweep()
	if left := s.has(); left != [3]int{} {
		t.Errorf("left: %v", left)
	}
}

// What a user may use is found at the cost of what is answered: it does not matter how many others there are, how many members his
// groups have, nor how many of the credentials are his. It is what a user sees who is in more groups than one, too.
func TestListingCostsWhatItAnswers(t *testing.T) {
	s := openSafe(t)
	u, few, many := s.user(12), s.group(), s.group()
	by := s.principal(u)
	s.add(few, u.ID)
	s.fill(few, 5000-1)
	s.fill(many, 5000-1)
	for i := range vault.MaxCredentials {
		c := s.credential()
		if i%100 == 0 {
			s.share(c, vault.Target{GroupID: few})
		}
		s.share(c, vault.Target{GroupID: many})
	}
	if _, err := s.insert("one too many"); auth.KindOf(err) != auth.Limit {
		t.Errorf("one more than there may be: %v", err)
	}
	limit := 10
	cost := func(want int) int64 {
		t.Helper()
		before := s.viewed.Load()
		if got := s.list(by, account.PageQuery{Limit: &limit}); len(got) != want {
			t.Fatalf("%d rows, want %d", len(got), want)
		}
		return s.viewed.Load() - before
	}
	sparse := cost(10)
	if _, err := s.groups.RemoveMember(t.Context(), s.admin, s.acme, few, u.ID); err != nil {
		t.Fatal(err)
	}
	s.add(many, u.ID)
	dense := cost(10)
	if sparse > 60 || 10*max(sparse, dense) > 13*min(sparse, dense) {
		t.Errorf("a page of ten costs %d keys at 1 %%, %d at 100 %%", sparse, dense)
	}
	s.add(few, u.ID)
	all := s.list(by, account.PageQuery{})
	if len(all) != vault.MaxCredentials {
		t.Errorf("by both groups: %d", len(all))
	}
	for i := range all {
		if i > 0 && all[i] <= all[i-1] {
			t.Fatalf("%d behind %d", all[i], all[i-1])
		}
	}
}

// Who has lost the right since his call began, or loses it while a login is checked, changes nothing and gets nothing.
func TestRightsOfCredentials(t *testing.T) {
	s := openSafe(t)
	c, with := s.credential(), vault.Target{UserID: s.user(12).ID}
	update := func(up vault.CredentialUpdate) func(*auth.Principal) error {
		return func(by *auth.Principal) error {
			_, err := s.vault.Update(t.Context(), by, s.acme, c.ID, up)
			return err
		}
	}
	for name, call := range map[string]func(*auth.Principal) error{
		"insert": func(by *auth.Principal) error {
			_, err := s.vault.Insert(t.Context(), by, s.acme, vault.NewCredential{Username: "x", Password: "x"})
			return err
		},
		"another password":  update(vault.CredentialUpdate{Password: new(secret.Text("x"))}),
		"other description": update(vault.CredentialUpdate{Description: new("x")}),
		"check":             func(by *auth.Principal) error { _, err := s.vault.Verify(t.Context(), by, s.acme, c.ID); return err },
		"share": func(by *auth.Principal) error {
			_, err := s.vault.Share(t.Context(), by, s.acme, c.ID, with)
			return err
		},
		"delete": func(by *auth.Principal) error {
			_, _, err := s.vault.Delete(t.Context(), by, s.acme, c.ID, true)
			return err
		},
		"use": func(by *auth.Principal) error { _, err := s.use(by, c); return err },
	} {
		u := s.user(auth.EnterpriseSuperuser)
		s.share(c, vault.Target{UserID: u.ID})
		gone := false
		leave := func() {
			if !gone {
				gone = true
				s.removeUser(u.ID)
			}
		}
		s.answer = func(string, secret.Text) (verify.Outcome, error) { leave(); return verify.OK, nil }
		switch name {
		case "insert", "another password", "check": // he leaves while they ask
		default:
			leave()
		}
		before := fmt.Sprint(s.record(records, c.ID), s.has())
		if err := call(s.principal(u)); auth.KindOf(err) != auth.Unauthenticated {
			t.Errorf("%s by who is gone: %v", name, err)
		}
		if after := fmt.Sprint(s.record(records, c.ID), s.has()); after != before {
			t.Errorf("%s by who is gone: %s became %s", name, before, after)
		}
		weak := *s.admin
		weak.Role = auth.RoleByID(12)
		if err := call(&weak); name != "use" && auth.KindOf(err) != auth.Forbidden || err == nil {
			t.Errorf("%s without the privilege: %v", name, err)
		}
	}
}

// What is too long, or cannot be a login, is refused before anything is asked.
func TestBoundsOfCredentials(t *testing.T) {
	s := openSafe(t)
	u := s.user(12)
	s.answer = func(string, secret.Text) (verify.Outcome, error) { t.Error("it was asked"); return verify.OK, nil }
	good := vault.NewCredential{Username: "x", Password: "x"}
	for name, change := range map[string]func(n *vault.NewCredential){
		"username: is required":                     func(n *vault.NewCredential) { n.Username = "" },
		"username: has more than 255 characters":    func(n *vault.NewCredential) { n.Username = strings.Repeat("é", 256) },
		"username: has more than 255 characters w":  func(n *vault.NewCredential) { n.Username = strings.Repeat("\ufdfa", 20) }, // 18 each
		"username: has control":                     func(n *vault.NewCredential) { n.Username = "a\x07b" },
		"password: is required":                     func(n *vault.NewCredential) { n.Password = "" },
		"password: has more than 256 bytes":         func(n *vault.NewCredential) { n.Password = secret.Text(strings.Repeat("é", 129)) },
		"password: has a zero byte":                 func(n *vault.NewCredential) { n.Password = "\x00" },
		"description: has more than 255 characters": func(n *vault.NewCredential) { n.Description = strings.Repeat("x", 256) },
	} {
		n := good
		change(&n)
		if _, err := s.vault.Insert(t.Context(), s.admin, s.acme, n); auth.KindOf(err) != auth.Invalid || !strings.HasPrefix(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s.answer = func(string, secret.Text) (verify.Outcome, error) { return verify.OK, nil }
	c, err := s.vault.Insert(t.Context(), s.admin, s.acme, vault.NewCredential{
		Username: strings.Repeat("é", 255), Password: secret.Text(strings.Repeat("x", 256)), Description: strings.Repeat("é", 255)})
	s.must(err)
	s.share(c, vault.Target{UserID: u.ID})
	for purpose, good := range map[string]bool{"": false, " x": false, strings.Repeat("x", 256): false, strings.Repeat("x", 255): true} {
		if _, _, err := s.vault.Use(t.Context(), s.principal(u), s.acme, c.ID, purpose); (err == nil) != good {
			t.Errorf("for %.20q: %v", purpose, err)
		}
	}
}

// What is handed over goes in steps, whoever gets it may have some of it, and be in no more groups than anybody.
func TestHandOver(t *testing.T) {
	s := openSafe(t)
	users := s.users(3)
	from, to, full := users[0], users[1], users[2]
	for i := range 25 {
		c := s.credential()
		s.share(c, vault.Target{UserID: from})
		if i%5 == 0 {
			s.share(c, vault.Target{UserID: to})
		}
	}
	var groups []int64
	for i := range vault.MaxGroupsOfUser {
		g := s.group()
		groups = append(groups, g)
		s.add(g, full)
		if i < 15 {
			s.add(g, from)
		}
		if i < 4 {
			s.add(g, to)
		}
	}
	extra := s.group()
	s.add(extra, from)
	step := func(heir int64) (n int, err error) {
		return n, s.accounts.Store.Update(t.Context(), func(tx store.Tx) (err error) {
			n, err = s.vault.HandOver(tx, s.admin, s.acme, from, heir)
			return err
		})
	}
	steps := 0
	for n := 1; n > 0; steps++ {
		var err error
		if n, err = step(to); err != nil {
			t.Fatal(err)
		}
	}
	if n, _ := s.told("CREDENTIAL_HANDED_OVER"); steps != 4 || n != 3 {
		t.Errorf("%d steps, %d events", steps, n)
	}
	if got := s.list(s.principal(&account.User{ID: to, Type: auth.Enterprise, EnterpriseID: s.acme.ID, Role: auth.RoleByID(12)}), account.PageQuery{}); len(got) != 25 || s.has()[2] != 25 {
		t.Errorf("he has %d of %d", len(got), s.has()[2])
	}
	for i, g := range groups[:15] {
		if got := s.count(g); got != 2 { // with the one who is in all
			t.Errorf("group %d has %d members", i, got)
		}
	}
	from = to
	var err error
	for range 4 { // the first of them he is in already
		if _, err = step(full); err != nil {
			break
		}
	}
	if auth.KindOf(err) != auth.Limit {
		t.Errorf("one group more than he can be in: %v", err)
	}
}
