package client_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/client"
	"github.com/portico-vco/portico/auth/secret"
)

// FuzzAssertion: whatever a client signs, it is let in by what names it, this portal, an end soon to come and a beginning that has been,
// and that once; everything else is refused, and never as a fault of ours.
func FuzzAssertion(f *testing.F) {
	h := build(f)
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	app, _, err := h.clients.InsertApp(ctx, h.admin, h.acme, client.NewApp{
		Name: "fuzzed", Scope: client.Scope{RoleIDs: []int64{10}}, Keys: keySet(object{"kty": "OKP", "crv": "Ed25519", "x": b64(public)}),
	})
	h.must(err)
	const header = `{"alg":"EdDSA","typ":"JWT"}`
	claims := func(aud, rest string) string {
		return `{"iss":"CLIENT","sub":"CLIENT","aud":` + aud + `,"jti":"FRESH"` + rest + `}`
	}
	for _, c := range []string{
		claims(`"`+tokenEndpoint+`"`, `,"exp":SOON`),
		claims(`["x","`+tokenEndpoint+`"]`, `,"exp":SOON.5,"iat":1`),
		claims(`"`+tokenEndpoint+`"`, `,"exp":SOON,"nbf":1e300`),
		claims(`"`+tokenEndpoint+`"`, `,"exp":1e300`), claims(`"`+tokenEndpoint+`"`, `,"exp":9223372036854775807`),
		claims(`null`, `,"exp":-1e300`), claims(`[[]]`, `,"exp":"1"`), `{}`, `null`, `[`, "\xff",
	} {
		f.Add(header, c)
	}
	f.Add(`{"alg":"none"}`, "{}")
	f.Add(`{"alg":"EdDSA","crit":["exp"],"b64":false}`, "{}")
	f.Fuzz(func(t *testing.T, header, payload string) {
		h.pass(time.Minute) // who was wrong before is heard again
		payload = strings.NewReplacer("CLIENT", app.ClientID, "FRESH", fmt.Sprint(h.next()), "SOON", fmt.Sprint(h.clock().Unix()+60)).Replace(payload)
		text := b64([]byte(header)) + "." + b64([]byte(payload))
		token := secret.Text(text + "." + b64(ed25519.Sign(key, []byte(text))))
		err := h.asserted("", token)
		if err == nil {
			var a struct{ Exp, Nbf, Iat float64 }
			if err := json.Unmarshal([]byte(payload), &a); err != nil {
				t.Fatalf("%q is an assertion: %v", payload, err)
			}
			now := float64(h.clock().UnixNano()) / 1e9
			if a.Exp < now-1 || a.Exp > now+11*60 || a.Nbf > now+31 || a.Iat > now+31 {
				t.Errorf("%q is good at %f", payload, now)
			}
			err = h.asserted("", token)
		}
		if k := auth.KindOf(err); k != auth.Unauthenticated && k != auth.Busy {
			t.Errorf("%q, %q: %v", header, payload, err)
		}
	})
}
