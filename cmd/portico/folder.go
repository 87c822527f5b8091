package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/bolt"
)

// A folder is the data folder of a portal:
//
//	portico.db            the store, unless that is in etcd; then
//	portico.db.moved-*    may be what it was before it was moved there,
//	portico.lock          says which process has the folder, and
//	copy-*                is the copy of the store that it reads
//	keys/api-token-*.jwk  the keys of API tokens, apart from the store on purpose
//	keys/access-token-*.jwk  the keys of access tokens
//	keys/seal.key         the key of what is sealed in the store
//	keys/vault-*.key      the keys of the vault's ring, which credentials are sealed under
//	backups/*.backup      backups of the store, unless another folder is given
//	tls/cert.pem, key.pem the self-signed certificate, unless there is another
//	tls/acme              certificates that an authority gave by ACME, their keys, and that of the account there
//	demo.made             the mark of a demo, which is served on loopback alone
//	demo.unfinished       while the demo is being made, see demo.go
//
// A first start makes them in this order: store, key, certificate, operator, demo. The store's lock keeps a second
// process out of all that follows. A start that was cut off at any point is finished by the next one: a store without an
// operator is a portal in the making, whatever else is missing. A store that has operators but no keys, or keys without
// a store, is a portal that has lost something, and is refused.
type folder string

func (d folder) store() string { return filepath.Join(string(d), "portico.db") }
func (d folder) keys() string  { return filepath.Join(string(d), "keys") }
func (d folder) tls() string   { return filepath.Join(string(d), "tls") }
func (d folder) acme() string  { return filepath.Join(d.tls(), "acme") }
func (d folder) demo() string  { return filepath.Join(string(d), "demo.unfinished") }

func (d folder) demoMade() string { return filepath.Join(string(d), "demo.made") }

// open opens the store, and makes one where there is nothing at all.
func (d folder) open() (*store.DB, error) {
	fresh, err := d.fresh()
	if err != nil {
		return nil, err
	}
	if fresh {
		if err := d.prepare(); err != nil {
			return nil, err
		}
	}
	return bolt.Open(d.store(), bolt.Options{Create: fresh})
}

// emptyStore makes an empty store, for exchange, in place of one that was made before. It is that of a demo from the beginning: cut off
// before anything is in it, it can be exchanged again.
func (d folder) emptyStore(ctx context.Context) error {
	if err := os.Remove(d.nextStore()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	db, err := bolt.Open(d.nextStore(), bolt.Options{Create: true})
	if err != nil {
		return err
	}
	return errors.Join(account.New(db, account.Options{}).MarkDemo(ctx), db.Close())
}

// exchange puts it in the place of the one that is there, which nobody has open any more. There is one at every moment.
func (d folder) exchange() (*store.DB, error) {
	if err := os.Rename(d.nextStore(), d.store()); err != nil {
		return nil, err
	}
	return bolt.Open(d.store(), bolt.Options{})
}

func (d folder) nextStore() string { return d.store() + ".unfinished-empty" }

// The names of what is in a folder whose store is elsewhere.
const (
	lockName = "portico.lock"
	copies   = "copy-"
)

// freshShared is fresh for a portal whose store is elsewhere.
func (d folder) freshShared() (bool, error) {
	fresh, other := true, ""
	entries, err := os.ReadDir(string(d))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("data folder: %w", err)
	}
	for _, e := range entries {
		switch name := e.Name(); name {
		case filepath.Base(d.store()):
			return false, fmt.Errorf("data folder %s: there is a store in it (%s), and --store names another one; copy it there with "+
				"portico copy and move the file away, or leave --store out", d, name)
		case "keys", lockName:
			fresh = false
		case "lost+found":
		default:
			other = name
		}
	}
	if fresh && other != "" {
		return false, fmt.Errorf("data folder %s: it is not empty and no portal's (there is %s in it); give the folder of a portal, or an "+
			"absent or empty one", d, other)
	}
	return fresh, nil
}

// errLocked is the error of a lock that another process has.
var errLocked = errors.New("another process has it; give each portal a folder of its own")

// hold keeps portals whose store is elsewhere, and commands that change the store, out of the folder until what it returns is
// closed.
func (d folder) hold() (io.Closer, error) {
	path := filepath.Join(string(d), lockName)
	held, err := lock(path)
	if err != nil {
		return nil, fmt.Errorf("data folder %s: %w", d, err)
	}
	if err := giveToOwnerOf(string(d), path); err != nil {
		return nil, errors.Join(err, held.Close())
	}
	return held, nil
}

// keyless says whether there are no keys. A portal that has some was made before.
func (d folder) keyless() (bool, error) {
	keys, err := filesLike(d.keys(), "*")
	return len(keys) == 0, err
}

// claim prepares the folder of a portal whose store is elsewhere, and keeps other processes out of it until what it returns
// is closed.
func (d folder) claim() (held io.Closer, err error) {
	if _, err := d.freshShared(); err != nil {
		return nil, err
	}
	if err := d.prepare(); err != nil {
		return nil, err
	}
	if held, err = d.hold(); err != nil {
		return nil, err
	}
	left, err := filesLike(string(d), copies+"*")
	for _, path := range left {
		err = errors.Join(err, os.Remove(path))
	}
	if err != nil {
		return nil, errors.Join(err, held.Close())
	}
	return held, nil
}

