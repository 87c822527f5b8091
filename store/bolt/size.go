package bolt

import (
	"context"
	"io"

	"github.com/portico-vco/portico/store"
)

// Size is that of the file, and of what of it no page in use takes. bbolt would count them itself only along with statistics of
// every transaction, under one lock for all readers.
func (e *engine) Size(context.Context) (s store.Size, err error) {
	tx, err := e.enter() // while it lasts, its head and its list of free pages are not written over
	if err != nil {
		return s, err
	}
	defer e.leave(tx)
	info, err := e.file.file.Stat()
	if err != nil {
		return s, err
	}
	s.Total = info.Size()
	first, second := readHeads(e.file.file)
	for _, h := range []head{first, second} {
		if h.valid && h.commit == int64(tx.ID()) {
			listed, err := freeBytes(e.file.file, h)
			s.Free = listed + s.Total - h.pages*h.pageSize
			return s, err
		}
	}
	return s, errHead
}

// freeBytes reads how long the list of free pages is that a head names.
func freeBytes(f io.ReaderAt, h head) (int64, error) {
	if h.freelist == noFreelist {
		return 0, nil
	}
	b := make([]byte, pageHead+8)
	if _, err := f.ReadAt(b, int64(h.freelist)*h.pageSize); err != nil {
		return 0, err
	}
	list := page{bytes: b, count: int(order.Uint16(b[10:]))}
	return int64(list.freeCount()) * h.pageSize, nil
}
