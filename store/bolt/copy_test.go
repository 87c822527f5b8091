package bolt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portico-vco/portico/store"
)

func unheard(int64, int64) {}

var copiedAt = time.Date(2026, 11, 22, 1, 2, 3, 0, time.UTC)

// While many write, a copy has every write that was acknowledged before it began, and of those made meanwhile no half: each
// Update of this test writes one number under two keys.
func TestCopyUnderLoad(t *testing.T) {
	dir := t.TempDir()
	db := fresh(t, filepath.Join(dir, "store.db"))
	for i := range 40 {
		fillWith(t, db, 10_000+i*50, 50)
	}
	var acknowledged [8]atomic.Int64
	var all sync.WaitGroup
	stop := make(chan struct{})
	for w := range acknowledged {
		all.Go(func() {
			for n := int64(1); ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				err := db.Update(context.Background(), func(tx store.Tx) error {
					text := fmt.Append(nil, n)
					return errors.Join(tx.Put(fmt.Appendf(nil, "a/%d", w), text), tx.Put(fmt.Appendf(nil, "b/%d", w), text),
						tx.Put(fmt.Appendf(nil, "c/%d/%d", w, n), make([]byte, 2000)))
				})
				if err != nil {
					t.Error(err)
					return
				}
				acknowledged[w].Store(n)
			}
		})
	}
	for i := range 5 {
		var before [8]int64
		for w := range before {
			before[w] = acknowledged[w].Load()
		}
		path := filepath.Join(dir, fmt.Sprint("copy", i))
		var last [2]int64
		err := db.Copy(context.Background(), path, copiedAt, func(done, of int64) {
			if done < last[0] {
				t.Errorf("progress went back from %d to %d", last[0], done)
			}
			last = [2]int64{done, of}
		})
		if err != nil || last[0] == 0 || last[0] != last[1] {
			t.Fatalf("copy %d: %v after %d", i, err, last)
		}
		copied := opened(t, path, Options{ReadOnly: true, Backup: true})
		got := map[string]string{}
		if err := scan(copied, func(k, v []byte) { got[string(k)] = string(v) }); err != nil {
			t.Fatal(err)
		}
		for w := range before {
			var n int64
			fmt.Sscan(got[fmt.Sprint("a/", w)], &n)
			if n < before[w] || got[fmt.Sprint("b/", w)] != got[fmt.Sprint("a/", w)] {
				t.Errorf("copy %d of writer %d: %s and %s; %d was acknowledged before", i, w, got[fmt.Sprint("a/", w)], got[fmt.Sprint("b/", w)], before[w])
			}
			for m := int64(1); m <= n; m++ {
				if got[fmt.Sprintf("c/%d/%d", w, m)] == "" {
					t.Errorf("copy %d of writer %d has not number %d", i, w, m)
				}
			}
		}
		if copied.ID() != db.ID() {
			t.Error("the copy is of another store")
		}
	}
	close(stop)
	all.Wait()
}

