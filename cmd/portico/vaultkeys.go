package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portico-vco/portico/auth/secret"
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

func (v *vaultKeys) read() (*secret.Keyring, error) {
	files, err := v.load()
	if err != nil {
		return nil, err
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
			return nil, fmt.Errorf("vault keys: %w", err)
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

// haveVaultKey makes the first vault key, also of a portal that was made before there were any. Which keys a portal needs its
// credentials say; one that needs a key which is not there is refused before anybody finds it out by a credential that does not
// open.
func (o *instance) haveVaultKey(ctx context.Context) error {
	used, err := o.keysInUse(ctx)
	if err != nil {
		return err
	}
	files, err := o.vaultKeys.load()
	if err != nil {
		return err
	}
	if lost := missing(files, used); len(lost) > 0 {
		return fmt.Errorf("data folder %s: there are credentials, but not the vault keys that they are sealed under: restore %s from a "+
			"backup of the folder keys; no other key opens them", o.Data, vaultFiles(lost))
	}
	if len(files) == 0 {
		_, err = o.vaultKeys.add()
	}
	return err
}

func (o *instance) keysInUse(ctx context.Context) ([]string, error) {
	if o.credentials == nil {
		return nil, nil
	}
	return o.credentials.KeysInUse(ctx)
}

// vaultFiles names the files of keys, as far as the keys' ids tell.
func vaultFiles(ids []string) string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = strconv.Quote(vaultKeyNames.begin + "*-" + id + vaultKeyNames.end) // a record may say anything
	}
	return strings.Join(names, ", ")
}

func (p *program) rotateVault(_ context.Context, d folder) error {
	key, err := (&vaultKeys{path: d.keys(), now: p.now}).add()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "vault key %s seals credentials from now on; keep the files of the older ones\n", key.ID())
	return err
}

func (p *program) listVaultKeys(_ context.Context, w io.Writer, d folder) error {
	files, err := (&vaultKeys{path: d.keys(), now: p.now}).load()
	for i, f := range files {
		state := "opens"
		if i == len(files)-1 {
			state = "seals and opens"
		}
		fmt.Fprintf(w, "credentials\t%s\t%s\t%s\n", f.key.ID(), vaultKeyNames.made(f.path), state)
	}
	return err
}
