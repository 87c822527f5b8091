package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/portico-vco/portico/auth/secret"
)

const keysText = `Rotates the keys that sign API tokens and access tokens, which are apart. New keys sign from now on; of the older ones
only the public halves are kept, and GET /oauth2/api-token-jwks.json, or GET /oauth2/jwks.json for access tokens, shows
them until the last token of theirs ends. No token becomes invalid.

It works while the portal runs, which takes the new key at its next use, and when it does not. What was cut off half-way
is made good by running it again, or by the next start of the portal.
`

func (p *program) keys(_ context.Context, args []string) error {
	f := p.flags("keys rotate-signing [flags]", keysText)
	var d folder = "./data"
	f.StringVar((*string)(&d), "data", string(d), "data `FOLDER` of the portal")
	words, err := f.parse(args)
	if err != nil {
		return err
	}
	if len(words) != 1 || words[0] != "rotate-signing" {
		return f.wrong("what to do with the keys? There is rotate-signing")
	}
	if _, err := os.Stat(d.store()); err != nil {
		return fmt.Errorf("portico keys: there is no portal in %s: %w", d, err)
	}
	for _, u := range []keyUse{apiTokens, accessTokens} {
		k, err := (&keyFolder{path: d.keys(), use: u, now: p.now}).rotate()
		if err != nil {
			return fmt.Errorf("portico keys: %w", err)
		}
		if _, err := fmt.Fprintf(p.stdout, "key %s signs %s from now on\n", k.ID(), u.noun); err != nil {
			return err
		}
	}
	return nil
}

// A keyUse is what keys are for. No key is for two uses.
type keyUse struct {
	noun  string
	begin string // of the names of their files
	ring  func(...secret.Key) (*secret.Ring, error)
}

var (
	apiTokens    = keyUse{"API tokens", "api-token-", secret.NewRing}
	accessTokens = keyUse{"access tokens", "access-token-", secret.NewAccessRing}
)

// A keyFolder is the folder of the keys that sign, a file each, as far as they are for one use. Their names order them by age, and the last
// one that has its private half signs. So whoever adds a key first and takes the private halves of the older ones after
// may be stopped at any point, and two may do it at once.
type keyFolder struct {
	path string
	use  keyUse
	now  func() time.Time

	mu     sync.Mutex
	loaded *secret.Ring
	as     time.Time // the folder's time when it was loaded
}

const keyStamp = "20060102T150405.000Z"

// fresh is how young a change of the folder must be for another one not to show in its time.
const fresh = 2 * time.Second

// ring answers the keys as they are now. It reads them only when the folder has changed.
func (k *keyFolder) ring() (*secret.Ring, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	info, err := os.Stat(k.path)
	if err != nil {
		return nil, fmt.Errorf("signing keys: %w", err)
	}
	if k.loaded != nil && info.ModTime().Equal(k.as) {
		return k.loaded, nil
	}
	files, err := k.load()
	if err != nil {
		return nil, err
	}
	r, err := k.ringOf(files)
	if err != nil {
		return nil, fmt.Errorf("signing keys in %s: %w", k.path, err)
	}
	k.loaded, k.as = r, info.ModTime()
	if k.now().Sub(k.as).Abs() < fresh {
		k.as = time.Time{} // read again at the next use
	}
	return r, nil
}

func (k *keyFolder) ringOf(files []keyFile) (*secret.Ring, error) {
	keys := make([]secret.Key, len(files))
	for i, f := range files {
		keys[i] = f.key
	}
	return k.use.ring(keys...)
}

type keyFile struct {
	path string
	key  secret.Key
}

// load reads all keys in the order of their making. It refuses private halves that others can read.
func (k *keyFolder) load() ([]keyFile, error) {
	paths, err := filesLike(k.path, k.use.begin+"*.jwk")
	if err != nil {
		return nil, fmt.Errorf("signing keys: %w", err)
	}
	var files []keyFile
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("signing keys: %w", err)
		}
		key, err := secret.ParseKey(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if key.Signs() {
			if err := private(path, 0o077); err != nil {
				return nil, err
			}
		}
		files = append(files, keyFile{path, key})
	}
	return files, nil
}

// any says whether a key can sign.
func (k *keyFolder) any() (bool, error) {
	files, err := k.load()
	for _, f := range files {
		if f.key.Signs() {
			return true, err
		}
	}
	return false, err
}

// rotate adds a key and retires the others.
func (k *keyFolder) rotate() (secret.Key, error) {
	if err := makeFolder(k.path); err != nil {
		return secret.Key{}, err
	}
	files, err := k.load()
	if err != nil {
		return secret.Key{}, err
	}
	key, err := secret.NewKey(rand.Reader)
	if err != nil {
		return secret.Key{}, err
	}
	data, err := key.Marshal()
	if err != nil {
		return secret.Key{}, err
	}
	path := filepath.Join(k.path, fmt.Sprintf("%s%s-%.8s.jwk", k.use.begin, k.stamp(files), key.ID()))
	if err := writeFile(path, data); err != nil {
		return secret.Key{}, err
	}
	return key, k.retire()
}

// stamp is a time behind that of the last key, also when the clock was set back.
func (k *keyFolder) stamp(files []keyFile) string {
	at := k.now().UTC()
	if n := len(files); n > 0 {
		name := strings.TrimPrefix(filepath.Base(files[n-1].path), k.use.begin)
		last, err := time.Parse(keyStamp, name[:min(len(name), len(keyStamp))])
		if err == nil && !at.Truncate(time.Millisecond).After(last) {
			at = last.Add(time.Millisecond)
		}
	}
	return at.Format(keyStamp)
}

// retire takes the private halves of all keys but the last one that has its own.
func (k *keyFolder) retire() error {
	files, err := k.load()
	if err != nil {
		return err
	}
	signs := false
	for i := len(files) - 1; i >= 0; i-- {
		f := files[i]
		if !f.key.Signs() {
			continue
		}
		if !signs {
			signs = true
			continue
		}
		data, err := f.key.Retired().Marshal()
		if err != nil {
			return err
		}
		if err := writeFile(f.path, data); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
