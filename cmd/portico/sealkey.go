package main

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/portico-vco/portico/auth/secret"
)

// The sealing key is a file of its own beside the signing keys. What is sealed in the store, such as the seeds of second
// factors, is lost with it, so it is never made anew for a portal that is made.

func (d folder) sealKey() string { return filepath.Join(d.keys(), "seal.key") }

// sealer opens the sealing key of a portal; of one in the making it is made.
func (o *instance) sealer(made bool) (*secret.Sealer, error) {
	s, err := o.Data.sealer()
	if errors.Is(err, fs.ErrNotExist) && !made {
		return newSealer(o.Data.sealKey())
	}
	return s, err
}

// sealer opens the sealing key of a portal that is made.
func (d folder) sealer() (*secret.Sealer, error) {
	path := d.sealKey()
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("data folder %s: there is a store but no sealing key: restore it from a backup: %w", d, err)
	case err != nil:
		return nil, fmt.Errorf("sealing key: %w", access(err))
	}
	if err := private(path, 0o077); err != nil {
		return nil, err
	}
	key, err := base64.RawStdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != secret.SealKeyLen {
		return nil, fmt.Errorf("%s is not a sealing key; restore it from a backup", path)
	}
	return secret.NewSealer(key, rand.Reader)
}

func newSealer(path string) (*secret.Sealer, error) {
	key := make([]byte, secret.SealKeyLen)
	if _, err := rand.Read(key); err != nil {
		return nil, err
	}
	if err := makeFolder(filepath.Dir(path)); err != nil {
		return nil, err
	}
	if err := writeFile(path, []byte(base64.RawStdEncoding.EncodeToString(key)+"\n")); err != nil {
		return nil, err
	}
	return secret.NewSealer(key, rand.Reader)
}
