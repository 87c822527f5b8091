package bolt

import (
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestStore(t *testing.T) {
	storetest.Run(t, func(t testing.TB) *store.DB { return fresh(t, filepath.Join(t.TempDir(), "store.db")) })
}

func TestReopen(t *testing.T) {
	storetest.Reopen(t, func(t testing.TB) (*store.DB, func() *store.DB) {
		path := filepath.Join(t.TempDir(), "store.db")
		return fresh(t, path), func() *store.DB { return opened(t, path, Options{}) }
	})
}

func fresh(t testing.TB, path string) *store.DB {
	t.Helper()
	return opened(t, path, Options{Create: true})
}

func opened(t testing.TB, path string, o Options) *store.DB {
	t.Helper()
	db, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func TestMarks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	storetest.Marks(t, func(t testing.TB, as store.Mark, aside bool) (*store.DB, error) {
		return Open(path, Options{Create: true, As: as, Aside: aside})
	})
}
