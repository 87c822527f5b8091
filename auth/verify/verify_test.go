package verify_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/auth/verify"
)

// A directory answers what a test tells it to, and keeps what it was asked.
type directory struct {
	host  string
	mu    sync.Mutex
	asked []string
	now   int // attempts under way
	most  int
	reply func(ctx context.Context, password secret.Text) (verify.Outcome, error)
}

func (d *directory) Address() string { return cmp.Or(d.host, "directory.example:636") }

func (d *directory) Account(name string) (string, bool) {
	return strings.ToLower(name), name != "impossible"
}

func (d *directory) Verify(ctx context.Context, name string, password secret.Text) (verify.Outcome, error) {
	d.mu.Lock()
	d.asked = append(d.asked, name)
	d.now++
	d.most = max(d.most, d.now)
	d.mu.Unlock()
	defer func() { d.mu.Lock(); d.now--; d.mu.Unlock() }()
	return d.reply(ctx, password)
}

func (d *directory) questions() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.asked)
}

// knows lets in whoever has the password right.
func knows(ctx context.Context, password secret.Text) (verify.Outcome, error) {
	if password == "right" {
		return verify.OK, nil
	}
	return verify.Invalid, nil
}

// configs are the configurations of tenants, by number.
type configs map[int64]string

func (c configs) VerifierConfig(_ context.Context, in auth.Tenant) (string, error) {
	return c[in.ID], nil
}

func open(t *testing.T, d *directory, told func(verify.Asked)) verify.Verifier {
	t.Helper()
	v := verify.New(configs{1: `{"kind":"test"}`}, verify.Options{Kinds: kinds(d), Told: told})
	one, err := v.Of(t.Context(), auth.Tenant{Type: auth.Enterprise, ID: 1})
	if err != nil {
		t.Fatal(err)
	}
	return one
}

func kinds(d *directory) map[string]verify.Kind {
	return map[string]verify.Kind{"test": func(config []byte) (verify.Directory, error) {
		if !json.Valid(config) || strings.Contains(string(config), "bad") {
			return nil, errors.New("bad is not allowed")
		}
		return d, nil
	}}
}

func ask(t *testing.T, v verify.Verifier, name, password string) string {
	t.Helper()
	o, err := v.Verify(t.Context(), name, secret.Text(password))
	var refused *auth.Error
	if errors.As(err, &refused) {
		if o != "" {
			t.Errorf("%s came with the refusal %v", o, err)
		}
		return fmt.Sprintf("%v after %v", refused.Kind == auth.Busy, refused.After)
	}
	return string(o)
}

func TestThrottle(t *testing.T) {
	const refused = "true after "
	for _, c := range []struct {
		name  string
		steps string // name/password>answer, or +duration
	}{
		{"the third wrong password is not sent", "a/no>INVALID a/no>INVALID a/no>" + refused + "30m0s"},
		{"nor is a right one then", "a/no>INVALID a/no>INVALID a/right>" + refused + "30m0s"},
		{"a good answer clears", "a/no>INVALID a/right>OK a/no>INVALID a/no>INVALID a/no>" + refused + "30m0s"},
		{"but not what another name failed with", "a/no>INVALID A/right>OK a/no>INVALID a/right>" + refused + "30m0s"},
		{"letter case is one account", "a/no>INVALID A/no>INVALID a/no>" + refused + "30m0s"},
		{"another account is another", "a/no>INVALID a/no>INVALID b/no>INVALID b/right>OK"},
		{"it counts from the last", "a/no>INVALID +29m a/no>INVALID +29m a/right>" + refused + "1m0s"},
		{"and is forgotten", "a/no>INVALID a/no>INVALID +30m a/no>INVALID a/no>INVALID a/no>" + refused + "30m0s"},
		{"what cannot be right is not counted", "a/>INVALID a/nul>INVALID a/long>INVALID impossible/no>INVALID a/no>INVALID a/no>INVALID a/no>" + refused + "30m0s"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &directory{reply: knows}
				v := open(t, d, nil)
				expected := 0
				for _, step := range strings.Fields(strings.ReplaceAll(c.steps, refused, "true_after_")) {
					if wait, ok := strings.CutPrefix(step, "+"); ok {
						long, _ := time.ParseDuration(wait)
						time.Sleep(long)
						continue
					}
					call, want, _ := strings.Cut(step, ">")
					name, password, _ := strings.Cut(call, "/")
					switch password {
					case "nul":
						password = "right\x00"
					case "long":
						password = strings.Repeat("x", 257)
					case "no", "right":
						if name != "impossible" && !strings.HasPrefix(want, "true") {
							expected++
						}
					}
					if got := ask(t, v, name, password); got != strings.ReplaceAll(want, "_", " ") {
						t.Errorf("%s: %s, want %s", step, got, want)
					}
				}
				if d.questions() != expected {
					t.Errorf("the directory was asked %d times, want %d", d.questions(), expected)
				}
			})
		})
	}
}

