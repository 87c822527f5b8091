package bolt

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"testing"

	"github.com/portico-vco/portico/store"
)

// Total is the file's, Free grows with what is deleted and shrinks with what takes its place.
func TestSize(t *testing.T) {
	path := made(t)
	db := opened(t, path, Options{})
	write := func(value []byte) {
		t.Helper()
		for i := range 40 {
			err := db.Update(t.Context(), func(tx store.Tx) error {
				if value == nil {
					return tx.Delete(key(i))
				}
				return tx.Put(key(i), value)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	size := func() store.Size {
		t.Helper()
		s, err := db.Size(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if info, _ := os.Stat(path); s.Total != info.Size() || s.Free < 0 || s.Free >= s.Total {
			t.Fatalf("%+v of a file of %d", s, info.Size())
		}
		return s
	}
	const long = 40_000
	write(bytes.Repeat([]byte("x"), long))
	full := size()
	write(nil)
	empty := size()
	if gone := empty.Free - full.Free; gone < 40*long {
		t.Errorf("%d bytes were deleted and %d are free: %+v, %+v", 40*long, gone, full, empty)
	}
	write(bytes.Repeat([]byte("y"), long))
	if again := size(); again.Free > empty.Free-30*long {
		t.Errorf("what was free is not used: %+v, %+v", empty, again)
	}
	db.Close()
	if _, err := db.Size(t.Context()); !errors.Is(err, store.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// The length of the list stands in one of two places.
func TestFreeBytes(t *testing.T) {
	b, h := image(t)
	at := int(int64(h.freelist) * h.pageSize)
	want := int64(order.Uint16(b[at+10:])) * h.pageSize
	if got, err := freeBytes(bytes.NewReader(b), h); err != nil || got != want || got == 0 {
		t.Errorf("%d, %v, want %d", got, err, want)
	}
	long := slices.Clone(b)
	order.PutUint16(long[at+10:], tooMany)
	order.PutUint64(long[at+pageHead:], 70_000)
	if got, err := freeBytes(bytes.NewReader(long), h); err != nil || got != 70_000*h.pageSize {
		t.Errorf("a list of 70,000: %d, %v", got, err)
	}
	h.freelist = noFreelist
	if got, err := freeBytes(bytes.NewReader(b), h); err != nil || got != 0 {
		t.Errorf("without a list: %d, %v", got, err)
	}
}
