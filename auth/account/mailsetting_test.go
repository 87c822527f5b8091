package account_test

import (
	"context"
	"crypto/rand"
	"testing"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store/memory"
)

func sealed(t *testing.T) *account.Accounts {
	t.Helper()
	db := memory.Open()
	t.Cleanup(func() { db.Close() })
	a := account.New(db, account.Options{})
	a.Sealer, _ = secret.NewSealer(make([]byte, secret.SealKeyLen), rand.Reader)
	return a
}

func setProperty(t *testing.T, a *account.Accounts, by *auth.Principal, name, value string) error {
	t.Helper()
	_, err := a.SetProperty(context.Background(), by, account.PropertyUpdate{Name: &name, Value: &value})
	return err
}

// Where links lead and who may ask for them was for anybody who may set properties, and is as good as every password.
func TestMailSettingsAreRestricted(t *testing.T) {
	a := sealed(t)
	for name, value := range map[string]string{
		"network.public.address": "evil.example", "mail.smtp.host": "evil.example", "mail.from": "a@evil.example",
		"vco.enterprise.selfResetPassword.enabled": "true", "vco.operator.selfResetPassword.enabled": "true",
		"vco.enterprise.selfResetPassword.token.expirySeconds": "60", "vco.operator.selfResetPassword.token.expirySeconds": "60",
	} {
		by := account.System("test")
		by.Role = auth.RoleByID(3)
		if err := setProperty(t, a, by, name, value); auth.KindOf(err) != auth.Forbidden {
			t.Errorf("%s: %v", name, err)
		}
		if err := setProperty(t, a, account.System("test"), name, value); err != nil {
			t.Errorf("%s by a superuser: %v", name, err)
		}
	}
}

// The relay's password was sent to whatever host was set next.
func TestMailPasswordIsForOneHost(t *testing.T) {
	a, by := sealed(t), account.System("test")
	password := func() string {
		text, err := a.Setting(context.Background(), account.MailPassword)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	for _, step := range []struct{ name, value, want string }{
		{"mail.smtp.password", "p w", "p w"},
		{"mail.smtp.host", "one.example", "p w"}, // it was set for the first host to come
		{"mail.smtp.host", "one.example", "p w"},
		{"mail.smtp.port", "465", "p w"},
		{"mail.smtp.host", "two.example", ""},
		{"mail.smtp.password", "q", "q"},
		{"mail.smtp.host", "", ""},
	} {
		if err := setProperty(t, a, by, step.name, step.value); err != nil {
			t.Fatal(err)
		}
		if got := password(); got != step.want {
			t.Errorf("after %s %q: %q, want %q", step.name, step.value, got, step.want)
		}
	}
}

// A value that could not be unsealed, after the loss of the key, could be neither replaced nor deleted, and with it no list
// of properties was answered.
func TestLostPassword(t *testing.T) {
	ctx, a, by := context.Background(), sealed(t), account.System("test")
	if err := setProperty(t, a, by, "mail.smtp.password", "p w"); err != nil {
		t.Fatal(err)
	}
	key := make([]byte, secret.SealKeyLen)
	key[0] = 1
	a.Sealer, _ = secret.NewSealer(key, rand.Reader)
	if _, err := a.Setting(ctx, account.MailPassword); err == nil {
		t.Error("it was read")
	}
	if list, err := a.Properties(ctx, "mail.smtp.password"); err != nil || len(list) != 1 || list[0].Value != "" {
		t.Errorf("listed: %v, %v", list, err)
	}
	text := "x"
	if _, err := a.UpdateProperty(ctx, by, 0, "mail.smtp.password", account.PropertyUpdate{Description: &text}); auth.KindOf(err) != auth.Conflict {
		t.Errorf("changed by the way: %v", err)
	}
	if err := setProperty(t, a, by, "mail.smtp.password", "q"); err != nil {
		t.Error(err)
	}
	if text, err := a.Setting(ctx, account.MailPassword); err != nil || text != "q" {
		t.Errorf("replaced: %q, %v", text, err)
	}
}
