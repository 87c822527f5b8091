package secret_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"github.com/portico-vco/portico/auth/secret"
)

func TestSeal(t *testing.T) {
	key := bytes.Repeat([]byte{7}, secret.SealKeyLen)
	s, err := secret.NewSealer(key, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other, _ := secret.NewSealer(bytes.Repeat([]byte{8}, secret.SealKeyLen), rand.Reader)
	box, err := s.Seal("user/7/totp", "canary")
	if err != nil || strings.Contains(box, "canary") {
		t.Fatalf("sealed to %q, %v", box, err)
	}
	if again, _ := s.Seal("user/7/totp", "canary"); again == box {
		t.Error("the same secret seals to the same text twice")
	}
	if got, err := s.Open("user/7/totp", box); err != nil || got != "canary" {
		t.Errorf("opened to %q, %v", string(got), err)
	}
	last := byte('A')
	if box[len(box)-2] == last {
		last = 'B'
	}
	for name, open := range map[string]func() (secret.Text, error){
		"for another record": func() (secret.Text, error) { return s.Open("user/8/totp", box) },
		"with another key":   func() (secret.Text, error) { return other.Open("user/7/totp", box) },
		"changed": func() (secret.Text, error) {
			return s.Open("user/7/totp", box[:len(box)-2]+string(last)+box[len(box)-1:])
		},
		"cut":        func() (secret.Text, error) { return s.Open("user/7/totp", box[:len(box)-4]) },
		"empty":      func() (secret.Text, error) { return s.Open("user/7/totp", "") },
		"not sealed": func() (secret.Text, error) { return s.Open("user/7/totp", "canary") },
	} {
		if got, err := open(); !errors.Is(err, secret.ErrSealed) || got != "" {
			t.Errorf("%s: opened to %q, %v", name, string(got), err)
		}
	}
	if _, err := secret.NewSealer(key[:16], rand.Reader); err == nil {
		t.Error("a short key was taken")
	}
}
