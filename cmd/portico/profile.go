package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/portico-vco/portico/auth/secret"
)

// A profile is a portal that somebody has logged in at, with the token that he calls it by.
type profile struct {
	URL      string    `json:"url"`
	CA       string    `json:"ca,omitempty"` // in PEM
	Username string    `json:"username"`
	Token    keptToken `json:"token"`
	TokenID  int64     `json:"tokenId"`
	Expires  time.Time `json:"expires"`
	Sources  bool      `json:"sources,omitempty"` // it may be used from some places alone: that it is refused does not say that it has ended
}

// A keptToken is a secret that is written, here alone.
type keptToken struct{ secret.Text }

// MarshalJSON writes the secret.
func (t keptToken) MarshalJSON() ([]byte, error) { return json.Marshal(string(t.Text)) }

// UnmarshalJSON reads it.
func (t *keptToken) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, (*string)(&t.Text)) }

// profiles are those of whoever runs the program: a file that nobody else may read, in a folder of its own.
type profiles struct {
	Current string              `json:"current"`
	All     map[string]*profile `json:"profiles"`
}

// profileFolder is where they are, such as ~/.config/portico.
func (p *program) profileFolder() (string, error) {
	dir, err := p.configDir()
	if err != nil {
		return "", fmt.Errorf("profiles: %w", err)
	}
	return filepath.Join(dir, "portico"), nil
}

func profileFile(dir string) string { return filepath.Join(dir, "profiles.json") }

// readProfiles answers none where there is no file, and refuses one that others can read.
func (p *program) readProfiles() (*profiles, error) {
	dir, err := p.profileFolder()
	if err != nil {
		return nil, err
	}
	return readProfiles(dir)
}

func readProfiles(dir string) (*profiles, error) {
	all := &profiles{All: map[string]*profile{}}
	path := profileFile(dir)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return all, nil
	}
	if err == nil {
		err = errors.Join(ownAlone(dir), ownAlone(path))
	}
	if err != nil {
		return nil, fmt.Errorf("profiles: %w", err)
	}
	if err := json.Unmarshal(data, all); err != nil {
		return nil, fmt.Errorf("profiles: %s is not what portico has written; remove it, and log in again", path)
	}
	for name, one := range all.All {
		if one == nil {
			delete(all.All, name)
		}
	}
	return all, nil
}

// ownAlone refuses what anybody else can read or write.
func ownAlone(path string) error {
	open, err := letsIn(path, 0o077)
	if open {
		err = fmt.Errorf("others can read %s, and there are API tokens in it; if nobody has, run: chmod go= %[1]s", path)
	}
	return err
}

// changeProfiles writes what change makes of the profiles. One waits for the other where two do.
func (p *program) changeProfiles(change func(*profiles) error) (err error) {
	dir, err := p.profileFolder()
	if err != nil {
		return err
	}
	if err := makeFolder(dir); err != nil {
		return fmt.Errorf("profiles: %w", err)
	}
	held, err := lock(filepath.Join(dir, "profiles.lock"))
	if errors.Is(err, errLocked) {
		err = errors.New("another process changes them; try again")
	}
	if err != nil {
		return fmt.Errorf("profiles: %w", err)
	}
	defer func() { err = errors.Join(err, held.Close()) }()
	all, err := readProfiles(dir)
	if err != nil {
		return err
	}
	if err := change(all); err != nil {
		return err
	}
	data, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(profileFile(dir), append(data, '\n'))
}

// profileInUse is the one that is asked for, or else the current one; nil where there is none. Only who asks for one is told that the
// profiles cannot be read for want of a home.
func (p *program) profileInUse(wanted string) (string, *profile, error) {
	all, err := p.readProfiles()
	if err != nil {
		if _, homeless := p.configDir(); homeless != nil && wanted == "" {
			return "", nil, nil
		}
		return "", nil, err
	}
	if wanted == "" {
		return all.Current, all.All[all.Current], nil
	}
	in, err := all.named(wanted)
	return wanted, in, err
}

func (all *profiles) named(name string) (*profile, error) {
	if in := all.All[name]; in != nil {
		return in, nil
	}
	if name == "" {
		return nil, wrong("there is no profile in use; see portico login, portico profile use")
	}
	return nil, wrong("there is no profile %q; see portico profile list", name)
}
