package backup_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/backup"
	"github.com/portico-vco/portico/auth/mail"
	"github.com/portico-vco/portico/auth/reset"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/auth/token"
	"github.com/portico-vco/portico/auth/vault"
	"github.com/portico-vco/portico/auth/verify"
	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/bolt"
)

var cheap = secret.Cost{MemoryKiB: 64, Passes: 1, Lanes: 1}

const password = "correct horse 1"

// A house is a portal on a file, with one operator and an enterprise with one admin. Its keys outlive its store.
type house struct {
	t        *testing.T
	db       *store.DB
	accounts *account.Accounts
	tokens   *token.Tokens
	resets   *reset.Links
	letters  *mail.Box
	post     carrier
	vault    *vault.Vault
	keyring  *secret.Keyring
	now      func() time.Time
}

func open(t *testing.T, path string, now func() time.Time, keyring *secret.Keyring) *house {
	t.Helper()
	db, err := bolt.Open(path, bolt.Options{Create: true})
	must(t, err)
	t.Cleanup(func() { db.Close() })
	h := &house{t: t, db: db, keyring: keyring, now: now}
	h.accounts = account.New(db, account.Options{Now: now, PasswordCost: cheap})
	h.accounts.Sealer, err = secret.NewSealer(make([]byte, secret.SealKeyLen), rand.Reader)
	must(t, err)
	h.tokens = token.New(h.accounts, nil)
	h.letters = mail.New(h.accounts, &h.post)
	h.resets = reset.New(h.accounts, h.letters)
	h.vault = vault.New(h.accounts, anybody{}, func() (*secret.Keyring, error) { return keyring, nil })
	return h
}

// carrier keeps the last message.
type carrier struct{ last mail.Message }

