package portal_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// These benchmarks compare the portal with the bare thing under it, in one run, turn by turn, over the same kind of
// listener with the same client, so that a machine whose speed drifts does not decide. Run them with -benchtime 1x:
// each takes its own rounds. PORTICO_BENCH_TOKENS sets how many tokens are stored (default 100000).

const (
	rounds   = 7
	roundFor = 400 * time.Millisecond
)

func stored() int { return number("PORTICO_BENCH_TOKENS", 100_000) }

const getEnterprise = `{"jsonrpc":"2.0","id":1,"method":"enterprise/getEnterprise","params":{"enterpriseId":1}}`

// BenchmarkRead: an authenticated enterprise/getEnterprise against the bare handler, and against one that looks a token up.
func BenchmarkRead(b *testing.B) {
	s := openSite(b, stored())
	for _, conns := range []int{16, 64} {
		b.Run(fmt.Sprint("conns=", conns), func(b *testing.B) {
			post := client(conns)
			answer := s.ask(b, post, getEnterprise)
			plain := listen(b, bare{answer: answer})
			looking := listen(b, bare{answer: answer, look: lookup(b, stored(), s.texts)})
			want := []byte(`"name":"Acme"`)
			at := func(url string) func(int) error {
				return func(i int) error { return post(url, "Token "+s.texts[i%len(s.texts)], getEnterprise, want) }
			}
			race(b, conns, contestant{"bare", at(plain)}, contestant{"lookup", at(looking)}, contestant{"portico", at(s.url)})
		})
	}
}

// BenchmarkLimits: the same read with rate limits off and on, at which nobody is refused: a count for the user, one for his
// enterprise, and one for all.
func BenchmarkLimits(b *testing.B) {
	off, on := openSite(b, 1000), openSite(b, 1000)
	rules := `{"maxConcurrent":10000,"reservoir":1000000,"reservoirRefreshAmount":1000000,"reservoirRefreshInterval":250}`
	policy := `{"type":%q,"policies":[{"match":{"type":"ALL"},"rules":` + rules + `}]}`
	on.setProperty(b, "vco.api.rateLimit.rules.global", fmt.Sprintf("["+policy+","+policy+","+policy+"]", "ENTERPRISE_USER", "ENTERPRISE", "SYSTEM"))
	on.setProperty(b, "vco.api.rateLimit.mode.logOnly", "false")
	on.setProperty(b, "vco.api.rateLimit.enabled", "true")
	const conns = 16
	post := client(conns)
	plain := listen(b, bare{answer: off.ask(b, post, getEnterprise)})
	at := func(url string, texts []string) func(int) error {
		return func(i int) error {
			return post(url, "Token "+texts[i%len(texts)], getEnterprise, []byte(`"name":"Acme"`))
		}
	}
	race(b, conns, contestant{"bare", at(plain, off.texts)}, contestant{"off", at(off.url, off.texts)}, contestant{"on", at(on.url, on.texts)})
}

func (s *site) ask(b *testing.B, post func(url, auth, body string, want []byte) error, body string) []byte {
	b.Helper()
	must(b, post(s.url, "Token "+s.texts[0], body, nil))
	r, err := http.NewRequest("POST", s.url, strings.NewReader(body))
	must(b, err)
	r.Header.Set("Authorization", "Token "+s.texts[0])
	resp, err := http.DefaultClient.Do(r)
	must(b, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	must(b, err)
	return answer
}

// BenchmarkGarbage: what is refused must be cheaper than what is served.
func BenchmarkGarbage(b *testing.B) {
	s := openSite(b, min(stored(), 10_000))
	const conns = 16
	post := client(conns)
	good := "Token " + s.texts[0]
	forged := good[:len(good)-4] + "AAAA"
	call := func(auth, body, want string) func(int) error {
		return func(int) error { return post(s.url, auth, body, []byte(want)) }
	}
	race(b, conns,
		contestant{"good", call(good, getEnterprise, "Acme")},
		contestant{"noToken", call("Token nonsense", getEnterprise, "-32000")},
		contestant{"forgedToken", call(forged, getEnterprise, "-32000")},
		contestant{"badJSON", call(good, getEnterprise[:40], "-32700")},
		contestant{"unknownMethod", call(good, strings.Replace(getEnterprise, "getE", "xetE", 1), "-32601")})
}

// BenchmarkCreate: token creations over the wire at 64 callers, against single keys put by bbolt.Batch with its defaults
// and by a bare group committer, each at 64 writers.
func BenchmarkCreate(b *testing.B) {
	s := openSite(b, stored())
	const callers = 64
	batch, group := bareWriters(b)
	race(b, callers, contestant{"batch", batch}, contestant{"group", group},
		contestant{"authority", s.inside(callers)}, contestant{"portico", s.creator(b, callers)})
}

// creator creates tokens over the wire: superusers do, each for users of his own.
func (s *site) creator(b *testing.B, callers int) func(i int) error {
	b.Helper()
	post := client(callers)
	turns := make([]int64, callers)
	return func(i int) error {
		turns[i]++
		body := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"apiToken/create","params":{"userId":%d,"name":"w%d","lifetimeMs":86400000}}`,
			s.owner(i, turns[i]), turns[i])
		return post(s.url, "Token "+s.texts[i%len(s.texts)], body, []byte(`"rows":1`))
	}
}

// inside creates tokens without the wire.
func (s *site) inside(callers int) func(i int) error {
	turns := make([]int64, callers)
	return func(i int) error {
		turns[i]++
		made := fresh(fmt.Sprint("i", turns[i]))
		made.Owner = s.owner(callers+i, turns[i])
		_, err := s.tokens.Create(context.Background(), s.supers[i%len(s.supers)], made)
		return err
	}
}
