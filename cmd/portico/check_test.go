package main

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/portico-vco/portico/store"
)

// A tampered folder is a copy of a portal's, in which somebody writes who knows all of its formats but not its keys.
type tampered struct {
	t    *testing.T
	data *bbolt.Bucket
}

func tamper(t *testing.T, dir string, f func(*tampered)) {
	t.Helper()
	db, err := bbolt.Open(folder(dir).store(), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		f(&tampered{t, tx.Bucket([]byte("data"))})
		return nil
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

func numberKey(prefix string, n int64) []byte {
	return binary.BigEndian.AppendUint64([]byte(prefix), uint64(n)^1<<63)
}

func (d *tampered) get(key []byte) []byte {
	d.t.Helper()
	value, err := store.Unseal(key, d.data.Get(key))
	if err != nil {
		d.t.Fatal(err)
	}
	return append([]byte(nil), value...)
}

func (d *tampered) put(key, value []byte) {
	if err := d.data.Put(key, store.Seal(key, value).Value); err != nil {
		d.t.Fatal(err)
	}
}

func (d *tampered) drop(key []byte) {
	if err := d.data.Delete(key); err != nil {
		d.t.Fatal(err)
	}
}

// edit changes a record as JSON.
func (d *tampered) edit(key []byte, f func(map[string]any)) {
	d.t.Helper()
	var m map[string]any
	if err := json.Unmarshal(d.get(key), &m); err != nil {
		d.t.Fatal(err)
	}
	f(m)
	b, err := json.Marshal(m)
	if err != nil {
		d.t.Fatal(err)
	}
	d.put(key, b)
}

func event(n int64) []byte { return numberKey("event/r", n) }
func link(n int64) []byte  { return numberKey("eventlink/r", n) }

// last is the last number given in a collection.
func (d *tampered) last(collection string) int64 {
	return int64(binary.BigEndian.Uint64(d.get([]byte(collection+"/n"))) ^ 1<<63)
}

type storedLink struct {
	ID       int64  `json:"id"`
	Previous []byte `json:"previous"`
	First    int64  `json:"first"`
	Events   []byte `json:"events"`
	Hash     []byte `json:"hash"`
}

// relink makes the links from the one with that number on anew, so that they fit the events.
func (d *tampered) relink(from, to int64) {
	var previous []byte
	for n := from; n <= to; n++ {
		var l storedLink
		if err := json.Unmarshal(d.get(link(n)), &l); err != nil {
			d.t.Fatal(err)
		}
		if previous != nil {
			l.Previous = previous
		}
		for i := 0; i < len(l.Events); i += 33 {
			digest := sha256.Sum256(d.get(event(l.First + int64(i/33))))
			copy(l.Events[i+1:], digest[:])
		}
		b := binary.BigEndian.AppendUint64([]byte("portico event link\n"), uint64(l.ID))
		b = binary.BigEndian.AppendUint64(append(b, l.Previous...), uint64(l.First))
		hash := sha256.Sum256(append(b, l.Events...))
		l.Hash, previous = hash[:], hash[:]
		b, err := json.Marshal(l)
		if err != nil {
			d.t.Fatal(err)
		}
		d.put(link(n), b)
	}
	d.edit(numberKey("eventchain/r", 1), func(c map[string]any) { c["head"].(map[string]any)["hash"] = previous })
}

// rename changes an event to another one of the same form.
func (d *tampered) rename(n int64) {
	d.put(event(n), []byte(strings.Replace(string(d.get(event(n))), `"event":"`, `"event":"NOT_`, 1)))
}

func TestCheckFindsTampering(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	p := serving(t, demoArgs(dir)...)
	p.stop()
	old := filepath.Join(t.TempDir(), "old")
	copyTree(t, dir, old)
	p = serving(t, serveArgs(dir)...)
	as := p.mustLogin("admin@acme.example", demoPassword)
	for i := range 5 {
		p.newToken(fmt.Sprint("token ", i), as)
	}
	var answer json.RawMessage
	p.call(&answer, "system/getEventChainHead", `{}`, p.mustLogin("super@portico.local", operatorPassword))
	head := filepath.Join(t.TempDir(), "head.json")
	write(t, head, string(answer))
	if status, out, errs := runHere(t, nil, "", "check", "--data", dir); status != exitFailed || !strings.Contains(errs, "in use") {
		t.Errorf("a portal that runs: exit status %d\n%s%s", status, out, errs)
	}
	p.newToken("the last", as)
	p.stop()

	var exported struct{ Link, Events int64 }
	if err := json.Unmarshal(answer, &exported); err != nil {
		t.Fatal(err)
	}
	end := fmt.Sprintf("link %d with event %d", exported.Link, exported.Events)
	forgedHead := filepath.Join(t.TempDir(), "forged.json")
	write(t, forgedHead, strings.Replace(string(answer), fmt.Sprintf(`"events":%d`, exported.Events), `"events":3`, 1))
	var links int64
	for _, c := range []struct {
		name  string
		of    string // the folder
		hand  func(*tampered)
		head  string
		whole bool
		says  []string
	}{
		{"nothing", dir, func(d *tampered) { links = d.last("eventlink") }, "", true,
			[]string{"records: checked ", "events: checked links 1 to "}},
		{"nothing, with a head", dir, nil, head, true, []string{"head: " + end, "it is in the chain"}},
		{"a byte of an event is flipped", dir, func(d *tampered) {
			b := d.get(event(5))
			b[len(b)/2] ^= 1
			d.put(event(5), b)
		}, "", false, []string{"event 5 was changed"}},
		{"an event is dropped", dir, func(d *tampered) { d.drop(event(6)) }, "", false, []string{"event 6 is missing"}},
		{"two events are swapped", dir, func(d *tampered) {
			four, seven := d.get(event(4)), d.get(event(7))
			d.put(event(4), seven)
			d.put(event(7), four)
		}, "", false, []string{"event 4 was changed", "event 7 was changed"}},
		{"an event is forged", dir, func(d *tampered) {
			n := d.last("event") + 1
			d.put(event(n), d.get(event(4)))
			d.put([]byte("event/n"), numberKey("", n))
		}, "", false, []string{"no link covers it", "the last number given to an event"}},
		{"an event and its link are changed", dir, func(d *tampered) {
			d.rename(1)
			d.relink(1, 1)
		}, "", false, []string{"link 2 does not follow link 1"}},
		{"an event is changed and all links made anew", dir, func(d *tampered) {
			d.rename(8)
			d.relink(1, d.last("eventlink"))
		}, "", false, []string{"does not bear this portal's mark"}},
		{"a link is dropped", dir, func(d *tampered) { d.drop(link(3)) }, "", false, []string{"link 3 is missing"}},
		{"two links are swapped", dir, func(d *tampered) {
			three, four := d.get(link(3)), d.get(link(4))
			d.put(link(3), four)
			d.put(link(4), three)
		}, "", false, []string{"link 3 was changed", "link 4 was changed"}},
		{"the end is cut off", dir, func(d *tampered) {
			d.drop(link(d.last("eventlink")))
			d.drop(event(d.last("event")))
		}, "", false, []string{"is missing"}},
		{"a checkpoint is forged", dir, func(d *tampered) {
			d.drop(event(1))
			d.edit(numberKey("eventchain/r", 1), func(c map[string]any) {
				c["swept"] = map[string]any{"OPERATOR": map[string]any{"event": 9, "time": time.Now()}}
			})
		}, "", false, []string{"does not bear this portal's mark"}},
		{"a user without his tenant", dir, func(d *tampered) { d.drop(numberKey("enterprise/r", 1)) }, "", false,
			[]string{"records: user 2: its tenant is not there"}},
		{"a token without its owner", dir, func(d *tampered) {
			d.edit(numberKey("token/r", 1), func(token map[string]any) { token["ownerId"] = 99 })
		}, "", false, []string{"records: token 1: its owner is not there", "records: token 1: owner does not lead to it"}},
		{"a number that would be given again", dir, func(d *tampered) { d.put([]byte("token/n"), numberKey("", 1)) }, "", false,
			[]string{"records: token 2: no such number was given, the last is 1"}},
		{"a user's name on another", dir, func(d *tampered) {
			d.edit(numberKey("user/r", 2), func(user map[string]any) { user["username"] = "super@portico.local" })
		}, "", false, []string{"records: user 2: name does not lead to it"}},
		{"a record in no collection", dir, func(d *tampered) { d.put([]byte("backdoor/n"), nil) }, "", false,
			[]string{`records: key "backdoor/n" is of no collection`}},
		{"an older store, without a head", old, nil, "", true, []string{"events: checked"}},
		{"an older store", old, nil, head, false, []string{"the store was rolled back or its end cut off: the head is " + end}},
		{"a forged head", dir, nil, forgedHead, false, []string{"the head was changed since the portal made it"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			copied := filepath.Join(t.TempDir(), "copy")
			copyTree(t, c.of, copied)
			if c.hand != nil {
				tamper(t, copied, c.hand)
			}
			before := contents(t, copied)
			args := []string{"check", "--data", copied}
			if c.head != "" {
				args = append(args, "--head", c.head)
			}
			status, out, errs := runHere(t, nil, "", args...)
			if (status == exitOK) != c.whole || (status == exitFailed) == c.whole {
				t.Errorf("exit status %d\n%s", status, errs)
			}
			for _, says := range c.says {
				if !strings.Contains(out, says) {
					t.Errorf("it does not say %q:\n%s%s", says, out, errs)
				}
			}
			if !c.whole && !strings.Contains(errs, "Keep a copy of the folder") {
				t.Errorf("it does not say what to do:\n%s", errs)
			}
			for path, now := range contents(t, copied) {
				if before[path] != now {
					t.Errorf("%s was changed", path)
				}
			}
		})
	}
	if links < exported.Link {
		t.Errorf("%d links, the exported head is link %d", links, exported.Link)
	}
}

// What cannot be checked is not called whole.
func TestCheckRefused(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	serving(t, demoArgs(dir)...).stop()
	broken := filepath.Join(t.TempDir(), "broken")
	copyTree(t, dir, broken)
	tamper(t, broken, func(d *tampered) {
		b := append([]byte(nil), d.data.Get(event(5))...)
		b[9] ^= 1
		if err := d.data.Put(event(5), b); err != nil {
			t.Fatal(err)
		}
	})
	keyless := filepath.Join(t.TempDir(), "keyless")
	copyTree(t, dir, keyless)
	if err := os.Remove(folder(keyless).sealKey()); err != nil {
		t.Fatal(err)
	}
	nonsense := filepath.Join(t.TempDir(), "head")
	write(t, nonsense, "{}")
	for _, c := range []struct {
		status int
		says   string
		args   []string
	}{
		{exitFailed, "no store", []string{"--data", t.TempDir()}},
		{exitFailed, "fails its checksum", []string{"--data", broken}},
		{exitFailed, "no sealing key", []string{"--data", keyless}},
		{exitFailed, "no such file", []string{"--data", dir, "--head", nonsense + "-not"}},
		{exitFailed, "not a head", []string{"--data", dir, "--head", nonsense}},
		{exitUsage, "one file", []string{"a", "b"}},
		{exitFailed, "no store", []string{"--data", dir, nonsense + "-not"}},
		{exitUsage, "unknown flag", []string{"--heads"}},
	} {
		status, _, errs := runHere(t, nil, "", append([]string{"check"}, c.args...)...)
		if status != c.status || !strings.Contains(errs, c.says) {
			t.Errorf("%v: exit status %d, %q; want %d, %q", c.args, status, errs, c.status, c.says)
		}
	}
}
