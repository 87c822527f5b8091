package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/portico-vco/portico/store/etcd/etcdtest"
)

const (
	portals        = 3
	clusterWriters = 6
	chasers        = 2
)

// A site is where one of the portals is.
type site struct {
	args       []string
	ops        string
	p          *process
	yes, wrote meter
}

// A meter measures the longest time without something.
type meter struct {
	mu      sync.Mutex
	last    time.Time
	longest time.Duration
	n       int
}

func (m *meter) tick() {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	m.n, m.last, m.longest = m.n+1, now, max(m.longest, now.Sub(m.last))
}

// take answers what was measured, and begins anew.
func (m *meter) take() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	d := m.longest
	m.longest, m.n, m.last = 0, 0, time.Now()
	return d
}

func (m *meter) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.n
}

// A cluster is three portals over three members of etcd, the load on them, and what its clients know.
type cluster struct {
	*ledger
	whole     *testing.T // of which each ordeal is a part
	etcd      *etcdtest.Cluster
	client    *clientv3.Client
	disk      string // which member 0 has alone, and is small; "" where none can be made
	sites     []*site
	first     string // the data folder of the first portal
	chaser    header // of whose record the ledger reads nothing
	began     time.Time
	chance    *rand.Rand
	enough    int64 // changes, before, during and after what happens
	load      sync.WaitGroup
	mu        sync.Mutex
	histories []*history
	chased    int
}

// newCluster starts everything. The clocks of the portals are 5 seconds apart.
func newCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{whole: t, began: time.Now(), chance: newChance(t), enough: 100}
	if testing.Short() {
		c.enough = 50
	}
	dirs := []string{t.TempDir(), t.TempDir(), t.TempDir()}
	c.mount(t, dirs[0])
	for i := range dirs {
		dirs[i] = filepath.Join(dirs[i], "etcd")
	}
	c.etcd = etcdtest.StartCluster(t, portals, dirs...)
	c.client = c.etcd.Client(t)
	c.first = filepath.Join(t.TempDir(), "0")
	for i := range portals {
		c.addSite(t, i)
	}
	c.ledger = openLedger(t, c.sites[0].p, clusterWriters)
	for name, value := range map[string]string{
		"portico.apiToken.maxPerUser": "1000",
		"network.public.address":      "portal.example", // access tokens name it
	} {
		c.must(new(any), c.super, "systemProperty/insertOrUpdateSystemProperty", `{"name":%q,"value":%q}`, name, value)
	}
	c.chaser = withToken(c.sites[0].p.newToken("chaser", c.sites[0].p.mustLogin("admin@northwind.example", demoPassword)))
	c.serves(c.sites[0].p, c.sites[1].p, c.sites[2].p)
	c.recovered()
	c.keepHead()
	return c
}

// mount makes a small disk of a folder, if that is allowed.
func (c *cluster) mount(t *testing.T, dir string) {
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=128m"); err != nil {
		return
	}
	c.disk = dir
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
}

// addSite starts a portal. The first one makes the store, and the others have its keys.
func (c *cluster) addSite(t *testing.T, i int) {
	t.Helper()
	dir := filepath.Join(filepath.Dir(c.first), fmt.Sprint(i))
	s := &site{ops: etcdtest.Address(t)}
	s.args = []string{
		fmt.Sprintf("%s=%ds", testClock, 5*(i-1)), "serve", "--data", dir, "--plain-http", "--log-level", "warn",
		"--listen", etcdtest.Address(t), "--ops-listen", s.ops, "--store", "etcd://" + strings.Join(c.etcd.Endpoints(i), ",") + "/portico",
	}
	first := s.args
	if i == 0 {
		first = append([]string{"PORTICO_OPERATOR_PASSWORD=" + operatorPassword, "PORTICO_DEMO_PASSWORD=" + demoPassword}, append(s.args, "--demo")...)
	} else {
		copyTree(t, folder(c.first).keys(), folder(dir).keys())
	}
	s.p = serving(t, first...)
	c.sites = append(c.sites, s)
}

