package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// shippedLines are the numbers of the events in lines, each of which must have the digest of its event. A line that was cut off is
// none.
func shippedLines(t *testing.T, text string) (numbers []int64) {
	t.Helper()
	for line := range strings.Lines(text) {
		var e struct {
			Number int64
			Digest string
		}
		if json.Unmarshal([]byte(line), &e) != nil {
			continue
		}
		_, event, _ := strings.Cut(strings.TrimSuffix(line, "}\n"), `"event":`)
		if digest := fmt.Sprintf("%x", sha256.Sum256([]byte(event))); e.Digest != digest {
			t.Fatalf("the digest is %s: %s", digest, line)
		}
		numbers = append(numbers, e.Number)
	}
	return numbers
}

// inOrder answers how far the events go without a gap, and how many came again. What comes again goes on from there.
func inOrder(t *testing.T, numbers []int64) (last int64, again int) {
	t.Helper()
	var before int64
	for _, n := range numbers {
		switch {
		case n != before+1 && n > last:
			t.Fatalf("event %d comes behind event %d", n, before)
		case n <= last:
			again++
		}
		before, last = n, max(last, n)
	}
	return last, again
}

// events is how many there have been.
func (p *process) events(as header) int64 {
	p.t.Helper()
	var head struct{ Events int64 }
	p.call(&head, "system/getEventChainHead", `{}`, as)
	return head.Events
}