// fresh says whether a portal may be made here. What is neither empty nor a portal is refused.
func (d folder) fresh() (bool, error) {
	entries, err := os.ReadDir(string(d))
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("data folder: %w", access(err))
	}
	other := ""
	for _, e := range entries {
		switch name := e.Name(); {
		case name == filepath.Base(d.store()):
			return false, nil
		case name == "lost+found", strings.HasPrefix(name, "portico.db.unfinished-"): // of a disk; of a first start cut off
		case other == "" || name == "keys":
			other = name
		}
	}
	switch other {
	case "":
		return true, nil
	case "keys":
		if moved, err := d.movedStore(); moved != "" || err != nil {
			return false, errors.Join(err, fmt.Errorf("data folder %s: its store was moved (%s): say where with --store", d, moved))
		}
		return false, fmt.Errorf("data folder %s: there are signing keys but no store (portico.db): a portal has lost its store; "+
			"put a backup of it in place with portico restore, or give another folder to make a new portal in", d)
	}
	return false, fmt.Errorf("data folder %s: it is not empty and holds no portal (there is %s in it); "+
		"give the folder of a portal, or an absent or empty one to make a portal in", d, other)
}

// movedStores is what, and then a time, the name of a store ends with that was moved to another place.
const movedStores = ".moved-"

// movedStore is the file that was moved last; empty when none was.
func (d folder) movedStore() (string, error) {
	moved, err := filesLike(string(d), filepath.Base(d.store())+movedStores+"*")
	if len(moved) == 0 {
		return "", err
	}
	return moved[len(moved)-1], err
}

// unusedName is a name with a time in it, or with the next one that makes it nobody's. Who asks keeps others out of the folder; there are
// only characters in it that may be in the name of a backup.
func unusedName(begin string, at time.Time, end string) (path string, err error) {
	for ; ; at = at.Add(time.Millisecond) {
		path = begin + strings.Replace(at.UTC().Format(keyStamp), ".", "-", 1) + end
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			return path, nil
		} else if err != nil {
			return "", err
		}
	}
}

// prepare makes the folder. One that was there, empty, becomes the portal's own and is closed to others, if it is ours.
func (d folder) prepare() error {
	if err := makeFolder(string(d)); err != nil {
		return fmt.Errorf("data folder: %w", access(err))
	}
	if err := os.Chmod(string(d), 0o700); err != nil && !errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("data folder: %w", access(err))
	}
	return nil
}

// access says what the portal needs of its folder where that is refused.
func access(err error) error {
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return fmt.Errorf("%w; the folder and what is in it must be readable and writable for the user that runs Portico", err)
	}
	return err
}

// tighten takes from others what they may do with the files of a portal that exists; a backup that was restored often
// lets them read. It says what it changed.
func (d folder) tighten() (changed []string, err error) {
	for path, mode := range map[string]fs.FileMode{string(d): 0o700, d.keys(): 0o700, d.tls(): 0o700, d.acme(): 0o700, d.store(): 0o600} {
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) || err == nil && info.Mode().Perm()&0o077 == 0 {
			continue
		}
		if err == nil {
			err = os.Chmod(path, mode)
		}
		if err != nil {
			return nil, fmt.Errorf("data folder: others have access: %w", err)
		}
		changed = append(changed, path)
	}
	return changed, nil
}

// tidy removes the files that a process left unfinished when it was killed; there may be secrets in them. Only who has the
// store open writes to the folder; among the keys somebody else may be at work just now.
func (d folder) tidy(now time.Time) error {
	var errs []error
	for dir, age := range map[string]time.Duration{string(d): 0, d.tls(): 0, d.acme(): 0, d.keys(): time.Minute} {
		left, err := filesLike(dir, unfinished)
		errs = append(errs, err)
		for _, path := range left {
			if info, err := os.Stat(path); err == nil && now.Sub(info.ModTime()) >= age {
				errs = append(errs, os.Remove(path))
			}
		}
	}
	return errors.Join(errs...)
}

// filesLike are the files of a folder whose names fit a pattern, in their order; none when there is no folder.
// filepath.Glob would take the folder's own name for a pattern, too.
func filesLike(dir, pattern string) (paths []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, e := range entries {
		fits, err := filepath.Match(pattern, e.Name())
		if err != nil {
			return nil, err
		}
		if fits {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	return paths, nil
}

// makeFolder makes a folder that is there after a power failure, too. All folders above it are synced, for also a start that was cut
// off may have made them. Those that the portal may not even read are not of its making.
func makeFolder(path string) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	for above := filepath.Dir(path); above != path; path, above = above, filepath.Dir(above) {
		if err := syncFolder(above); errors.Is(err, fs.ErrPermission) {
			return nil
		} else if err != nil {
			return err
		}
	}
	return nil
}

// unfinished is the pattern of the files that writeFile has not finished.
const unfinished = ".unfinished-*"

// writeFile writes a file whole or not at all, also when the power fails. Nobody else may read it.
// It belongs to the owner of its folder, so that root may rotate the keys of a portal that runs as somebody else.
func writeFile(path string, data []byte) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, unfinished) // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err = giveToOwnerOf(dir, f.Name()); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncFolder(dir)
}

// removeFile removes a file that is not there again after a power failure.
func removeFile(path string) error {
	if err := os.Remove(path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// private refuses a file of a secret that any of the mode bits let others read.
func private(path string, others fs.FileMode) error {
	open, err := letsIn(path, others)
	if open {
		err = fmt.Errorf("%s: others can read this private key; if nobody has, run: chmod 600 %[1]s", path)
	}
	return err
}

// letsIn says whether any of the mode bits are set.
func letsIn(path string, others fs.FileMode) (bool, error) {
	info, err := os.Stat(path)
	return err == nil && info.Mode().Perm()&others != 0, err
}
