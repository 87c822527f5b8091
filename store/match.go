package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"sync"
)

// A Digest is all that a store holds, in short.
type Digest struct {
	Keys int64
	Hash [sha256.Size]byte // of all keys and values, in the order of the keys
}

// Sum reads all that is stored.
func Sum(ctx context.Context, tx Tx, progress func(keys int64)) (d Digest, err error) {
	h, length := sha256.New(), make([]byte, 0, 2*binary.MaxVarintLen64)
	err = tx.Scan(Range{}, func(key, value []byte) (bool, error) {
		length = binary.AppendUvarint(binary.AppendUvarint(length[:0], uint64(len(key))), uint64(len(value)))
		h.Write(length)
		h.Write(key)
		h.Write(value)
		if d.Keys++; d.Keys%tellKeys == 0 {
			progress(d.Keys)
		}
		return true, ctx.Err()
	})
	h.Sum(d.Hash[:0])
	return d, err
}

// How much of a store is matched at a time.
const (
	matchKeys  = 2000
	matchBytes = 8 << 20
)

// Match makes one store hold what another one does, in many Updates, of what differs alone: whatever cut it off, another one
// goes on. Nobody else may write to either.
func Match(ctx context.Context, to, from *DB, progress func(keys int64)) error {
	var done int64
	for r := (Range{}); ; r.From = r.To {
		want, next, err := from.page(ctx, r.From)
		if err != nil {
			return err
		}
		r.To = next
		if err := to.match(ctx, r, want); err != nil {
			return err
		}
		done += int64(len(want))
		progress(done)
		if next == nil {
			return nil
		}
	}
}

// page reads what is stored from a key on, and the first key that is not in it any more; nil when there is none.
func (db *DB) page(ctx context.Context, from []byte) (page []Write, next []byte, err error) {
	err = db.View(ctx, func(tx Tx) error {
		size := 0
		return tx.Scan(Range{From: from}, func(key, value []byte) (bool, error) {
			if len(page) == matchKeys || size > matchBytes {
				next = bytes.Clone(key)
				return false, nil
			}
			page = append(page, Seal(key, value))
			size += len(key) + len(value)
			return true, nil
		})
	})
	return page, next, err
}

// match makes a part of the store hold just what is wanted.
func (db *DB) match(ctx context.Context, r Range, want []Write) error {
	for {
		writes, more, err := db.differing(ctx, r, want)
		if err == nil {
			err = db.write(ctx, writes)
		}
		if err != nil || !more {
			return err
		}
	}
}

// differing are the writes that are missing, or some of them.
func (db *DB) differing(ctx context.Context, r Range, want []Write) (writes []Write, more bool, err error) {
	err = db.View(ctx, func(tx Tx) error {
		err := tx.Scan(r, func(key, value []byte) (bool, error) {
			for len(want) > 0 && bytes.Compare(want[0].Key, key) < 0 {
				writes, want = append(writes, want[0]), want[1:]
			}
			switch {
			case len(want) == 0 || !bytes.Equal(want[0].Key, key):
				writes = append(writes, Write{Key: bytes.Clone(key)})
			case !bytes.Equal(opened(want[0]), value):
				writes = append(writes, want[0])
				fallthrough
			default:
				want = want[1:]
			}
			more = len(writes) >= matchKeys
			return !more, nil
		})
		if !more {
			writes = append(writes, want...)
		}
		return err
	})
	return writes, more, err
}

// write makes writes, in as many Updates as the limits want; they share commits.
func (db *DB) write(ctx context.Context, writes []Write) error {
	var all sync.WaitGroup
	var once sync.Once
	var first error
	for len(writes) > 0 {
		n := fitting(writes)
		part := writes[:n]
		writes = writes[n:]
		all.Go(func() {
			if err := db.Update(ctx, func(tx Tx) error { return writeAll(tx, part) }); err != nil {
				once.Do(func() { first = err })
			}
		})
	}
	all.Wait()
	return first
}

// fitting is how many writes an Update can hold.
func fitting(writes []Write) (n int) {
	for size := 0; n < min(len(writes), MaxKeys); n++ {
		if size += writes[n].size(); n > 0 && size > MaxBytes {
			break
		}
	}
	return n
}

func writeAll(tx Tx, writes []Write) error {
	for _, w := range writes {
		err := error(nil)
		if w.Value == nil {
			err = tx.Delete(w.Key)
		} else {
			err = tx.Put(w.Key, opened(w))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