// until waits for something.
func (c *cluster) until(what string, f func() bool) {
	c.t.Helper()
	for end := time.Now().Add(patience); !f(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			for i, s := range c.sites {
				c.t.Logf("portal %d said: %s", i, s.p.stderr.String())
			}
			c.t.Fatalf("it never happened: %s", what)
		}
	}
}

// ready asks a portal whether it can serve.
func (s *site) ready() (status int, text string) {
	res, err := http.Get("http://" + s.ops + "/readyz")
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	var b [500]byte
	n, _ := res.Body.Read(b[:])
	return res.StatusCode, string(b[:n])
}

// recovered waits until all portals say yes to everything again. By then each of them has seen everything that was acknowledged.
func (c *cluster) recovered() {
	c.t.Helper()
	for i, s := range c.sites {
		c.until(fmt.Sprintf("portal %d is ready", i), func() bool {
			status, _ := s.ready()
			return status == http.StatusOK
		})
		c.until(fmt.Sprintf("portal %d writes", i), func() bool { return c.touch(i) == nil })
	}
}

// touch changes something at a portal that the ledger does not look at.
func (c *cluster) touch(at int) error {
	return c.callAt(c.urls[at], new(any), c.super, "systemProperty/insertOrUpdateSystemProperty",
		fmt.Sprintf(`{"name":"pulse-%d","value":"%d"}`, at, time.Since(c.began)))
}

func (c *cluster) use(at int, as header) error {
	return c.callAt(c.urls[at], new(any), as, "auth/getCallerInfo", `{}`)
}

// refusing waits until portals cannot be sure, and looks at how they say so.
func (c *cluster) refusing(which ...int) {
	c.t.Helper()
	for _, i := range which {
		var status int
		var why string
		c.until(fmt.Sprintf("portal %d is not ready", i), func() bool {
			status, why = c.sites[i].ready()
			return status == http.StatusServiceUnavailable
		})
		if !strings.Contains(why, "no answer from etcd") {
			c.t.Errorf("/readyz of portal %d: %s", i, why)
		}
		for what, err := range map[string]error{"a use": c.use(i, c.chaser), "a change": c.touch(i)} {
			if err == nil || !strings.HasPrefix(err.Error(), "503") {
				c.t.Errorf("%s at portal %d, which does not know: %v", what, i, err)
			}
		}
	}
}

// writes waits until more was changed.
func (c *cluster) writes() {
	c.t.Helper()
	goal := c.acked.Load() + c.enough
	c.until("enough is written", func() bool { return c.acked.Load() >= goal })
}

// startLoad lets all of them work until stopLoad.
func (c *cluster) startLoad() {
	c.rest.Store(false)
	for _, w := range c.writers {
		chance := rand.New(rand.NewPCG(c.chance.Uint64(), 3))
		c.work(20*time.Millisecond, func() { c.write(w, chance) })
	}
	for i, s := range c.sites {
		c.work(10*time.Millisecond, func() {
			if c.use(i, c.chaser) == nil {
				s.yes.tick()
			}
		})
		c.work(20*time.Millisecond, func() {
			if c.touch(i) == nil {
				s.wrote.tick()
			}
		})
	}
	for range chasers {
		chance := rand.New(rand.NewPCG(c.chance.Uint64(), 4))
		c.work(20*time.Millisecond, func() { c.chase(chance) })
	}
}

// work does something again and again.
func (c *cluster) work(pause time.Duration, f func()) {
	c.load.Go(func() {
		for ; !c.rest.Load(); time.Sleep(pause) {
			f()
		}
	})
}

func (c *cluster) stopLoad() {
	c.rest.Store(true)
	c.load.Wait()
}

