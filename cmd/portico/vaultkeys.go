package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/auth/vault"
	"github.com/portico-vco/portico/store/bolt"
)

// vaultKeys are the keys of the vault's ring (secret.Keyring), a file each beside those that sign. The last one is primary. A
// rotation adds one and removes none, here or anywhere: what credentials are under it the store knows, but not what those in
// its backups are under.
type vaultKeys struct {
	path string
	now  func() time.Time
	kept keptRing[secret.Keyring]
}

var vaultKeyNames = keyNames{"vault-", ".key"}

// ring answers the keys as they are now. For a key that it lacks the folder is read again though it seems not to have changed:
// some programs that copy keys from another machine give the folder its old time.
func (v *vaultKeys) ring() (*secret.Keyring, error) {
	return v.kept.get(v.path, v.now, v.read)
}

func (v *vaultKeys) read(chosen string) (*secret.Keyring, error) {
	files, err := v.load()
	if err != nil {
		return nil, err
	}
	if chosen != "" {
		at := slices.IndexFunc(files, func(f vaultKeyFile) bool { return f.key.ID() == chosen })
		if at < 0 {
			return nil, fmt.Errorf("vault keys in %s: %w", v.path, notHere(chosen))
		}
		files = inUse(files, at)
	}
	ring, err := ringOf(files)
	if err != nil {
		return nil, fmt.Errorf("vault keys in %s: %w", v.path, err)
	}
	ring.AskNewer(func() (*secret.Keyring, error) {
		v.kept.forget()
		return v.ring()
	})
	return ring, syncFolder(v.path) // after a power failure a key must not be gone that something was sealed under
}

func ringOf(files []vaultKeyFile) (*secret.Keyring, error) {
	keys := make([]secret.VaultKey, len(files))
	for i, f := range files {
		keys[i] = f.key
	}
	return secret.NewKeyring(keys...)
}

type vaultKeyFile struct {
	path string
	key  secret.VaultKey
}

// load reads all keys in the order of their making. It refuses those that others can read, and those that are not what their
// names say: a damaged key is another key.
func (v *vaultKeys) load() ([]vaultKeyFile, error) {
	paths, err := vaultKeyNames.in(v.path)
	if err != nil {
		return nil, fmt.Errorf("vault keys: %w", err)
	}
	var files []vaultKeyFile
	for _, path := range paths {
		if err := private(path, 0o077); err != nil {
			return nil, err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("vault keys: %w", access(err))
		}
		key, err := secret.ParseVaultKey(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w; restore it from a backup", path, err)
		}
		if !strings.HasSuffix(path, "-"+key.ID()+vaultKeyNames.end) {
			return nil, fmt.Errorf("%s: it holds the key %s: it was damaged or renamed; restore it from a backup", path, key.ID())
		}
		files = append(files, vaultKeyFile{path, key})
	}
	return files, nil
}

// add makes a key, which is primary from now on.
func (v *vaultKeys) add() (secret.VaultKey, error) {
	if err := makeFolder(v.path); err != nil {
		return secret.VaultKey{}, err
	}
	if _, err := v.load(); err != nil {
		return secret.VaultKey{}, err
	}
	key, err := secret.NewVaultKey(rand.Reader)
	if err != nil {
		return secret.VaultKey{}, err
	}
	path, err := vaultKeyNames.next(v.path, key.ID(), v.now())
	if err != nil {
		return secret.VaultKey{}, err
	}
	return key, writeFile(path, key.Marshal())
}

// missing are those of the keys in use that have no file.
func missing(files []vaultKeyFile, used []string) []string {
	return slices.DeleteFunc(slices.Clone(used), func(id string) bool {
		return slices.ContainsFunc(files, func(f vaultKeyFile) bool { return f.key.ID() == id })
	})
}

// have makes the first vault key, also of a portal that was made before there were any. Which keys a portal needs its credentials
// say; one that lacks such a key is refused before anybody finds it out by a credential that does not open.
func (v *vaultKeys) have(used []string) error {
	files, err := v.load()
	if err != nil {
		return err
	}
	if lost := missing(files, used); len(lost) > 0 {
		return fmt.Errorf("there are credentials, but not the vault keys that they are sealed under: restore %s in %s from a backup; "+
			"no other key opens them", vaultFiles(lost), v.path)
	}
	if len(files) == 0 {
		_, err = v.add()
	}
	return err
}

// vaultFiles names the files of keys, as far as the keys' ids tell.
func vaultFiles(ids []string) string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = strconv.Quote(vaultKeyNames.begin + "*-" + id + vaultKeyNames.end) // a record may say anything
	}
	return strings.Join(names, ", ")
}

func (p *program) rotateVault(_ context.Context, w *place) error {
	key, err := (&vaultKeys{path: w.Data.keys(), now: p.now}).add()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "vault key %s seals credentials %s; keep the files of the older ones\n", key.ID(), w.newKeysAct())
	return err
}

// listVaultKeys tells also how many credentials are under each key, and which keys they need that are not there, when it can: a
// portal that runs has its store for itself.
func (p *program) listVaultKeys(ctx context.Context, w io.Writer, of *place) error {
	files, err := (&vaultKeys{path: of.Data.keys(), now: p.now}).load()
	if err != nil {
		return err
	}
	sealed, lost, err := p.countSealed(ctx, of, files)
	if errors.Is(err, bolt.ErrLocked) {
		_, err = fmt.Fprintln(p.stderr, "the portal runs; how many credentials are under which vault key is told when it does not")
	}
	for i, f := range files {
		state := "opens"
		switch {
		case of.shared():
			state = "can seal and open"
		case i == len(files)-1:
			state = "seals and opens"
		}
		if sealed != nil {
			state += fmt.Sprintf(", credentials: %d", sealed[i])
		}
		fmt.Fprintf(w, "credentials\t%s\t%s\t%s\n", f.key.ID(), vaultKeyNames.made(f.path), state)
	}
	for _, id := range lost {
		fmt.Fprintf(w, "credentials\t-\t-\tmissing: %s, which credentials need\n", vaultFiles([]string{id}))
	}
	return err
}

// countSealed counts the credentials that are under each key, and answers the keys that others are under.
func (p *program) countSealed(ctx context.Context, of *place, files []vaultKeyFile) (sealed []int, lost []string, err error) {
	db, err := of.use(ctx, p, bolt.Options{ReadOnly: true, Aside: true})
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	v := vault.New(account.New(db, account.Options{Now: p.now}), nil, nil)
	for _, f := range files {
		n, err := v.CountUnder(ctx, f.key.ID())
		if err != nil {
			return nil, nil, err
		}
		sealed = append(sealed, n)
	}
	used, err := v.KeysInUse(ctx)
	return sealed, missing(files, used), err
}
