package sink

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/portico-vco/portico/auth/ship"
)

// A file is lines of JSON at the end of a file, which has them on its disk before they count as taken. Whoever renames it finds the
// next batch in a new one; whoever empties it in place finds it there.
type file struct {
	path string
	f    *os.File
}

// Send appends the events. The file is let go of behind a failure: what is left of a line is seen when it is opened again.
func (s *file) Send(_ context.Context, events []ship.Event) (err error) {
	defer func() {
		if err != nil {
			_ = s.Close()
		}
	}()
	if err := s.follow(); err != nil {
		return err
	}
	if _, err := s.f.Write(lines(events)); err != nil {
		return err
	}
	return s.f.Sync()
}

func (s *file) Close() error {
	if s.f == nil {
		return nil
	}
	err := s.f.Close()
	s.f = nil
	return err
}

// lines are the events, each on its own.
func lines(events []ship.Event) (b []byte) {
	for _, e := range events {
		b = append(append(b, e.Line...), '\n')
	}
	return b
}

// follow opens the file unless the one that is open has that name still.
func (s *file) follow() error {
	named, err := os.Stat(s.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err == nil && !named.Mode().IsRegular() { // to open a pipe might take for ever, and it syncs nothing
		return fmt.Errorf("%s is not a file", s.path)
	}
	if s.f != nil && err == nil {
		if opened, err := s.f.Stat(); err == nil && os.SameFile(named, opened) {
			return nil
		}
	}
	_ = s.Close() // it was synced
	if s.f, err = os.OpenFile(s.path, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600); err != nil {
		return err
	}
	if named == nil {
		return syncFolder(filepath.Dir(s.path))
	}
	return s.mend()
}

// mend ends a line that was cut off, so that the next one is whole.
func (s *file) mend() error {
	info, err := s.f.Stat()
	if err != nil || info.Size() == 0 {
		return err
	}
	last := make([]byte, 1)
	if _, err := s.f.ReadAt(last, info.Size()-1); err != nil || last[0] == '\n' {
		return err
	}
	_, err = s.f.Write([]byte{'\n'})
	return err
}

// syncFolder makes the name of a new file durable.
func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