func (c *carrier) Carry(_ context.Context, _ mail.Relay, m mail.Message) error {
	c.last = m
	return nil
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// anybody finds every login good.
type anybody struct{}

func (anybody) Of(context.Context, auth.Tenant) (verify.Verifier, error) { return anybody{}, nil }
func (anybody) Verify(context.Context, string, secret.Text) (verify.Outcome, error) {
	return verify.OK, nil
}

var system = account.System("test")

func (h *house) settle() (operator, admin *account.User, acme auth.Tenant) {
	h.t.Helper()
	ctx := context.Background()
	operator, err := h.accounts.InsertUser(ctx, system, auth.Network(), account.NewUser{Username: "super", Password: password, RoleID: auth.OperatorSuperuser})
	must(h.t, err)
	made, err := h.accounts.InsertEnterprise(ctx, system, account.NewEnterprise{Name: "Acme"})
	must(h.t, err)
	acme, _, err = h.accounts.Tenant(ctx, auth.Enterprise, made.ID)
	must(h.t, err)
	email := "admin@acme.example"
	admin, err = h.accounts.InsertUser(ctx, system, acme, account.NewUser{
		Username: "admin", Password: password, RoleID: auth.EnterpriseSuperuser, Fields: account.UserFields{Email: &email},
	})
	must(h.t, err)
	return operator, admin, acme
}

// session logs in, with a code where one is asked for.
func (h *house) session(operator bool, name string, code secret.Text) (*auth.Principal, token.Started, error) {
	h.t.Helper()
	call := auth.Call{Method: "test", Source: "192.0.2.1", TLS: true}
	s, err := h.tokens.Login(context.Background(), &auth.Principal{Call: call}, operator, name, password, code)
	if err != nil {
		return nil, s, err
	}
	by, err := h.tokens.BySession(context.Background(), call, string(s.Value))
	must(h.t, err)
	return by, s, nil
}

func (h *house) mustSession(operator bool, name string) (*auth.Principal, token.Started) {
	h.t.Helper()
	by, s, err := h.session(operator, name, "")
	must(h.t, err)
	return by, s
}

// told are the names of the operator's last events, the last one first.
func (h *house) told(n int) (names []string) {
	h.t.Helper()
	page, err := h.accounts.Events(context.Background(), auth.Network(), account.EventQuery{Limit: n})
	must(h.t, err)
	for _, e := range page.Events {
		names = append(names, e.Name)
	}
	return names
}

func quiet(backup.Backup) {}

// One backup at a time, by a superuser of the operator in a session; whatever becomes of it is in the list and in the record, and
// is not in the way of the next.
func TestCreate(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	h := open(t, filepath.Join(dir, "store.db"), time.Now, nil)
	h.settle()
	super, _ := h.mustSession(true, "super")
	admin, _ := h.mustSession(false, "admin")
	byToken, byAccess, narrowed := *super, *super, *super
	byToken.Means, byAccess.Means = auth.ByAPIToken, auth.ByAccessToken
	less := *super.Role // whatever privileges another role has
	less.IsSuper = false
	narrowed.Role = &less
	folder := filepath.Join(dir, "backups")
	var fails error
	half := make(chan struct{})
	b := backup.New(h.accounts, folder, func(ctx context.Context, path string, at time.Time, progress func(done, all int64)) error {
		if fails != nil {
			return fails
		}
		if filepath.Base(path) == "endless.backup" {
			progress(1, 2)
			close(half)
			<-ctx.Done()
			return ctx.Err()
		}
		must(t, os.MkdirAll(folder, 0o700))
		return h.db.Copy(ctx, path, at, progress)
	})
	refused := func(kind auth.Kind, by *auth.Principal, name string) {
		t.Helper()
		if _, err := b.Create(ctx, by, name); auth.KindOf(err) != kind {
			t.Errorf("%q: got %v, want kind %v", name, err, kind)
		}
	}
	refused(auth.WrongCaller, &byToken, "a")
	refused(auth.WrongCaller, &byAccess, "a")
	refused(auth.Forbidden, &narrowed, "a")
	refused(auth.Forbidden, admin, "a")
	for _, name := range []string{".", "..", "../a", "a/b", "a.b", "-a", "a b", "a\x00", string(make([]byte, 65))} {
		refused(auth.Invalid, super, name)
	}
	state := func(of string, want backup.State) {
		t.Helper()
		list, err := b.List()
		if err != nil || len(list) == 0 || list[0].Name != of || list[0].State != want {
			t.Fatalf("the list: %+v, %v; want %s first, %s", list, err, of, want)
		}
	}
	if list, err := b.List(); err != nil || len(list) != 0 {
		t.Errorf("before any: %v, %v", list, err)
	}
	_, err := b.Create(ctx, super, "first")
	must(t, err)
	state("first.backup", backup.Running)
	refused(auth.Conflict, super, "second")
	made, err := b.Settle(ctx, quiet)
	if err != nil || made.State != backup.Done || made.Bytes == 0 {
		t.Fatalf("%+v, %v", made, err)
	}
	state("first.backup", backup.Done)
	refused(auth.Conflict, super, "first")

	fails = errors.New("the disk is full")
	_, err = b.Create(ctx, super, "full")
	must(t, err)
	if _, err := b.Settle(ctx, quiet); !errors.Is(err, fails) {
		t.Errorf("got %v", err)
	}
	state("full.backup", backup.Failed)
	if got := fmt.Sprint(h.told(4)); got != "[BACKUP_FAILED CREATE_BACKUP BACKUP_CREATED CREATE_BACKUP]" {
		t.Errorf("the record: %s", got)
	}

	// The end of the portal ends it, and is told of.
	fails = nil
	ctx, cancel := context.WithCancel(ctx)
	var ran sync.WaitGroup
	ran.Go(func() { b.Run(ctx, quiet) })
	_, err = b.Create(ctx, super, "endless")
	must(t, err)
	<-half
	cancel()
	ran.Wait()
	state("endless.backup", backup.Failed)
	if got := h.told(1)[0]; got != "BACKUP_FAILED" {
		t.Errorf("the record: %s", got)
	}

	// Who was demoted since his call began begins none, and takes no place.
	off := false
	_, err = h.accounts.InsertUser(context.Background(), system, auth.Network(), account.NewUser{Username: "second", Password: password, RoleID: auth.OperatorSuperuser})
	must(t, err)
	_, err = h.accounts.UpdateUser(context.Background(), system, auth.Update.On(auth.OperatorUser), super.UserID, "", account.UserUpdate{IsActive: &off})
	must(t, err)
	ctx = context.Background()
	refused(auth.Unauthenticated, super, "late")
	again, _ := h.mustSession(true, "second")
	_, err = b.Create(ctx, again, "later")
	must(t, err)
}

// Of any number who ask at once, one begins a backup.
func TestCreateAtOnce(t *testing.T) {
	h := open(t, filepath.Join(t.TempDir(), "store.db"), time.Now, nil)
	h.settle()
	super, _ := h.mustSession(true, "super")
	b := backup.New(h.accounts, t.TempDir(), h.db.Copy)
	var begun atomic.Int64
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			if _, err := b.Create(context.Background(), super, fmt.Sprint("b", i)); err == nil {
				begun.Add(1)
			}
		})
	}
	all.Wait()
	if begun.Load() != 1 {
		t.Errorf("%d were begun", begun.Load())
	}
}

