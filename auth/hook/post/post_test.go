package post_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/portico-vco/portico/auth/hook/post"
	"github.com/portico-vco/portico/auth/secret"
)

func TestParseSecret(t *testing.T) {
	long := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{1}, 65))
	for text, want := range map[string]int{
		"whsec_MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0": 24, "whsec_MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0\r\n": 24,
		"MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0": 0, "whsec_": 0, "whsec_MTIz": 0, "whsec_!": 0, "": 0, "whsec_" + long: 0,
	} {
		if key, err := post.ParseSecret(secret.Text(text)); len(key) != want || (err == nil) != (want > 0) {
			t.Errorf("%q: %d bytes, %v", text, len(key), err)
		}
	}
}

func TestNewSecret(t *testing.T) {
	one, err := post.NewSecret(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other, _ := post.NewSecret(rand.Reader)
	if key, err := post.ParseSecret(one); len(key) != 32 || err != nil || one == other {
		t.Errorf("%d bytes, %v", len(key), err)
	}
	if _, err := post.NewSecret(strings.NewReader("too short")); err == nil {
		t.Error("a secret without chance")
	}
}

// The signature is that of an example which the libraries of Standard Webhooks test themselves with.
func TestSignature(t *testing.T) {
	var got http.Header
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header }))
	defer s.Close()
	key, err := post.ParseSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	m := post.Message{
		ID: "msg_p5jXN8AQM9LWM0D4loKWxJek", Time: time.Unix(1614265330, 0), Type: "application/json", Body: []byte(`{"test": 2432232314}`),
	}
	const want = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
	for name, c := range map[string]struct {
		keys [][]byte
		want string
	}{"none": {}, "one": {[][]byte{key}, want}, "two": {[][]byte{[]byte("another"), key}, " " + want}} {
		if status, err := post.Send(t.Context(), s.Client(), s.URL, m, c.keys...); status != 200 || err != nil {
			t.Fatal(status, err)
		}
		signed := got.Get("Webhook-Signature")
		if !strings.HasSuffix(signed, c.want) || len(strings.Fields(signed)) != len(c.keys) || got.Get("Webhook-Timestamp") != "1614265330" {
			t.Errorf("%s: %q", name, signed)
		}
	}
}
