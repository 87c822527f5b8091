package portal_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
)

// A reply is the answer to one call.
type reply struct {
	Status  int
	Code    int
	Message string
	Result  json.RawMessage
	Error   json.RawMessage
}

func (r reply) String() string {
	return fmt.Sprintf("status %d, code %d %q, result %.300s", r.Status, r.Code, r.Message, r.Result)
}

// call makes one JSON-RPC call; params are JSON.
func (h *house) call(as http.Header, method, params string) reply {
	w := h.post("/portal", as, fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":%s}`, method, params))
	var envelope struct{ Result, Error json.RawMessage }
	r := reply{Status: w.Code}
	if err := json.Unmarshal(w.Body.Bytes(), &envelope); err != nil {
		r.Message = "not JSON: " + w.Body.String()
		r.Code = -1
		return r
	}
	r.Result, r.Error = envelope.Result, envelope.Error
	if r.Error != nil {
		var fault struct {
			Code    int
			Message string
		}
		_ = json.Unmarshal(r.Error, &fault) // it is JSON: the envelope was read
		r.Code, r.Message = fault.Code, fault.Message
	}
	return r
}

// good makes a call that must succeed and reads its result into to, unless that is nil.
func (h *house) good(t testing.TB, as http.Header, method, params string, to any) {
	t.Helper()
	r := h.call(as, method, params)
	if r.Code != 0 || r.Status != http.StatusOK {
		t.Fatalf("%s %s: %v", method, params, r)
	}
	if to != nil {
		must(t, json.Unmarshal(r.Result, to))
	}
}

func bearing(text string) http.Header { return http.Header{"Authorization": {"Token " + text}} }

// pending creates a token of the caller and answers its number.
func (h *house) pending(t testing.TB, as http.Header, name string, life time.Duration) int64 {
	t.Helper()
	var made struct{ ID int64 }
	h.good(t, as, "apiToken/create", fmt.Sprintf(`{"name":%q,"lifetimeMs":%d}`, name, life.Milliseconds()), &made)
	return made.ID
}

// enabled is pending, downloaded.
func (h *house) enabled(t testing.TB, as http.Header, name string, life time.Duration) (id int64, text string) {
	t.Helper()
	id = h.pending(t, as, name, life)
	var made struct{ Token string }
	h.good(t, as, "apiToken/download", fmt.Sprintf(`{"id":%d}`, id), &made)
	return id, made.Token
}

// shown is a token as apiToken/get shows it.
type shown struct {
	ID           int64
	Name         string
	State        string
	IsRevoked    bool
	Created      time.Time
	Expiration   time.Time
	Downloaded   *time.Time
	LastUsed     *time.Time
	LastUsedFrom *string
}

func (h *house) show(t testing.TB, as http.Header, id int64) *shown {
	t.Helper()
	var s *shown
	h.good(t, as, "apiToken/get", fmt.Sprintf(`{"id":%d}`, id), &s)
	return s
}

func (h *house) list(t testing.TB, as http.Header) (all []shown) {
	t.Helper()
	h.good(t, as, "apiToken/list", `{}`, &all)
	return all
}

// told answers the events of that name in a tenant's record, whatever their time.
func (h *house) told(t testing.TB, in auth.Tenant, name string) []*account.Event {
	t.Helper()
	page, err := h.accounts.Events(context.Background(), in, account.EventQuery{
		Start: h.clock().Add(-1000 * 24 * time.Hour), End: h.clock().Add(1000 * 24 * time.Hour),
		Rules: []account.EventRule{{Field: "event", Op: "is", Values: []string{name}}},
	})
	must(t, err)
	return page.Events
}

func acme(t testing.TB, h *house) auth.Tenant { return tenant(t, h, auth.Enterprise, 1) }

// at sets the clock.
func (h *house) at(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = now
}

// together calls f n times at once and answers what each got.
func together(n int, f func(i int) reply) []reply {
	all := make([]reply, n)
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	ready.Add(n)
	for i := range n {
		done.Go(func() {
			ready.Done()
			<-start
			all[i] = f(i)
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
	return all
}

// textIn answers the token in a result, or "".
func textIn(r reply) string {
	var made struct{ Token string }
	_ = json.Unmarshal(r.Result, &made)
	return made.Token
}

// claimsOf reads a token's claims.
func claimsOf(t testing.TB, text string) map[string]any {
	t.Helper()
	return part(t, text, 1)
}

func part(t testing.TB, text string, i int) (out map[string]any) {
	t.Helper()
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		t.Fatalf("%d parts in a token", len(parts))
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[i])
	must(t, err)
	must(t, json.Unmarshal(b, &out))
	return out
}