// What is half-way or signs somebody in for the moment is gone from a restored store, however much of it there is; the rest is as
// it was, sealed things too, and the record goes on.
func TestRestored(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	clock := time.Date(2026, 11, 22, 3, 0, 10, 0, time.UTC)
	now := func() time.Time { return clock }
	key, err := secret.NewVaultKey(rand.Reader)
	must(t, err)
	keyring, err := secret.NewKeyring(key)
	must(t, err)
	h := open(t, filepath.Join(dir, "store.db"), now, keyring)
	_, _, acme := h.settle()
	email := "second@portico.example"
	second, err := h.accounts.InsertUser(ctx, system, auth.Network(), account.NewUser{
		Username: "second", Password: password, RoleID: auth.OperatorSuperuser, Fields: account.UserFields{Email: &email},
	})
	must(t, err)
	super, first := h.mustSession(true, "super")
	admin, _ := h.mustSession(false, "admin")
	for range 60 {
		h.mustSession(true, "super")
	}
	enrolled, err := h.accounts.EnrolSecondFactor(ctx, super, password)
	must(t, err)
	code := func() secret.Text { return secret.CodeAt(enrolled.Seed, secret.Step(clock)) }
	_, err = h.accounts.ConfirmSecondFactor(ctx, super, code())
	must(t, err)
	begun, err := h.accounts.EnrolSecondFactor(ctx, admin, password) // and not confirmed
	must(t, err)
	for name, value := range map[string]string{"mail.smtp.host": "relay.example", "mail.from": "a@b.example"} {
		_, err := h.accounts.SetProperty(ctx, system, account.PropertyUpdate{Name: &name, Value: &value})
		must(t, err)
	}
	link := func(by *auth.Principal, of auth.UserType, who int64) {
		t.Helper()
		rows, err := h.resets.Send(ctx, by, reset.Target{Of: []auth.UserType{of}, ID: who})
		if err != nil || rows != 1 {
			t.Fatalf("a reset link: %d, %v", rows, err)
		}
	}
	link(admin, auth.Enterprise, admin.UserID)
	must(t, h.letters.Deliver(ctx))
	_, mailed, _ := strings.Cut(string(h.post.last.Body), "#")
	link(super, auth.Operator, second.ID) // and not mailed yet
	cred, err := h.vault.Insert(ctx, admin, acme, vault.NewCredential{Username: "build", Password: "right horse 1"})
	must(t, err)
	_, err = h.vault.Share(ctx, admin, acme, cred.ID, vault.Target{UserID: admin.UserID})
	must(t, err)
	file := filepath.Join(dir, "backup")
	made := clock
	must(t, h.db.Copy(ctx, file, made, func(int64, int64) {}))

	clock = clock.Add(time.Minute) // a code is used that the backup knows nothing of
	used := code()
	if _, _, err := h.session(true, "super", used); err != nil {
		t.Fatal(err)
	}

	restored := filepath.Join(dir, "restored.db")
	_, err = bolt.Restore(ctx, file, restored, func(int64, int64) {})
	must(t, err)
	r := open(t, restored, now, keyring)
	was, ended, err := backup.Restored(ctx, r.accounts, made, map[string]backup.Step{
		"sessions": r.tokens.EndSessions, "resetLinks": r.resets.EndLinks, "secondFactors": r.accounts.SpendCodes,
	})
	must(t, err)
	if !was.From.Equal(made) || !was.Time.Equal(clock) || fmt.Sprint(ended) != "map[resetLinks:2 secondFactors:2 sessions:62]" {
		t.Errorf("restored: %+v, %v", was, ended)
	}
	if _, err := r.tokens.BySession(ctx, auth.Call{}, string(first.Value)); auth.KindOf(err) != auth.Unauthenticated {
		t.Errorf("a session of before: %v", err)
	}
	if _, _, err := r.session(true, "super", used); auth.KindOf(err) != auth.Unauthenticated {
		t.Errorf("the code that was used: %v", err)
	}
	again, _ := r.mustSession(false, "admin")
	if _, err := r.accounts.ConfirmSecondFactor(ctx, again, secret.CodeAt(begun.Seed, secret.Step(clock))); auth.KindOf(err) != auth.Conflict {
		t.Errorf("the enrolment of before: %v", err)
	}
	if err := r.resets.Redeem(ctx, system, secret.Text(mailed[:43]), "correct horse 9", "correct horse 9"); auth.KindOf(err) != auth.Invalid {
		t.Errorf("the link of before: %v", err)
	}
	letters, err := r.letters.List(ctx, system, mail.Queued, nil, "")
	if err != nil || len(letters.Letters) != 0 {
		t.Errorf("letters that wait: %v, %v", letters.Letters, err)
	}
	if _, got, err := r.vault.Use(ctx, again, acme, cred.ID, "test"); err != nil || got != "right horse 1" {
		t.Errorf("the credential: %v", err)
	}
	clock = clock.Add(2 * time.Minute)
	if _, _, err := r.session(true, "super", code()); err != nil {
		t.Errorf("the next code: %v", err)
	}
	k, err := r.accounts.CheckEvents(ctx, func(account.EventCheck) {})
	if err != nil || k.Count() > 0 || k.Restored == nil || !k.Restored.From.Equal(made) {
		t.Errorf("the record: %+v, %v", k, err)
	}
	records, err := r.db.Check(ctx, func(store.Check) {})
	if err != nil || records.Count() > 0 {
		t.Errorf("the records: %q, %v", records.Told, err)
	}
}
