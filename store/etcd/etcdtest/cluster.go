package etcdtest

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// A Cluster is several members. The ways between any two of them, and from each client to each of them, can be shut.
type Cluster struct {
	Members []*Member
	between map[[2]int]*Way // smaller number first
	others  []*Way          // to each member, of members that did not say who they are
	clients [][]*Proxy      // by client and member
	mu      sync.Mutex
	numbers map[string]int // of members, by what they call themselves to each other
}

// StartCluster starts a member for each folder, for as many clients.
func StartCluster(t testing.TB, clients int, dirs ...string) *Cluster {
	t.Helper()
	c := &Cluster{between: map[[2]int]*Way{}, numbers: map[string]int{}}
	peers, announced := make([]string, len(dirs)), make([]string, len(dirs))
	for i := range dirs {
		peers[i] = Address(t)
		c.others = append(c.others, newWay())
		for j := range i {
			c.between[[2]int{j, i}] = newWay()
		}
	}
	for i := range dirs { // when all ways are there: a forwarder looks at them
		f := &forwarder{to: peers[i], choose: func(head []byte) *Way { return c.from(head, i) }}
		announced[i] = fmt.Sprintf("m%d=http://%s", i, f.forward(t))
	}
	for i, dir := range dirs {
		name, announce, _ := strings.Cut(announced[i], "=")
		m := &Member{Dir: dir, Client: Address(t), log: filepath.Join(t.TempDir(), "log")}
		m.args = []string{
			"-dir", dir, "-name", name, "-client", "http://" + m.Client, "-peer", "http://" + peers[i],
			"-announce", announce, "-cluster", strings.Join(announced, ","), "-segment", "1000000",
		}
		c.Members = append(c.Members, m)
	}
	for range clients {
		var proxies []*Proxy
		for _, m := range c.Members {
			proxies = append(proxies, Between(t, m.Client))
		}
		c.clients = append(c.clients, proxies)
	}
	t.Cleanup(func() { c.end(t) })
	c.StartAll(t)
	c.learnNumbers(t)
	return c
}

// end kills all members and cuts all ways, on which forwarders wait.
func (c *Cluster) end(t testing.TB) {
	for i, m := range c.Members {
		m.Kill()
		if text, err := os.ReadFile(m.log); err == nil && t.Failed() {
			t.Logf("member %d said at last: %s", i, text[max(0, len(text)-2000):])
		}
	}
	c.each((*Way).Cut)
}

func (c *Cluster) each(shut func(*Way)) {
	for _, w := range c.between {
		shut(w)
	}
	for _, w := range c.others {
		shut(w)
	}
	for _, proxies := range c.clients {
		for _, p := range proxies {
			shut(p.Way)
		}
	}
}

// StartAll starts all members, which were not started yet or were killed, and waits until they answer.
func (c *Cluster) StartAll(t testing.TB) {
	t.Helper()
	var ready []<-chan string
	for _, m := range c.Members {
		m.launch(t)
		ready = append(ready, m.ready(t))
	}
	for i, r := range ready {
		if <-r == "" {
			t.Fatalf("member %d did not start", i)
		}
	}
}

var serverFrom = regexp.MustCompile(`(?i)\r\nX-Server-From: *([0-9a-f]+)`)

// from is the way that a connection to a member takes.
func (c *Cluster) from(head []byte, to int) *Way {
	m := serverFrom.FindSubmatch(head)
	if m == nil {
		return c.others[to]
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if from, known := c.numbers[string(m[1])]; known {
		return c.between[pair(from, to)]
	}
	return c.others[to]
}

func pair(i, j int) [2]int { return [2]int{min(i, j), max(i, j)} }

// learnNumbers learns what the members call themselves, and has them connect anew.
func (c *Cluster) learnNumbers(t testing.TB) {
	t.Helper()
	client := c.Client(t)
	list, err := client.MemberList(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	for _, m := range list.Members {
		var n int
		if _, err := fmt.Sscanf(m.Name, "m%d", &n); err != nil {
			t.Fatal(err)
		}
		c.numbers[fmt.Sprintf("%x", m.ID)] = n
	}
	c.mu.Unlock()
	for _, w := range c.others {
		w.Reset()
	}
}

// Client is a client of all members, on ways that nobody shuts.
func (c *Cluster) Client(t testing.TB) *clientv3.Client {
	t.Helper()
	var all []string
	for _, m := range c.Members {
		all = append(all, m.Client)
	}
	client, err := clientv3.New(clientv3.Config{Endpoints: all, DialTimeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// Endpoints are the addresses of the members for one of the clients.
func (c *Cluster) Endpoints(client int) (all []string) {
	for _, p := range c.clients[client] {
		all = append(all, p.Address)
	}
	return all
}

// Part shuts the ways between some members and all others.
func (c *Cluster) Part(shut func(*Way), some ...int) {
	side := map[int]bool{}
	for _, i := range some {
		side[i] = true
	}
	for p, w := range c.between {
		if side[p[0]] != side[p[1]] {
			shut(w)
			shut(c.others[p[0]])
			shut(c.others[p[1]])
		}
	}
}

// CutOff shuts the ways of a client to some members.
func (c *Cluster) CutOff(shut func(*Way), client int, members ...int) {
	for _, m := range members {
		shut(c.clients[client][m].Way)
	}
}

// Heal opens all ways.
func (c *Cluster) Heal() { c.each((*Way).Heal) }

// Leader waits until the members agree on one, and says which.
func (c *Cluster) Leader(t testing.TB) int {
	t.Helper()
	client := c.Client(t)
	defer client.Close()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		for i, m := range c.Members {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			s, err := client.Status(ctx, m.Client)
			cancel()
			if err == nil && s.Leader != 0 && s.Leader == s.Header.MemberId {
				return i
			}
		}
	}
	t.Fatal("the members have no leader")
	return 0
}

// Address is a free one on this machine that no connection outwards takes, so that who listens there can do so again later.
func Address(t testing.TB) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}
