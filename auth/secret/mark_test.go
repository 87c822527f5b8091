package secret_test

import (
	"bytes"
	"crypto/rand"
	"testing"

	"github.com/portico-vco/portico/auth/secret"
)

func TestMark(t *testing.T) {
	sealer := func(key byte) *secret.Sealer {
		s, err := secret.NewSealer(bytes.Repeat([]byte{key}, secret.SealKeyLen), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := sealer(7)
	message := []byte("message")
	mark := s.Mark("purpose", message)
	if !sealer(7).Marked("purpose", message, mark) || s.MarkID() != sealer(7).MarkID() {
		t.Error("the same key knows its mark not again")
	}
	for name, marked := range map[string]bool{
		"another message":        s.Marked("purpose", []byte("massage"), mark),
		"for another purpose":    s.Marked("purpos", append([]byte("e"), message...), mark),
		"with another key":       sealer(8).Marked("purpose", message, mark),
		"changed":                s.Marked("purpose", message, append(mark[:31:31], mark[31]^1)),
		"cut":                    s.Marked("purpose", message, mark[:16]),
		"none":                   s.Marked("purpose", message, nil),
		"another key's name":     s.MarkID() == sealer(8).MarkID(),
		"its name made a mark":   s.Marked("id", nil, []byte(s.MarkID())),
		"a mark of what follows": bytes.Equal(s.Mark("a", []byte("b")), s.Mark("ab", nil)),
	} {
		if marked {
			t.Errorf("%s: it is taken for the mark", name)
		}
	}
}
