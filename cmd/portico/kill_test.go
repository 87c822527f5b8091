package main

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"
)

// kills is how often a test kills a portal: a few times, or as often as PORTICO_TEST_KILLS says.
func kills(few int) int {
	if n, err := strconv.Atoi(os.Getenv("PORTICO_TEST_KILLS")); err == nil {
		return n
	}
	return few
}

// slow skips what takes its time, unless PORTICO_TEST_KILLS says how much of it is wanted.
func slow(t *testing.T) {
	t.Helper()
	if os.Getenv("PORTICO_TEST_KILLS") == "" {
		t.Skip("it takes its time: make slow runs it")
	}
}

// newChance says what it begins with, which PORTICO_TEST_SEED may be. The moments of kills it does not decide alone.
func newChance(t *testing.T) *rand.Rand {
	seed, err := strconv.ParseUint(os.Getenv("PORTICO_TEST_SEED"), 10, 64)
	if err != nil {
		seed = rand.Uint64()
	}
	t.Logf("PORTICO_TEST_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 1))
}

const (
	writers   = 16
	leastAcks = 50 // from one kill to the next
)

// A crash is a portal that is made to end, again and again, and what its clients know.
type crash struct {
	*ledger
	dir    string
	p      *process
	chance *rand.Rand
}

func newCrash(t *testing.T, dir string) *crash {
	t.Helper()
	p := serving(t, demoArgs(dir, "--plain-http", "--log-level", "warn")...)
	c := &crash{
		ledger: openLedger(t, p, writers), dir: dir, p: p, chance: newChance(t),
	}
	c.keepHead()
	return c
}

// writeUntil lets all write, ends the portal when enough was answered and some more time has passed, and waits for them.
func (c *crash) writeUntil(end func()) {
	var writing sync.WaitGroup
	enough := c.acked.Load() + leastAcks
	for _, w := range c.writers {
		chance := rand.New(rand.NewPCG(c.chance.Uint64(), 2))
		writing.Go(func() { c.write(w, chance) })
	}
	for begun := time.Now(); c.acked.Load() < enough; time.Sleep(time.Millisecond) {
		if time.Since(begun) > 20*time.Second {
			c.t.Errorf("only %d changes in 20 seconds\n%s", c.acked.Load()-enough+leastAcks, c.p.stderr.String())
			break
		}
	}
	time.Sleep(time.Duration(c.chance.IntN(40_000)) * time.Microsecond)
	end()
	writing.Wait()
}

func (c *crash) kill() {
	_ = c.p.cmd.Process.Kill()
	c.p.wait()
}

// again starts the portal, now and then after a start that is cut off too, and checks what is there.
func (c *crash) again() {
	c.t.Helper()
	args := serveArgs(c.dir, "--plain-http", "--log-level", "warn")
	if c.chance.IntN(5) == 0 {
		interrupted(c.t, time.Duration(c.chance.IntN(200))*time.Millisecond, args...)
	}
	c.p = serving(c.t, args...)
	c.serves(c.p)
	c.check()
	c.keepHead()
}

// checkFile lets portico check look at the portal that does not run.
func (c *crash) checkFile() {
	c.t.Helper()
	if status, out, errs := runHere(c.t, nil, "", "check", "--data", c.dir, "--head", c.head); status != exitOK {
		c.t.Errorf("portico check: exit status %d\n%s%s", status, out, errs)
	}
}

// Whenever the portal is killed, what was answered is there, whole, and nothing else.
func TestKillWhileWriting(t *testing.T) {
	t.Parallel()
	c := newCrash(t, filepath.Join(t.TempDir(), "data"))
	begun, n := time.Now(), kills(4)
	for i := 1; i <= n && !t.Failed(); i++ {
		c.writeUntil(c.kill)
		if n-i < 2 || i%10 == 0 { // it takes longer with each
			c.checkFile()
		}
		c.again()
	}
	c.checkAll()
	c.p.stop()
	t.Logf("%d kills in %v: %d changes were answered, and %d events seen", n, time.Since(begun).Round(time.Second), c.acked.Load(), c.lastSeen)
}
