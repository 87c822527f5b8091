package main

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// A verdict is what a portal said.
type verdict int

const (
	nothing verdict = iota // or what says neither yes nor no
	yes
	no
)

func (v verdict) String() string { return [...]string{"nothing", "yes", "no"}[v] }

// useToken is an act besides the moves of a token: a call that it is given with.
const useToken = "USE"

// An asked is something that was asked of a portal about a token, and the answer.
type asked struct {
	what         string // downloadToken, revokeToken or useToken
	at           int    // which portal
	began, ended time.Duration
	told         verdict
}

func (a asked) String() string {
	return fmt.Sprintf("%10v to %10v  %s at portal %d: %v", a.began.Round(time.Microsecond), a.ended.Round(time.Microsecond), a.what, a.at, a.told)
}

// A history is what was asked about one token by clients that do not wait for each other.
type history struct {
	name string
	mu   sync.Mutex
	all  []asked
}

func (h *history) add(a asked) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, a)
}

// staleness is how long a portal may take a token for what it is no more: the bound that store/etcd promises, with nothing added.
const staleness = 2 * time.Second

// The life of a token, as the model has it.
const (
	isPending = iota
	isEnabled
	isRevoked
)

// life is what all portals together must make believe of the moves: that there is one token, each of whose moves happens once, at a
// moment between its call and its answer.
var life = porcupine.Model{
	Init: func() any { return isPending },
	Step: func(state, what, told any) (bool, any) { return step(state.(int), what.(string), told.(verdict)) },
}

func step(state int, what string, told verdict) (possible bool, after int) {
	may, after := state == isPending, isEnabled
	if what == revokeToken {
		may, after = state != isRevoked, isRevoked
	}
	switch {
	case told == nothing && may: // and if it did not happen: it may still, after everything else
		return true, after
	case told == nothing:
		return true, state
	case told == yes:
		return may, after
	}
	return !may, state
}

// moves are the moves of the history in porcupine's words. Of those of a kind that had no answer the first to begin stands for all: what
// became of any of them may have become of it.
func (h *history) moves() (all []porcupine.Operation) {
	open := map[string]porcupine.Operation{}
	for _, a := range h.all {
		o := porcupine.Operation{Input: a.what, Output: a.told, Call: int64(a.began), Return: int64(a.ended)}
		switch before, has := open[a.what]; {
		case a.what == useToken:
		case a.told != nothing:
			all = append(all, o)
		case !has || o.Call < before.Call:
			o.Return = math.MaxInt64
			open[a.what] = o
		}
	}
	return slices.AppendSeq(all, maps.Values(open))
}

// wrong says what is wrong with the history; "" when nothing is.
func (h *history) wrong() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if r := porcupine.CheckOperationsTimeout(life, h.moves(), 20*time.Second); r != porcupine.Ok {
		return fmt.Sprintf("no token lived so (%v)", r)
	}
	if a := h.stale(); a != nil {
		return fmt.Sprint("staler than is allowed: ", a)
	}
	if a := h.relapse(); a != nil {
		return fmt.Sprint("a portal that knew better: ", a)
	}
	return ""
}

// never is after everything.
const never = time.Duration(math.MaxInt64)

// first is when the first of some calls ended, or began where that is asked for.
func (h *history) first(fits func(asked) bool, began bool) time.Duration {
	at := never
	for _, a := range h.all {
		if fits(a) && began {
			at = min(at, a.began)
		} else if fits(a) {
			at = min(at, a.ended)
		}
	}
	return at
}

// stale finds a use that was answered by a state of the token which had ended more than staleness before the call.
func (h *history) stale() *asked {
	enabled := h.first(func(a asked) bool { return a.what == downloadToken && a.told == yes }, false)
	toRevoke := h.first(func(a asked) bool { return a.what == revokeToken }, true)
	late := func(a asked, known time.Duration) bool { return known != never && a.began > known+staleness }
	revoked := h.first(func(a asked) bool { // who asks may be told before who revokes
		return a.what == revokeToken && a.told != nothing || a.what == useToken && a.told == no && late(a, enabled)
	}, false)
	for _, a := range h.all {
		if a.what == useToken && (a.told == yes && late(a, revoked) || a.told == no && late(a, enabled) && a.ended < toRevoke) {
			return &a
		}
	}
	return nil
}

// relapse finds a yes of a portal that had refused the token after it was to be revoked. What a portal has seen it does not forget,
// also when it starts again.
func (h *history) relapse() *asked {
	revoked := h.first(func(a asked) bool { return a.what == revokeToken }, true)
	refused := map[int]time.Duration{} // by portal, when it first had
	for _, a := range h.all {
		if a.what == useToken && a.told == no && a.began > revoked {
			if at, has := refused[a.at]; !has || a.ended < at {
				refused[a.at] = a.ended
			}
		}
	}
	for _, a := range h.all {
		if at, has := refused[a.at]; has && a.what == useToken && a.told == yes && a.began > at {
			return &a
		}
	}
	return nil
}

