package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/portico-vco/portico/auth/secret"
)

// A shelf is credentials as the vault keeps them, as far as their keys go. It rewraps two at a time.
type shelf struct {
	ring  func() (*secret.Keyring, error)
	all   []secret.Envelope
	steps int
	dies  int              // the step that fails; none when 0
	late  *secret.Envelope // comes in behind the last step
}

var errDied = errors.New("cut off")

func (s *shelf) KeysInUse(context.Context) (ids []string, err error) {
	for _, e := range s.all {
		if !slices.Contains(ids, e.KeyID) {
			ids = append(ids, e.KeyID)
		}
	}
	return ids, nil
}

func (s *shelf) Rewrap(context.Context) (more bool, err error) {
	s.steps++
	if s.steps == s.dies {
		return false, errDied
	}
	ring, err := s.ring()
	if err != nil {
		return false, err
	}
	n := 0
	for i, e := range s.all {
		rewrapped, changed, lost := ring.Rewrap(fmt.Sprint(i), e)
		err = errors.Join(err, lost)
		if !changed {
			continue
		}
		if n++; n > 2 {
			return true, err
		}
		s.all[i] = rewrapped
	}
	if s.late != nil {
		s.all, s.late = append(s.all, *s.late), nil
	}
	return false, err
}

func (s *shelf) put(t testing.TB) {
	t.Helper()
	ring, err := s.ring()
	if err != nil {
		t.Fatal(err)
	}
	e, err := ring.Seal(fmt.Sprint(len(s.all)), "canary")
	if err != nil {
		t.Fatal(err)
	}
	s.all = append(s.all, e)
}

// open is how many of the shelf open with the newest key alone.
func (s *shelf) open(t testing.TB, v *vaultKeys) (n int) {
	t.Helper()
	files, err := v.load()
	if err != nil {
		t.Fatal(err)
	}
	ring, err := ringOf(files[len(files)-1:])
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range s.all {
		if text, err := ring.Open(fmt.Sprint(i), e); err == nil && text == "canary" {
			n++
		}
	}
	return n
}

func newShelf(t testing.TB) (*shelf, *vaultKeys) {
	t.Helper()
	v := newVaultKeys(t)
	rotated(t, v)
	return &shelf{ring: v.ring}, v
}

func rotated(t testing.TB, v *vaultKeys) string {
	t.Helper()
	key, err := v.add()
	if err != nil {
		t.Fatal(err)
	}
	return key.ID()
}

// Whatever step a rewrapping is cut off at, the next one goes on from there; and in the end no older key is needed, which is told.
func TestRewrapping(t *testing.T) {
	t.Parallel()
	for dies := range 5 { // before the first rotation has any effect, and at each step
		s, v := newShelf(t)
		for range 3 {
			s.put(t)
		}
		rotated(t, v)
		for range 3 {
			s.put(t)
		}
		rotated(t, v) // two older keys
		s.put(t)
		s.dies = dies
		var log strings.Builder
		for try := range 2 { // each try is a start of the portal
			r := &rewrapping{ring: v.ring, credentials: s, log: zerolog.New(&log), now: time.Now}
			err := r.run(t.Context())
			if died := try == 0 && dies > 0 && dies <= 3; died != errors.Is(err, errDied) || !died && err != nil {
				t.Fatalf("step %d dies: start %d: %v", dies, try, err)
			}
			if try == 0 && dies == 2 && s.open(t, v) != 3 {
				t.Errorf("after one step %d open with the newest key, want 2 and the one that was under it", s.open(t, v))
			}
		}
		if n := s.open(t, v); n != len(s.all) {
			t.Errorf("step %d dies: %d of %d open with the newest key alone", dies, n, len(s.all))
		}
		if n := strings.Count(log.String(), "no credential needs an older vault key any more"); n != 1 {
			t.Errorf("step %d dies: the end was told %d times:\n%s", dies, n, log.String())
		}
	}
}

// A portal that serves rewraps when there is a new key, looks again each hour for what was sealed under the older one in between,
// and is idle else.
func TestRewrappingFollows(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s, v := newShelf(t)
	s.put(t)
	var log strings.Builder
	r := &rewrapping{ring: v.ring, credentials: s, log: zerolog.New(&log), now: func() time.Time { return now }}
	run := func(steps, open int) {
		t.Helper()
		s.steps = 0
		if err := r.run(t.Context()); err != nil || s.steps != steps || s.open(t, v) != open {
			t.Errorf("%d steps, %d open with the newest key, %v; want %d and %d\n%s", s.steps, s.open(t, v), err, steps, open, log.String())
		}
	}
	run(0, 1)
	older, err := v.ring()
	if err != nil {
		t.Fatal(err)
	}
	late, err := older.Seal("1", "canary") // by a call that begins before the rotation and ends behind the rewrapping
	if err != nil {
		t.Fatal(err)
	}
	s.late = &late
	rotated(t, v)
	run(1, 1)
	if strings.Contains(log.String(), "no credential needs") {
		t.Errorf("the older key is said to be needed no more:\n%s", log.String())
	}
	run(0, 1)
	now = now.Add(rewrapEvery - time.Second)
	run(0, 1)
	now = now.Add(time.Second)
	run(1, 2)
	if !strings.Contains(log.String(), "no credential needs") {
		t.Errorf("nothing is said of the end:\n%s", log.String())
	}

	for range 4 {
		s.put(t)
	}
	damaged := &s.all[0]
	damaged.Key = s.all[1].Key
	rotated(t, v)
	log.Reset()
	s.steps = 0
	if err := r.run(t.Context()); !errors.Is(err, secret.ErrSealed) || s.open(t, v) != 5 || s.steps != 3 {
		t.Errorf("one of six is damaged: %v, %d open with the newest key after %d steps", err, s.open(t, v), s.steps)
	}
	if strings.Contains(log.String(), "no credential needs") {
		t.Errorf("the older key is said to be needed no more:\n%s", log.String())
	}
	run(0, 5) // it is tried again in an hour
}

// A portal starts when it has the keys that its credentials need, and says which files are missing when not.
func TestVaultKeysInUse(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		keys    int   // that are there
		used    []int // those of them that are needed
		foreign string
		want    string // of the refusal
	}{
		"made before there were any": {0, nil, "", ""},
		"nothing is sealed":          {2, nil, "", ""},
		"it is there":                {1, []int{0}, "", ""},
		"all are there":              {3, []int{0, 2}, "", ""},
		"one is gone":                {2, []int{1}, "0123456789abcdef", `"vault-*-0123456789abcdef.key"`},
		"all are gone":               {0, nil, "0123456789abcdef", `"vault-*-0123456789abcdef.key"`},
		"nonsense is named":          {1, nil, "a\nb", `"vault-*-a\nb.key"`},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVaultKeys(t)
			var ids, used []string
			for range c.keys {
				ids = append(ids, rotated(t, v))
			}
			for _, i := range c.used {
				used = append(used, ids[i])
			}
			if c.foreign != "" {
				used = append(used, c.foreign)
			}
			err := v.have(used)
			if (err == nil) != (c.want == "") || err != nil && (!strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "backup")) {
				t.Errorf("%v, want %q", err, c.want)
			}
			files, err := v.load()
			want := c.keys
			if c.want == "" {
				want = max(want, 1) // there is always one, but none is made in place of a lost one
			}
			if err != nil || len(files) != want {
				t.Errorf("%d keys, %v", len(files), err)
			}
		})
	}
}