// chase makes a token, and asks for it at all portals at once, as long as it lives and a little longer.
func (c *cluster) chase(chance *rand.Rand) {
	c.mu.Lock()
	c.chased++
	h := &history{name: fmt.Sprintf("chased-%d", c.chased)}
	c.mu.Unlock()
	var made inserted
	if c.call(&made, c.chaser, "apiToken/create", fmt.Sprintf(`{"name":%q,"lifetimeMs":3600000}`, h.name)) != nil {
		return
	}
	ch := &chased{c: c, history: h, id: made.ID, revoked: make(chan struct{})}
	var all sync.WaitGroup
	if chance.IntN(5) == 0 {
		all.Go(ch.revoke)
	}
	ch.download()
	if ch.text != "" {
		for at := range portals {
			all.Go(func() { ch.follow(at) })
		}
		time.Sleep(time.Duration(chance.IntN(300)) * time.Millisecond)
	}
	ch.revoke()
	close(ch.revoked)
	all.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.histories = append(c.histories, h)
}

// A chased is a token that is asked for at all portals at once.
type chased struct {
	*history
	c       *cluster
	id      int64
	text    string
	revoked chan struct{} // closed when it is known to be
}

// ask asks something at a portal, and notes it.
func (ch *chased) ask(what string, at int, call func() error) verdict {
	a := asked{what: what, at: at, began: time.Since(ch.c.began)}
	err := call()
	a.ended = time.Since(ch.c.began)
	switch {
	case err == nil:
		a.told = yes
	case errors.Is(err, errRefused):
		a.told = no
	}
	ch.add(a)
	return a.told
}

// download asks all portals at once.
func (ch *chased) download() {
	var texts [portals]struct{ Token string }
	var all sync.WaitGroup
	for at := range portals {
		all.Go(func() {
			ch.ask(downloadToken, at, func() error {
				return ch.c.callAt(ch.c.urls[at], &texts[at], ch.c.chaser, "apiToken/download", fmt.Sprintf(`{"id":%d}`, ch.id))
			})
		})
	}
	all.Wait()
	for _, t := range texts {
		ch.text += t.Token // of more than one the history tells
	}
}

// revoke asks two portals at once, until one has answered.
func (ch *chased) revoke() {
	first := rand.IntN(portals)
	for {
		var told [2]verdict
		var both sync.WaitGroup
		for i := range told {
			both.Go(func() { told[i] = ch.revokeAt((first + i) % portals) })
		}
		both.Wait()
		if told[0] != nothing || told[1] != nothing || ch.c.t.Failed() {
			return
		}
		first++
		time.Sleep(20 * time.Millisecond)
	}
}

func (ch *chased) revokeAt(at int) verdict {
	return ch.ask(revokeToken, at, func() error {
		var out struct{ Rows int }
		err := ch.c.callAt(ch.c.urls[at], &out, ch.c.chaser, "apiToken/revoke", fmt.Sprintf(`{"id":%d}`, ch.id))
		if err == nil && out.Rows != 1 {
			ch.c.t.Errorf("portal %d does not find token %s, to revoke it", at, ch.name)
		}
		return err
	})
}

// follow uses the token at a portal until it was refused some times after it was revoked.
func (ch *chased) follow(at int) {
	pause := 20 * time.Millisecond
	for refused := 0; refused < 3 && !ch.c.t.Failed(); time.Sleep(pause) {
		over := false
		select {
		case <-ch.revoked:
			over, pause = true, 2*time.Millisecond
		default:
		}
		if ch.ask(useToken, at, func() error { return ch.c.use(at, withToken(ch.text)) }) == no && over {
			refused++
		}
	}
}

// An ordeal is something that happens to a cluster at work. It is over when do returns.
type ordeal struct {
	name  string
	short bool // enough to run of all of them, where time is short
	do    func(*cluster)
}

// endure is one ordeal, and what must hold when all is well again.
func (c *cluster) endure(o ordeal) {
	c.startLoad()
	defer c.stopLoad()
	c.writes()
	for _, s := range c.sites {
		s.yes.take()
		s.wrote.take()
	}
	begun := time.Now()
	o.do(c)
	c.recovered()
	lasted := time.Since(begun)
	c.writes()
	c.stopLoad()
	c.recovered()
	c.check()
	c.checkStore()
	c.checkHistories()
	c.keepHead()
	c.report(o.name, lasted)
}