// delays answers how long after the answer to its revocation the token was still good, for each portal that refused it then.
func (h *history) delays() map[int]time.Duration {
	all := map[int]time.Duration{}
	revoked := h.first(func(a asked) bool { return a.what == revokeToken && a.told == yes }, false)
	for _, a := range h.all {
		if a.what == useToken && a.told == no && a.ended > revoked {
			d := max(0, a.began-revoked)
			if before, has := all[a.at]; !has || d < before {
				all[a.at] = d
			}
		}
	}
	return all
}

func (h *history) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	slices.SortFunc(h.all, func(a, b asked) int { return cmp.Compare(a.began, b.began) })
	var s strings.Builder
	fmt.Fprintf(&s, "token %s\n", h.name)
	for _, a := range h.all {
		fmt.Fprintln(&s, a)
	}
	return s.String()
}

// TestHistories: what no single token can have lived through is found, and nothing else is. A line is what was asked, at which
// portal, from when to when in tenths of a second, and what was told.
func TestHistories(t *testing.T) {
	for name, c := range map[string]struct {
		lines string
		ok    bool
	}{
		"a life":                                        {"D0 1-2 yes, U1 3-4 yes, R2 5-6 yes, U0 7-8 no, U1 7-8 no", true},
		"two downloads at once, one wins":               {"D0 1-4 yes, D1 2-3 no", true},
		"two downloads that both win":                   {"D0 1-4 yes, D1 2-3 yes", false},
		"a download after one without an answer":        {"D0 1-2 nothing, D1 3-4 yes", true},
		"one refused after one without an answer":       {"D0 1-2 nothing, D1 3-4 no, U0 30-31 yes", true},
		"two refused, and none that can have won":       {"D0 1-2 no, D1 1-2 no", false},
		"one refused before the one that wins":          {"D0 1-2 no, D1 3-4 yes", false},
		"a download after a revocation":                 {"R0 1-2 yes, D1 3-4 yes", false},
		"a download beside a revocation":                {"R0 1-4 yes, D1 2-3 yes", true},
		"two revocations, one wins":                     {"R0 1-4 yes, R1 2-3 no", true},
		"two revocations that both win":                 {"R0 1-4 yes, R1 2-3 yes", false},
		"a revocation without an answer that never was": {"D0 1-2 yes, R0 3-4 nothing, U1 90-91 yes", true},
		"one that came late":                            {"D0 1-2 yes, R0 3-4 nothing, U1 90-91 yes, U1 92-93 no", true},
		"a use that is a little stale":                  {"D0 1-2 yes, R0 3-4 yes, U1 24-25 yes", true},
		"a use that is too stale":                       {"D0 1-2 yes, R0 3-4 yes, U1 5-6 yes, U1 25-26 yes, U1 27-28 no", false},
		"too stale beside one that is not":              {"D0 1-2 yes, R0 3-4 yes, U1 25-26 no, U2 25-26 yes", false},
		"refused for a little too long":                 {"D0 1-2 yes, U1 21-22 no, U1 23-24 yes", true},
		"refused for much too long":                     {"D0 1-2 yes, U1 23-24 no, U1 25-26 yes", false},
		"two that differ on one that came late":         {"D0 1-2 yes, R0 3-4 nothing, U1 30-31 no, U2 52-53 yes", false},
		"many revocations without an answer":            {"D0 1-2 yes, R0 3-4 nothing, R1 5-6 nothing, R2 7-8 nothing, R0 9-9 nothing, U0 9-9 no, R0 10-11 no", true},
		"a portal that forgets":                         {"D0 1-2 yes, R0 3-4 yes, U1 5-6 no, U1 7-8 yes", false},
		"portals that differ":                           {"D0 1-2 yes, R0 3-4 yes, U1 5-6 no, U2 7-8 yes, U2 9-10 no", true},
	} {
		if found := readHistory(t, c.lines).wrong(); (found == "") != c.ok {
			t.Errorf("%s (%s): %q", name, c.lines, found)
		}
	}
}

func readHistory(t *testing.T, lines string) *history {
	h := &history{}
	for line := range strings.SplitSeq(lines, ", ") {
		var a asked
		var what rune
		var told string
		if _, err := fmt.Sscanf(line, "%c%d %d-%d %s", &what, &a.at, &a.began, &a.ended, &told); err != nil {
			t.Fatal(line, err)
		}
		a.began, a.ended = a.began*100*time.Millisecond, a.ended*100*time.Millisecond
		a.what = map[rune]string{'D': downloadToken, 'R': revokeToken, 'U': useToken}[what]
		a.told = map[string]verdict{"nothing": nothing, "yes": yes, "no": no}[told]
		h.add(a)
	}
	return h
}
