package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// A keyNames is how the files of one kind of keys are named: what they begin with, the time of their making, the key's id or
// its beginning, what they end with. So their order is that of their age.
type keyNames struct{ begin, end string }

const keyStamp = "20060102T150405.000Z"

func (n keyNames) in(dir string) ([]string, error) { return filesLike(dir, n.begin+"*"+n.end) }

// stamp is the time in a name; zero when there is none.
func (n keyNames) stamp(path string) time.Time {
	name := strings.TrimPrefix(filepath.Base(path), n.begin)
	at, _ := time.Parse(keyStamp, name[:min(len(name), len(keyStamp))])
	return at
}

// made is the time in a name as people read it.
func (n keyNames) made(path string) string {
	if at := n.stamp(path); !at.IsZero() {
		return at.Format(time.RFC3339)
	}
	return "-"
}

// next names a key that comes behind all others, also when the clock was set back.
func (n keyNames) next(dir, id string, now time.Time) (string, error) {
	paths, err := n.in(dir)
	if err != nil {
		return "", err
	}
	at := now.UTC()
	if len(paths) > 0 {
		last := n.stamp(paths[len(paths)-1])
		if !at.Truncate(time.Millisecond).After(last) {
			at = last.Add(time.Millisecond)
		}
	}
	return filepath.Join(dir, n.begin+at.Format(keyStamp)+"-"+id+n.end), nil
}

// A keptRing is a ring of keys that is read from its folder only when that has changed.
type keptRing[R any] struct {
	mu     sync.Mutex
	ring   *R
	as     time.Time // the folder's time when it was read
	chosen string    // the key that the portals which share a store have agreed to use; "" is the last one
}

// fresh is how young a change must be for another one not to show in its time.
const fresh = 2 * time.Second

func (k *keptRing[R]) get(dir string, now func() time.Time, read func(chosen string) (*R, error)) (*R, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	info, err := os.Stat(dir)
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	if k.ring != nil && info.ModTime().Equal(k.as) {
		return k.ring, nil
	}
	r, err := read(k.chosen)
	if err != nil {
		return nil, err
	}
	k.ring, k.as = r, readAs(info, now())
	return r, nil
}

// readAs is the time that a file or folder had when it was read; zero, so that it is read again at the next look, where it was young.
func readAs(info fs.FileInfo, now time.Time) time.Time {
	if at := info.ModTime(); now.Sub(at).Abs() >= fresh {
		return at
	}
	return time.Time{}
}

// choose says which key is in use.
func (k *keptRing[R]) choose(id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.chosen != id {
		k.chosen, k.as = id, time.Time{}
	}
}

// use is the key that was chosen.
func (k *keptRing[R]) use() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.chosen
}

// inUse answers keys with the one that is in use behind all others, as rings want it.
func inUse[K any](keys []K, at int) []K {
	return append(slices.Delete(slices.Clone(keys), at, at+1), keys[at])
}

// forget has the ring read again at the next use.
func (k *keptRing[R]) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.as = time.Time{}
}