// report prints what was measured, and begins anew.
func (c *cluster) report(name string, lasted time.Duration) {
	var delays []time.Duration
	for _, h := range c.histories {
		delays = slices.AppendSeq(delays, maps.Values(h.delays()))
	}
	slices.Sort(delays)
	var sites strings.Builder
	for i, s := range c.sites {
		n := s.wrote.count()
		fmt.Fprintf(&sites, "; portal %d %.1fs, %.1fs and %d writes", i, s.yes.take().Seconds(), s.wrote.take().Seconds(), n)
	}
	c.t.Logf("%s, %.1fs: %d tokens chased, after a revocation good elsewhere for p50 %v, p99 %v, max %v; longest without a yes, without a write%s",
		name, lasted.Seconds(), len(c.histories), quantile(delays, 0.5), quantile(delays, 0.99), quantile(delays, 1), &sites)
	c.histories = nil
}

func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[int(q*float64(len(sorted)-1))].Round(100 * time.Microsecond)
}

// checkHistories looks at what was chased.
func (c *cluster) checkHistories() {
	c.t.Helper()
	wrong := 0
	for _, h := range c.histories {
		if found := h.wrong(); found != "" {
			if wrong++; wrong == 1 {
				c.t.Errorf("%s\n%s", found, h)
			}
		}
	}
	if wrong > 0 {
		c.t.Errorf("%d of %d histories are wrong", wrong, len(c.histories))
	}
}

// checkStore lets portico check look at the store.
func (c *cluster) checkStore() {
	c.t.Helper()
	at := "etcd://" + c.etcd.Members[1].Client + "/portico"
	if status, out, errs := runHere(c.t, nil, "", "check", "--data", c.first, "--store", at, "--head", c.head); status != exitOK {
		c.t.Errorf("portico check: exit status %d\n%s%s", status, out, errs)
	}
}

// all are the numbers of all portals, and of all members.
var all = []int{0, 1, 2}

var ordeals = []ordeal{
	{"nothing happens", false, func(c *cluster) {
		for range 5 {
			c.writes()
		}
	}},
	{"the leader is killed", true, func(c *cluster) {
		l := c.etcd.Leader(c.t)
		c.etcd.Members[l].Kill()
		c.writes()
		c.etcd.Members[l].Restart(c.t)
	}},
	{"the leader is alone", false, func(c *cluster) {
		c.etcd.Part((*etcdtest.Way).Hold, c.etcd.Leader(c.t))
		c.writes()
		c.etcd.Heal()
	}},
	{"a follower is alone, with a portal", true, func(c *cluster) {
		f := (c.etcd.Leader(c.t) + 1) % len(all)
		c.etcd.Part((*etcdtest.Way).Cut, f)
		c.etcd.CutOff((*etcdtest.Way).Hold, 0, (f+1)%len(all), (f+2)%len(all))
		c.refusing(0)
		c.writes()
		c.etcd.Heal()
	}},
	{"no majority", true, func(c *cluster) {
		c.etcd.Part((*etcdtest.Way).Hold, 0)
		c.etcd.Part((*etcdtest.Way).Hold, 1)
		c.refusing(all...)
		c.etcd.Heal()
	}},
	{"the leader stands still", false, func(c *cluster) {
		l := c.etcd.Members[c.etcd.Leader(c.t)]
		l.Signal(syscall.SIGSTOP)
		c.writes()
		l.Signal(syscall.SIGCONT)
	}},
	{"a member's disk is full", true, (*cluster).fillDisk},
	{"the quota is used up", false, (*cluster).useUpQuota},
	{"the members are restarted in turn", true, func(c *cluster) {
		for _, m := range c.etcd.Members {
			m.Stop()
			c.writes()
			m.Restart(c.t)
		}
	}},
	{"all members are killed", false, func(c *cluster) {
		for _, m := range c.etcd.Members {
			m.Kill()
		}
		c.refusing(all...)
		c.etcd.StartAll(c.t)
	}},
	{"the portals are restarted in turn", true, func(c *cluster) {
		for _, s := range c.sites {
			c.stop(s)
			c.writes()
			s.p = serving(c.whole, s.args...)
		}
	}},
	{"a portal is killed", false, func(c *cluster) {
		s := c.sites[c.chance.IntN(portals)]
		_ = s.p.cmd.Process.Kill()
		s.p.wait()
		c.writes()
		s.p = serving(c.whole, s.args...)
	}},
	{"a portal misses what is compacted", false, func(c *cluster) {
		c.etcd.CutOff((*etcdtest.Way).Cut, 2, all...)
		c.refusing(2)
		c.writes()
		c.compact()
		c.etcd.Heal()
		c.sites[2].p.logged("the local copy is made anew: etcd has compacted what it missed")
	}},
}