// Nobody waits for a copy: while one stands still with its View open, all that is asked of the store is done, also what makes the
// file longer.
func TestNobodyWaitsForCopy(t *testing.T) {
	path := made(t)
	db := opened(t, path, Options{})
	copied := filepath.Join(t.TempDir(), "copy")
	held, gone := make(chan struct{}), make(chan struct{})
	var hold sync.Once
	ended := make(chan error)
	go func() {
		ended <- db.Copy(context.Background(), copied, copiedAt, func(int64, int64) {
			hold.Do(func() { close(held); <-gone })
		})
	}()
	<-held
	was := size(t, path)
	var all sync.WaitGroup
	for w := range 8 {
		all.Go(func() {
			for i := range 50 {
				err := db.Update(context.Background(), func(tx store.Tx) error { return tx.Put(key(5000+w*50+i), make([]byte, 20_000)) })
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if n := count(t, db); n != 1400 {
		t.Errorf("%d records are read meanwhile, want 1400", n)
	}
	if is := size(t, path); is <= was {
		t.Errorf("the file did not grow: %d bytes, were %d", is, was)
	}
	select {
	case err := <-ended:
		t.Errorf("the copy did not stand still: %v", err)
	default:
	}
	close(gone)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if n := count(t, opened(t, copied, Options{ReadOnly: true, Backup: true})); n != 1000 {
		t.Errorf("%d records in the copy, want the 1000 of its beginning", n)
	}
}

func size(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// Of a backup with a byte that rotted, wherever that is, there becomes the store that it was, or none.
func TestRestoreOfFlippedBytes(t *testing.T) {
	backup := filepath.Join(t.TempDir(), "backup")
	if err := opened(t, made(t), Options{}).Copy(context.Background(), backup, copiedAt, unheard); err != nil {
		t.Fatal(err)
	}
	want := everything(t, opened(t, backup, Options{ReadOnly: true, Backup: true}))
	whole, err := os.ReadFile(backup)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	bad, restored := filepath.Join(dir, "bad"), filepath.Join(dir, "restored")
	refused, harmless := 0, 0
	for at := 0; at < len(whole); at += 1009 {
		b := slices.Clone(whole)
		b[at] ^= 1 << (at % 8)
		if err := os.WriteFile(bad, b, 0o600); err != nil {
			t.Fatal(err)
		}
		made, err := Restore(context.Background(), bad, restored, unheard)
		if err != nil {
			refused++
			if names, _ := filepath.Glob(restored + "*"); len(names) > 0 {
				t.Fatalf("byte %d: %v, and left behind: %q", at, err, names)
			}
			continue
		}
		harmless++
		db, err := Open(restored, Options{ReadOnly: true})
		if err != nil {
			t.Fatalf("byte %d: %v", at, err)
		}
		if !made.Equal(copiedAt) || everything(t, db) != want {
			t.Errorf("byte %d: another store, of %v", at, made)
		}
		db.Close()
		if err := os.Remove(restored); err != nil {
			t.Fatal(err)
		}
	}
	if t.Logf("%d refused, %d harmless", refused, harmless); refused == 0 || harmless == 0 {
		t.Errorf("%d were refused, %d did no harm", refused, harmless)
	}
}

// everything is all that is in a store.
func everything(t *testing.T, db *store.DB) string {
	t.Helper()
	var all strings.Builder
	if err := scan(db, func(k, v []byte) { fmt.Fprintf(&all, "%q %q\n", k, v) }); err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// A backup opens as one and in no other way, and becomes a store by being restored.
func TestBackupIsNoStore(t *testing.T) {
	path := made(t)
	db := opened(t, path, Options{})
	id := db.ID()
	backup := filepath.Join(t.TempDir(), "backup")
	if err := db.Copy(context.Background(), backup, copiedAt, unheard); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(backup); err != nil || info.Mode() != 0o600 {
		t.Errorf("the backup: %v, %v", info.Mode(), err)
	}
	for _, o := range []Options{{}, {Create: true}, {ReadOnly: true}} {
		refuses(t, backup, o, ErrBackup, "2026-11-22T01:02:03Z")
	}
	if at, err := Copied(backup); err != nil || !at.Equal(copiedAt) {
		t.Errorf("made at %v, %v", at, err)
	}
	fillWith(t, db, 5000, 10) // not in the backup
	db.Close()
	if at, err := Copied(path); err != nil || !at.IsZero() {
		t.Errorf("the store itself: made at %v, %v", at, err)
	}
	restored := filepath.Join(t.TempDir(), "restored")
	if at, err := Restore(context.Background(), backup, restored, unheard); err != nil || !at.Equal(copiedAt) {
		t.Fatalf("restored: %v, %v", at, err)
	}
	again := opened(t, restored, Options{})
	if n := count(t, again); n != 1000 || again.ID() != id {
		t.Errorf("%d records, id %s; want 1000, %s", n, again.ID(), id)
	}
	fillWith(t, again, 7000, 1)
	if _, err := Restore(context.Background(), path, restored+"2", unheard); !errors.Is(err, ErrForeign) {
		t.Errorf("a store is restored: %v", err)
	}
}

// Nothing is overwritten, nothing half is left, and the store goes on, whatever ends a copy.
func TestCopyFails(t *testing.T) {
	path := made(t)
	db := opened(t, path, Options{})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	dir := t.TempDir()
	there := filepath.Join(dir, "there")
	if err := os.WriteFile(there, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	half := func() context.Context {
		ctx, cancel := context.WithCancel(context.Background())
		t.Cleanup(cancel)
		return &endsLater{ctx, 3}
	}
	for _, c := range []struct {
		name string
		ctx  context.Context
		path string
		want error
	}{
		{"over a file", context.Background(), there, fs.ErrExist},
		{"over the store", context.Background(), path, fs.ErrExist},
		{"without a folder", context.Background(), filepath.Join(dir, "no", "copy"), ErrNoStore},
		{"ended before", ctx, filepath.Join(dir, "ended"), context.Canceled},
		{"ended half-way", half(), filepath.Join(dir, "half"), context.Canceled},
	} {
		if err := db.Copy(c.ctx, c.path, copiedAt, unheard); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
	if names, _ := filepath.Glob(filepath.Join(dir, "*")); !slices.Equal(names, []string{there}) {
		t.Errorf("left behind: %q", names)
	}
	if b, _ := os.ReadFile(there); string(b) != "mine" {
		t.Errorf("overwritten by %.20q", b)
	}
	fillWith(t, db, 2000, 1)
	if n := count(t, db); n != 1001 {
		t.Errorf("%d records afterwards", n)
	}
}

// endsLater is a context that has ended when it was asked so often.
type endsLater struct {
	context.Context
	left int
}

func (e *endsLater) Err() error {
	if e.left--; e.left < 0 {
		return context.Canceled
	}
	return nil
}

// A byte that rotted in the store is found when it is copied, and there is no copy then.
func TestCopyOfDamage(t *testing.T) {
	path := made(t)
	db := opened(t, path, Options{})
	edit(t, path, func(b []byte) []byte {
		at := strings.LastIndex(string(b), string(value(500)))
		b[at+1] ^= 1
		return b
	})
	copied := filepath.Join(t.TempDir(), "copy")
	if err := db.Copy(context.Background(), copied, copiedAt, unheard); !errors.Is(err, ErrDamaged) {
		t.Errorf("got %v", err)
	}
	if names, _ := filepath.Glob(copied + "*"); len(names) > 0 {
		t.Errorf("left behind: %q", names)
	}
}

// BenchmarkPutDuringCopy: how long a durable put of 300 bytes takes with 8 callers, in milliseconds, while copies of a store of
// some 130 MB are made one after the other, and while none is.
func BenchmarkPutDuringCopy(b *testing.B) {
	for _, copies := range []bool{false, true} {
		b.Run(fmt.Sprintf("copies=%v", copies), func(b *testing.B) {
			dir := b.TempDir()
			db := fresh(b, filepath.Join(dir, "store.db"))
			for i := range 1500 {
				err := db.Update(context.Background(), func(tx store.Tx) error {
					for k := range 90 {
						if err := tx.Put(key(1_000_000+i*90+k), make([]byte, 900)); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			stop, ended := make(chan struct{}), make(chan int)
			go func() {
				n := 0
				defer func() { ended <- n }()
				for ; copies; n++ {
					select {
					case <-stop:
						return
					default:
					}
					path := filepath.Join(dir, "copy")
					if err := db.Copy(context.Background(), path, copiedAt, unheard); err != nil {
						b.Error(err)
					}
					os.Remove(path)
				}
			}()
			b.ResetTimer()
			var took [8][]time.Duration
			var all sync.WaitGroup
			var n atomic.Int64
			for w := range took {
				all.Go(func() {
					for i := n.Add(1); i <= int64(b.N); i = n.Add(1) {
						began := time.Now()
						err := db.Update(context.Background(), func(tx store.Tx) error { return tx.Put(key(10_000_000+int(i)), make([]byte, 300)) })
						if err != nil {
							b.Error(err)
						}
						took[w] = append(took[w], time.Since(began))
					}
				})
			}
			all.Wait()
			b.StopTimer()
			close(stop)
			list := slices.Concat(took[:]...)
			slices.Sort(list)
			at := func(part float64) float64 { return float64(list[int(float64(len(list)-1)*part)].Microseconds()) / 1000 }
			b.ReportMetric(at(0.5), "p50-ms")
			b.ReportMetric(at(0.99), "p99-ms")
			b.ReportMetric(at(1), "max-ms")
			b.ReportMetric(float64(<-ended), "copies")
		})
	}
}

// A process that is killed over a copy leaves no file of that name, or a whole one, and a store that is as it was.
func TestCopyKilled(t *testing.T) {
	const child = "PORTICO_TEST_COPY_KILLED"
	if path := os.Getenv(child); path != "" {
		db := opened(t, path, Options{})
		for i := 0; ; i++ {
			if err := db.Copy(context.Background(), fmt.Sprint(path, ".copy-", os.Getpid(), "-", i), copiedAt, unheard); err != nil {
				t.Fatal(err)
			}
		}
	}
	path := filepath.Join(t.TempDir(), "store.db")
	db := fresh(t, path)
	for i := range 200 {
		fillWith(t, db, i*90, 90)
	}
	db.Close()
	halves := 0
	for i := range 10 {
		cmd := exec.Command(os.Args[0], "-test.run", "^TestCopyKilled$")
		cmd.Env = append(os.Environ(), child+"="+path)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(50+i*13) * time.Millisecond)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		names, _ := filepath.Glob(path + ".copy-*")
		for _, name := range names {
			if strings.Contains(name, unfinished) {
				halves++
			} else if n := count(t, opened(t, name, Options{ReadOnly: true, Backup: true})); n != 18_000 {
				t.Errorf("%s has %d records", name, n)
			}
			os.Remove(name)
		}
	}
	if n := count(t, opened(t, path, Options{})); n != 18_000 || halves == 0 {
		t.Errorf("the store has %d records; %d copies were cut off", n, halves)
	}
}
