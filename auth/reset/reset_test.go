package reset_test

import (
	"context"
	"crypto/rand"
	"strings"
	"testing"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/mail"
	"github.com/portico-vco/portico/auth/reset"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/auth/verify"
	"github.com/portico-vco/portico/store/memory"
)

// chance is a source of chance that does something once, on the way: a password hash takes its salt from it.
type chance struct{ once func() }

func (c *chance) Read(b []byte) (int, error) {
	if do := c.once; do != nil {
		c.once = nil
		do()
	}
	return rand.Read(b)
}

// carrier keeps the last message.
type carrier struct{ last mail.Message }

func (c *carrier) Carry(_ context.Context, _ mail.Relay, m mail.Message) error {
	c.last = m
	return nil
}

var operators = []auth.UserType{auth.Operator}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Hashing the new password takes its time, and the link may die meanwhile: what counts is the user as he is in the Update
// that sets the password.
func TestLinkDiesDuringRedeem(t *testing.T) {
	ctx, by, v := context.Background(), account.System("test"), auth.Update.On(auth.OperatorUser)
	off, other, second := false, secret.Text("correct horse 2"), secret.Text("correct horse 3")
	for name, do := range map[string]func(*account.Accounts, *reset.Links, secret.Text, int64) error{
		"disabled": func(a *account.Accounts, _ *reset.Links, _ secret.Text, id int64) error {
			_, err := a.UpdateUser(ctx, by, v, id, "", account.UserUpdate{IsActive: &off})
			return err
		},
		"another password": func(a *account.Accounts, _ *reset.Links, _ secret.Text, id int64) error {
			_, err := a.UpdateUser(ctx, by, v, id, "", account.UserUpdate{Password: &other})
			return err
		},
		"deleted": func(a *account.Accounts, _ *reset.Links, _ secret.Text, id int64) error {
			_, _, err := a.DeleteUser(ctx, by, auth.Delete.On(auth.OperatorUser), auth.Network(), id, "")
			return err
		},
		"a newer link": func(_ *account.Accounts, l *reset.Links, _ secret.Text, id int64) error {
			_, err := l.Send(ctx, by, reset.Target{Of: operators, ID: id})
			return err
		},
		"redeemed": func(_ *account.Accounts, l *reset.Links, token secret.Text, _ int64) error {
			return l.Redeem(ctx, by, token, second, second)
		},
	} {
		t.Run(name, func(t *testing.T) {
			db := memory.Open()
			defer db.Close()
			luck, post := &chance{}, &carrier{}
			a := account.New(db, account.Options{Random: luck, PasswordCost: secret.Cost{MemoryKiB: 64, Passes: 1, Lanes: 1}})
			a.Sealer, _ = secret.NewSealer(make([]byte, secret.SealKeyLen), rand.Reader)
			b := mail.New(a, post)
			l := reset.New(a, b)
			for name, value := range map[string]string{"mail.smtp.host": "relay.example", "mail.from": "a@b.example"} {
				_, err := a.SetProperty(ctx, by, account.PropertyUpdate{Name: &name, Value: &value})
				must(t, err)
			}
			_, err := a.FirstOperator(ctx, "super", "correct horse 1")
			must(t, err)
			u, err := a.InsertUser(ctx, by, auth.Network(), account.NewUser{Username: "bob@acme.example", Password: "correct horse 1", RoleID: 3})
			must(t, err)
			_, err = l.Send(ctx, by, reset.Target{Of: operators, ID: u.ID})
			must(t, err)
			must(t, b.Deliver(ctx))
			_, rest, _ := strings.Cut(string(post.last.Body), "#")
			token := secret.Text(rest[:43])

			luck.once = func() { must(t, do(a, l, token, u.ID)) }
			err = l.Redeem(ctx, by, token, "correct horse 9", "correct horse 9")
			if auth.KindOf(err) != auth.Invalid || err == nil || !strings.Contains(err.Error(), "no longer good") {
				t.Errorf("got %v", err)
			}
			now, _, err := a.FindUser(ctx, by, u.ID, "")
			must(t, err)
			if o, err := a.CheckPassword(ctx, now, "correct horse 9"); o == verify.OK || err != nil {
				t.Errorf("the password was set: %v, %v", o, err)
			}
		})
	}
}

func TestMoves(t *testing.T) {
	for from, want := range map[reset.State]reset.State{reset.Open: reset.Redeemed, reset.Redeemed: "", reset.Dead: ""} {
		to, err := reset.Moves.Next(from, reset.Redeem)
		if (want == "") != (auth.KindOf(err) == auth.Conflict) || want != "" && to != want {
			t.Errorf("%s: %s, %v", from, to, err)
		}
	}
}
