package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A portal that cannot be trusted, or reached, does not start, says which file it is about and what to do.
func TestRefusalsSayWhatToDo(t *testing.T) {
	t.Parallel()
	whole := filepath.Join(t.TempDir(), "whole")
	serving(t, demoArgs(whole)...).stop()
	store := folder(whole).store()
	if err := os.Truncate(store, 64*4096); err != nil { // what it has in reserve
		t.Fatal(err)
	}
	vaultKey := filesOf(t, whole, vaultKeyNames)[0]
	remove, empty := os.Remove, func(path string) error { return os.Truncate(path, 0) }
	cut := func(path string) error { return os.Truncate(path, 20) }
	for _, c := range []struct {
		name  string
		file  string
		spoil func(path string) error
		says  []string
	}{
		{"no store", store, remove, []string{"portal has lost its store", "portico restore"}},
		{"an empty store", store, empty, []string{"portico.db: ", "empty", "restore the store from a backup"}},
		{"the beginning of a store", store, cut, []string{"portico.db: ", "not a Portico store", "from a backup"}},
		{"half a store", store, func(path string) error { return os.Truncate(path, 20_000) },
			[]string{"portico.db: ", "cut off", "restore the store from a backup"}},
		{"no signing key", keysIn(t, whole)[0], remove, []string{"no signing key", "from a backup", "keys rotate-signing"}},
		{"an empty signing key", keysIn(t, whole)[0], empty, []string{"api-token-", "restore it from a backup"}},
		{"half a key of access tokens", filesOf(t, whole, accessTokens.keyNames)[0], cut, []string{"access-token-", "restore it from a backup"}},
		{"no sealing key", folder(whole).sealKey(), remove, []string{"seal.key", "restore it from a backup"}},
		{"half a sealing key", folder(whole).sealKey(), cut, []string{"seal.key", "restore it from a backup"}},
		{"half a vault key", vaultKey, cut, []string{"vault-", "restore it from a backup"}},
	} {
		dir := filepath.Join(t.TempDir(), "data")
		copyTree(t, whole, dir)
		name, err := filepath.Rel(whole, c.file)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.spoil(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		before := contents(t, dir)
		p := launch(t, serveArgs(dir)...)
		status, said := p.wait(), p.stderr.String()
		if status != exitFailed || p.url != "" {
			t.Errorf("%s: exit status %d\n%s", c.name, status, said)
		}
		for _, says := range c.says {
			if !strings.Contains(said, says) {
				t.Errorf("%s: it does not say %q:\n%s", c.name, says, said)
			}
		}
		if diff := cmp.Diff(before, contents(t, dir)); diff != "" {
			t.Errorf("%s: the folder was changed:\n%.500s", c.name, diff)
		}
	}
	for _, err := range []error{fs.ErrPermission, syscall.EROFS} {
		if said := access(err); !errors.Is(said, err) || !strings.Contains(said.Error(), "readable and writable for the user") {
			t.Errorf("%v: it does not say what to do", said)
		}
	}
}