// Every answer but OK may have been counted by the directory; an attempt that never reached it was not.
func TestWhatIsCounted(t *testing.T) {
	gone := errors.New("gone")
	for _, c := range []struct {
		outcome verify.Outcome
		err     error
		counted bool
	}{
		{verify.Invalid, nil, true}, {verify.Disabled, nil, true}, {verify.Locked, nil, true}, {verify.Expired, nil, true},
		{verify.MustChange, nil, true}, {verify.Unavailable, gone, true},
		{verify.Unavailable, fmt.Errorf("%w: %w", verify.ErrNotAsked, gone), false}, {verify.OK, nil, false},
	} {
		d := &directory{reply: func(context.Context, secret.Text) (verify.Outcome, error) { return c.outcome, c.err }}
		v := open(t, d, nil)
		for range 4 {
			v.Verify(t.Context(), "a", "x")
		}
		if want := map[bool]int{true: 2, false: 4}[c.counted]; d.questions() != want {
			t.Errorf("%s (%v): the directory was asked %d times, want %d", c.outcome, c.err, d.questions(), want)
		}
	}
}

func TestOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &directory{reply: func(context.Context, secret.Text) (verify.Outcome, error) {
			time.Sleep(time.Second)
			return verify.Invalid, nil
		}}
		v := open(t, d, nil)
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() { v.Verify(t.Context(), "a", "x") })
		}
		all.Go(func() { v.Verify(t.Context(), "b", "x") })
		all.Wait()
		if d.questions() != 3 || d.most != 2 {
			t.Errorf("%d attempts, %d at once; want 2 for one account and 1 for the other, one at a time each", d.questions(), d.most)
		}
	})
}

// A silent directory keeps nobody for longer than five seconds, neither whom it was asked about nor who waits for his turn.
func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &directory{reply: func(ctx context.Context, _ secret.Text) (verify.Outcome, error) {
			<-ctx.Done()
			return verify.Unavailable, ctx.Err()
		}}
		v := open(t, d, nil)
		began := time.Now()
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() { v.Verify(t.Context(), "a", "x") })
		}
		all.Wait()
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("it took %v, want 5 s", took)
		}
	})
}

// Who hangs up in the middle of an attempt has made it.
func TestHangingUpCounts(t *testing.T) {
	d := &directory{reply: func(ctx context.Context, _ secret.Text) (verify.Outcome, error) {
		<-ctx.Done()
		return verify.Unavailable, ctx.Err()
	}}
	v := open(t, d, nil)
	for range 5 {
		ctx, hangUp := context.WithTimeout(t.Context(), time.Millisecond)
		v.Verify(ctx, "a", "x")
		hangUp()
	}
	if d.questions() != 2 {
		t.Errorf("the directory was asked %d times, want 2", d.questions())
	}
}

// The directory begins to count when it has the password, which may be seconds after the attempt began.
func TestForgottenAfterTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &directory{reply: func(context.Context, secret.Text) (verify.Outcome, error) {
			time.Sleep(4 * time.Second)
			return verify.Invalid, nil
		}}
		v := open(t, d, nil)
		ask(t, v, "a", "no")
		ask(t, v, "a", "no")
		time.Sleep(30*time.Minute - time.Second)
		if got := ask(t, v, "a", "no"); got != "true after 1s" {
			t.Errorf("a second too early: %s", got)
		}
		time.Sleep(time.Second)
		if got := ask(t, v, "a", "no"); got != "INVALID" {
			t.Errorf("afterwards: %s", got)
		}
	})
}

