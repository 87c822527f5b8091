package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/secret"
)

const keysText = `The keys of a portal, whether it runs or not:

  rotate           Adds a vault key, under which credentials are sealed from now on. The portal rewraps the others while it runs,
                   and says in its log when no credential needs the older keys any more. Their files stay: backups of the store
                   from before open with them alone.
  rotate-signing   Makes new keys of API tokens and of access tokens, which are apart. They sign from now on; of the older ones only
                   the public halves are kept, and GET /oauth2/jwks.json shows them until the last token of theirs ends. No token
                   becomes invalid.
  list             Prints which keys there are and what each of them does, but no key; and while the portal does not run, or where its store is in
                   etcd, how many credentials are under each vault key, and which key they need that is not there.

A portal that runs takes a new key at its next use. Portals that share a store take it as soon as all that run have it in their folders
keys, whoever has it first. What was cut off half-way is made good by running it again, or by the next
start of the portal.
`

func (p *program) keys() *cobra.Command {
	w := place{Data: "./data"}
	c := p.command(about{
		use: "keys [rotate | rotate-signing | list] [flags]", short: "list or rotate the keys of a portal", text: keysText,
	}, func(ctx context.Context, words []string) error {
		do := map[string]func(*program, context.Context, *place) error{
			"rotate": (*program).rotateVault, "rotate-signing": (*program).rotateSigning, "list": (*program).listKeys,
		}
		if len(words) != 1 || do[words[0]] == nil {
			return wrong("what to do with the keys? There is rotate, rotate-signing and list")
		}
		if err := w.check(); err != nil {
			return wrong("%w", err)
		}
		if err := w.made(); err != nil {
			return err
		}
		return do[words[0]](p, ctx, &w)
	})
	c.ValidArgs = []string{"rotate", "rotate-signing", "list"}
	w.flags(p, c.Flags())
	return c
}

func (p *program) rotateSigning(_ context.Context, w *place) error {
	rotate := (*keyFolder).rotate
	if w.shared() {
		rotate = (*keyFolder).add
	}
	for _, u := range signingUses {
		k, err := rotate(&keyFolder{path: w.Data.keys(), use: u, now: p.now})
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(p.stdout, "key %s signs %s %s\n", k.ID(), u.noun, w.newKeysAct()); err != nil {
			return err
		}
	}
	return nil
}

// newKeysAct says since when a new key is used.
func (w *place) newKeysAct() string {
	if w.shared() {
		return "as soon as all portals that share the store have it: copy the folder keys to them"
	}
	return "from now on"
}

// listKeys prints ids and times, which are no secrets.
func (p *program) listKeys(ctx context.Context, of *place) error {
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "FOR\tKEY\tMADE\tSTATE")
	for _, u := range signingUses {
		files, err := (&keyFolder{path: of.Data.keys(), use: u, now: p.now}).load()
		if err != nil {
			return err
		}
		for i, f := range files {
			state := "verifies"
			switch {
			case of.shared() && f.key.Signs():
				state = "can sign"
			case i == lastSigner(files):
				state = "signs"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", u.noun, f.key.ID(), u.made(f.path), state)
		}
	}
	return errors.Join(p.listVaultKeys(ctx, w, of), w.Flush())
}

// A keyUse is what keys are for. No key is for two uses.
type keyUse struct {
	noun string
	keyNames
	ring func(...secret.Key) (*secret.Ring, error)
}

var (
	apiTokens    = keyUse{"API tokens", keyNames{"api-token-", ".jwk"}, secret.NewRing}
	accessTokens = keyUse{"access tokens", keyNames{"access-token-", ".jwk"}, secret.NewAccessRing}
	signingUses  = []keyUse{apiTokens, accessTokens}
)

// shortID is how much of a key's id is in the name of its file.
const shortID = 8

// A keyFolder is the folder of the keys that sign, a file each, as far as they are for one use. The last one that has its
// private half signs. So whoever adds a key first and takes the private halves of the older ones after may be stopped at any
// point, and two may do it at once.
type keyFolder struct {
	path string
	use  keyUse
	now  func() time.Time
	kept keptRing[secret.Ring]
}

// ring answers the keys as they are now.
func (k *keyFolder) ring() (*secret.Ring, error) {
	return k.kept.get(k.path, k.now, func(chosen string) (*secret.Ring, error) {
		files, err := k.load()
		if err != nil {
			return nil, err
		}
		r, err := k.ringOf(files, chosen)
		if err != nil {
			return nil, fmt.Errorf("signing keys in %s: %w", k.path, err)
		}
		return r, nil
	})
}

func (k *keyFolder) ringOf(files []keyFile, chosen string) (*secret.Ring, error) {
	at := signer(files, chosen)
	if at < 0 {
		return nil, notHere(chosen)
	}
	keys := make([]secret.Key, len(files))
	for i, f := range inUse(files, at) {
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
	paths, err := k.use.in(k.path)
	if err != nil {
		return nil, fmt.Errorf("signing keys: %w", err)
	}
	var files []keyFile
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("signing keys: %w", access(err))
		}
		key, err := secret.ParseKey(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w; restore it from a backup", path, err)
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
	return lastSigner(files) >= 0, err
}

// notHere is the error for a key in use that is not in the folder; of a portal that shares no store, where none was chosen, any can be.
func notHere(chosen string) error {
	if chosen == "" {
		return errors.New("no key can sign")
	}
	return auth.Because(auth.Unavailable, fmt.Errorf("the key %s, which is in use, is not there", short(chosen)), "unavailable")
}

// signer is the place of the key that was chosen, if it can sign; of none, of the last one that can. -1 is none.
func signer(files []keyFile, chosen string) int {
	if chosen == "" {
		return lastSigner(files)
	}
	return slices.IndexFunc(files, func(f keyFile) bool { return f.key.ID() == chosen && f.key.Signs() })
}

// lastSigner is the place of the key that signs; -1 when none can.
func lastSigner(files []keyFile) int {
	for i := len(files) - 1; i >= 0; i-- {
		if files[i].key.Signs() {
			return i
		}
	}
	return -1
}

// rotate adds a key and retires the others.
func (k *keyFolder) rotate() (secret.Key, error) {
	key, err := k.add()
	if err != nil {
		return key, err
	}
	return key, k.retire()
}

// add adds a key.
func (k *keyFolder) add() (secret.Key, error) {
	if err := makeFolder(k.path); err != nil {
		return secret.Key{}, err
	}
	if _, err := k.load(); err != nil { // what is not as it should be stays as it is
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
	path, err := k.use.next(k.path, key.ID()[:shortID], k.now())
	if err != nil {
		return secret.Key{}, err
	}
	return key, writeFile(path, data)
}

// retire takes the private halves of all keys before the one that signs.
func (k *keyFolder) retire() error {
	files, err := k.load()
	if err != nil {
		return err
	}
	for i := range max(signer(files, k.kept.use()), 0) {
		f := files[i]
		if !f.key.Signs() {
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