// stop ends a portal as a service manager does. What it collected in memory may find no place among what the others write, in the
// three seconds that there are for it, and then it says so.
func (c *cluster) stop(s *site) {
	s.p.signal(syscall.SIGTERM)
	if status := s.p.wait(); status != exitOK && !strings.Contains(s.p.stderr.String(), "portico serve: context deadline exceeded\n") {
		c.t.Errorf("exit status %d after SIGTERM\n%s", status, s.p.stderr.String())
	}
}

// fillDisk fills the disk of member 0 until it gives up, and makes room again.
func (c *cluster) fillDisk() {
	if c.disk == "" {
		c.t.Skip("needs to mount a small disk, as root")
	}
	ballast := filepath.Join(c.disk, "ballast")
	f, err := os.Create(ballast)
	for err == nil {
		_, err = f.Write(make([]byte, 1<<20))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		c.t.Fatal(err)
	}
	f.Close()
	m := c.etcd.Members[0]
	c.until("the member notices", func() bool {
		select {
		case <-m.Ended():
			return true
		default:
			return false
		}
	})
	c.writes()
	if err := os.Remove(ballast); err != nil {
		c.t.Fatal(err)
	}
	m.Restart(c.t)
}

// useUpQuota gives a member a quota that it is beyond. Its alarm stops all writing in the cluster, and no reading.
func (c *cluster) useUpQuota() {
	m := c.etcd.Members[1]
	m.Restart(c.t, "-quota", "1")
	for i, s := range c.sites {
		c.until(fmt.Sprintf("portal %d has no room", i), func() bool { return c.touch(i) != nil })
		goal := s.yes.count() + int(c.enough)
		c.until(fmt.Sprintf("portal %d answers who only asks", i), func() bool { return s.yes.count() >= goal })
	}
	written := c.acked.Load()
	m.Restart(c.t, "-quota", "0")
	if now := c.acked.Load(); now != written {
		c.t.Errorf("%d changes without room", now-written)
	}
	c.compact()
	if _, err := c.client.AlarmDisarm(context.Background(), &clientv3.AlarmMember{}); err != nil {
		c.t.Fatal(err)
	}
}

// compact has etcd forget all history.
func (c *cluster) compact() {
	ctx := context.Background()
	get, err := c.client.Get(ctx, "/portico/head")
	if err == nil {
		_, err = c.client.Compact(ctx, get.Header.Revision, clientv3.WithCompactPhysical())
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

// TestCluster: whatever happens to three members and three portals, what was answered holds at each of them, and who does not know
// says so. PORTICO_TEST_CLUSTER says how often all of it happens, and -short that it is the part with the most to say.
func TestCluster(t *testing.T) {
	etcdtest.Binary(t)
	rounds, err := strconv.Atoi(os.Getenv("PORTICO_TEST_CLUSTER"))
	if err != nil {
		rounds = 1
	}
	c := newCluster(t)
	for range rounds {
		for _, o := range ordeals {
			if testing.Short() && !o.short {
				continue
			}
			t.Run(o.name, func(t *testing.T) {
				c.t = t
				c.endure(o)
			})
			if t.Failed() {
				return // what follows would tell of it, too
			}
		}
	}
	c.t = t
	c.checkAll()
	for _, s := range c.sites {
		s.p.stop()
	}
	t.Logf("%d changes were answered, and %d events seen; %d tokens were chased", c.acked.Load(), c.lastSeen, c.chased)
}