// The memory of the throttle is bounded, and what does not find room is counted all the same.
func TestManyAccounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &directory{reply: knows}
		v := open(t, d, nil)
		for i := range 16384 {
			ask(t, v, fmt.Sprint("user", i), "no")
		}
		for _, step := range []struct{ name, want string }{
			{"one more", "INVALID"}, {"mine", "OK"}, {"another", "INVALID"}, {"mine", "true after 30m0s"}, {"a third", "true after 30m0s"},
			{"user7", "INVALID"},
		} {
			password := "no"
			if step.name == "mine" {
				password = "right"
			}
			if got := ask(t, v, step.name, password); got != step.want {
				t.Errorf("%s: %s, want %s", step.name, got, step.want)
			}
		}
		time.Sleep(30 * time.Minute)
		for range 2 {
			if got := ask(t, v, "a third", "no"); got != "INVALID" {
				t.Errorf("when the others are forgotten: %s", got)
			}
		}
		if got := ask(t, v, "a fourth", "right"); got != "OK" {
			t.Errorf("beside the third: %s", got)
		}
	})
}

// Very many accounts of one directory take no room from those of another.
func TestManyAccountsOfAnother(t *testing.T) {
	d, other := &directory{reply: knows}, &directory{host: "other.example:636", reply: knows}
	v := verify.New(configs{1: `{"kind":"test"}`, 2: `{"kind":"other"}`}, verify.Options{Kinds: map[string]verify.Kind{
		"test":  func([]byte) (verify.Directory, error) { return d, nil },
		"other": func([]byte) (verify.Directory, error) { return other, nil },
	}})
	of := func(id int64) verify.Verifier {
		one, err := v.Of(t.Context(), auth.Tenant{Type: auth.Enterprise, ID: id})
		if err != nil {
			t.Fatal(err)
		}
		return one
	}
	for i := range 16384 {
		ask(t, of(1), fmt.Sprint("user", i), "no")
	}
	for _, name := range []string{"a", "b", "c"} {
		if got := ask(t, of(2), name, "no"); got != "INVALID" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestOf(t *testing.T) {
	d := &directory{reply: knows}
	all := kinds(d)
	all["ldap"] = all["test"] // the kind where none is named
	v := verify.New(configs{
		1: `{}`, 2: `{"kind":"none"}`, 3: `{"kind":"test"}`, 4: `{"kind":"test","bad":1}`, 5: `{"kind":"smb"}`, 6: `[]`,
		7: `null`, 8: `{"kind":"none","url":"x"}`, 9: `{"url":"x"}`, 10: ``, 11: `{"kind":1}`,
	}, verify.Options{Kinds: all})
	for id, want := range map[int64]string{
		1: "no verifier is configured: an operator sets one in the property portico.verifier", 2: "UNVERIFIED", 3: "OK", 4: "bad is not allowed", 5: `there is no such verifier of kind "smb"`,
		6: "is not a JSON object", 7: "is not a JSON object", 8: "kind none has no other members", 9: "OK",
		10: "is not a JSON object", 11: "kind is not a string",
	} {
		got := ""
		if one, err := v.Of(t.Context(), auth.Tenant{ID: id}); err != nil {
			got = err.Error()
		} else {
			got = ask(t, one, "a", "right")
		}
		if got != want {
			t.Errorf("%d: %s, want %s", id, got, want)
		}
	}
	if err := v.Check(`{}`); err != nil {
		t.Errorf("none at all: %v", err)
	}
	if err := v.Check(`{"kind":"smb"}`); err == nil {
		t.Error("an unknown kind is not refused")
	}
}

// The log learns of an attempt how it ended, and never whose it was.
func TestTold(t *testing.T) {
	gone := errors.New("gone")
	d := &directory{reply: func(context.Context, secret.Text) (verify.Outcome, error) { return verify.Unavailable, gone }}
	var told []verify.Asked
	v := open(t, d, func(a verify.Asked) { told = append(told, a) })
	ask(t, v, "a", "")
	ask(t, v, "a", "secret")
	if len(told) != 1 || told[0].Address != "directory.example:636" || told[0].Outcome != verify.Unavailable || told[0].Err != gone {
		t.Errorf("told %+v", told)
	}
}