// createTokens creates tokens until the portal is gone, and answers how many it knows of.
func (p *process) createTokens(name string, as header) (made int) {
	for i := 0; ; i++ {
		r, err := http.NewRequest("POST", p.url+"/portal/rest/apiToken/create",
			strings.NewReader(fmt.Sprintf(`{"name":"%s-%d","lifetimeMs":3600000}`, name, i)))
		if err != nil {
			return made
		}
		r.Header.Set(as[0], as[1])
		res, err := browser.Do(r)
		if err != nil {
			return made
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil {
			return made
		}
		if strings.HasPrefix(string(body), `{"id"`) {
			made++
		}
	}
}

// A portal that is killed while it ships into a file, which is renamed now and then, loses no event, and sends few again.
func TestKillWhileShipping(t *testing.T) {
	t.Parallel()
	dir, chance := t.TempDir(), newChance(t)
	path := filepath.Join(t.TempDir(), "events.log")
	text := func() (all string) {
		renamed, _ := filepath.Glob(path + ".*")
		for _, name := range append(renamed, path) {
			b, _ := os.ReadFile(name) // it may just be missing
			all += string(b)
		}
		return all
	}
	args := []string{"--plain-http", "--ship-events", "file:" + path, "--log-level", "warn"}
	p := serving(t, demoArgs(dir, args...)...)
	super := p.mustLogin("super@portico.local", operatorPassword)
	var none any
	p.call(&none, "systemProperty/updateSystemProperty", `{"name":"portico.apiToken.maxPerUser","_update":{"value":"1000000"}}`, super)
	counts := make([]int, 4)
	for i := range kills(4) {
		var work sync.WaitGroup
		time.AfterFunc(time.Duration(200+chance.IntN(1500))*time.Millisecond, func() { p.signal(syscall.SIGKILL) })
		for j := range counts {
			work.Go(func() { counts[j] += p.createTokens(fmt.Sprintf("%d-%d", i, j), super) })
		}
		if i%2 == 1 {
			time.Sleep(100 * time.Millisecond)
			_ = os.Rename(path, fmt.Sprintf("%s.%04d", path, i))
		}
		work.Wait()
		p.wait()
		p = serving(t, serveArgs(dir, args...)...)
	}
	last := p.events(super)
	var got int64
	var again int
	until(t, fmt.Sprintf("all %d events shipped", last), func() bool {
		got, again = inOrder(t, shippedLines(t, text()))
		return got >= last
	})
	made := 0
	for _, n := range counts {
		made += n
	}
	if created := strings.Count(text(), `"event":"CREATE_API_TOKEN"`) - 1; created < made { // the demo's is not counted
		t.Errorf("%d tokens were created, %d are told of", made, created)
	}
	t.Logf("%d events, %d of them again; %d tokens", got, again, made)
	p.stop()
}

// A webhook has taken a batch when the portal is killed, and said nothing: it gets all of it again, and what came after. No secret of
// its address is logged, whatever it answers.
func TestWebhookIsShippedAgain(t *testing.T) {
	t.Parallel()
	var (
		mu     sync.Mutex
		text   string
		answer = 0 // hang
	)
	taken := make(chan bool, 100)
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		status := answer
		if text += string(body); status == 307 {
			w.Header().Set("Location", "http://127.0.0.1:1/hookPath9")
		}
		mu.Unlock()
		select {
		case taken <- true:
		default:
		}
		if status == 0 {
			<-r.Context().Done()
			return
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(h.Close)
	set := func(n int) { mu.Lock(); answer = n; mu.Unlock() }
	got := func() []int64 {
		mu.Lock()
		defer mu.Unlock()
		return shippedLines(t, text)
	}

	dir, secret := t.TempDir(), filepath.Join(t.TempDir(), "secret")
	write(t, secret, "whsec_MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0\n")
	env := "PORTICO_SHIP_EVENTS=" + strings.Replace(h.URL, "http://", "http://hookUser9:hookWord9@", 1) + "/hookPath9?hookQuery9"
	args := []string{"--plain-http", "--ship-secret-file", secret, "--log-level", "debug", "--ops-listen", "127.0.0.1:0"}
	p := serving(t, append([]string{env}, demoArgs(dir, args...)...)...)
	<-taken
	p.signal(syscall.SIGKILL)
	p.wait()
	logs := p.stderr.String()
	before := got()
	if len(before) == 0 {
		t.Fatal("nothing was sent")
	}

	set(307)
	p = serving(t, append([]string{env}, serveArgs(dir, args...)...)...)
	p.logged(`"to":"http://127[^\n]*events are not shipped`)
	set(200)
	p.logged("events are shipped again")
	super := p.mustLogin("super@portico.local", operatorPassword)
	last := p.events(super)
	until(t, "all events shipped", func() bool {
		n := got()
		return len(n) > 0 && n[len(n)-1] >= last
	})
	if _, again := inOrder(t, got()); again < len(before) {
		t.Errorf("%d events were taken, %d of them sent again", len(before), again)
	}
	ops := "http://" + p.logged(opsLine)
	metrics := ""
	until(t, "metrics", func() bool {
		_, metrics = get(t, ops+"/metrics")
		return regexp.MustCompile(`(?m)^portico_events_unshipped 0$`).MatchString(metrics)
	})
	for _, line := range []string{`portico_events_shipped_total [1-9]\d*`, `portico_events_shipping_failures_total [1-9]\d*`, `portico_events_lost_total 0`} {
		if !regexp.MustCompile("(?m)^" + line + "$").MatchString(metrics) {
			t.Errorf("no line %s", line)
		}
	}

	// A hook that hangs does not hold up the end.
	set(0)
	for len(taken) > 0 {
		<-taken
	}
	p.newToken("late", super)
	<-taken
	begun := time.Now()
	p.stop()
	if d := time.Since(begun); d > 10*time.Second {
		t.Errorf("it took %v", d)
	}
	store, err := os.ReadFile(filepath.Join(dir, "portico.db"))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"hookUser9", "hookWord9", "hookPath9", "hookQuery9", "MTIzNDU2", "12345678901234"} {
		if strings.Contains(logs+p.stderr.String()+p.stdout()+metrics, s) {
			t.Errorf("%s is logged", s)
		}
		if bytes.Contains(store, []byte(s)) {
			t.Errorf("%s is stored", s)
		}
	}
}

// Over syslog, too, what happens in a real portal arrives, in order, also when the receiver is restarted.
func TestShipToSyslog(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	p := serving(t, demoArgs(t.TempDir(), "--plain-http", "--ship-events", "syslog+tcp://"+ln.Addr().String(), "--public-address", "portal.example:443")...)
	super := p.mustLogin("super@portico.local", operatorPassword)
	header := regexp.MustCompile(`^<1(?:0[4-9]|1[01])>1 20\S+Z portal\.example portico - [A-Z_]{1,32} - (\{.*\})$`)
	var numbers []int64
	for _, name := range []string{"first", "second"} {
		last := p.events(super)
		c, err := ln.Accept()
		if err != nil {
			t.Fatal(err)
		}
		_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
		for b := bufio.NewReader(c); len(numbers) == 0 || numbers[len(numbers)-1] < last; {
			size, err := b.ReadString(' ')
			if err != nil {
				t.Fatal(err)
			}
			n, err := strconv.Atoi(strings.TrimSuffix(size, " "))
			if err != nil {
				t.Fatal(err)
			}
			m := make([]byte, n)
			if _, err := io.ReadFull(b, m); err != nil {
				t.Fatal(err)
			}
			line := header.FindSubmatch(m)
			if line == nil {
				t.Fatalf("got %s", m)
			}
			numbers = append(numbers, shippedLines(t, string(line[1])+"\n")...)
		}
		c.Close()
		p.newToken(name, super)
	}
	if _, again := inOrder(t, numbers); again == 0 {
		t.Error("the receiver that restarted was not sent the last batch again")
	}
	p.stop()
}
