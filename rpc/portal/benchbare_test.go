package portal_test

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"

	"go.etcd.io/bbolt"
)

// bare is what net/http and encoding/json cost: it reads a call and answers prepared bytes, without a log.
type bare struct {
	answer []byte
	look   func(r *http.Request) error
}

func (h bare) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var call struct {
		JSONRPC string `json:"jsonrpc"`
		ID      int    `json:"id"`
		Method  string `json:"method"`
		Params  struct {
			EnterpriseID int `json:"enterpriseId"`
		} `json:"params"`
	}
	if err == nil {
		err = json.Unmarshal(body, &call)
	}
	if err == nil && h.look != nil {
		err = h.look(r)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(h.answer)))
	w.Write(h.answer)
}

// lookup is a bbolt file with as many keys as there are tokens, and a handler's look at one of them.
func lookup(b *testing.B, keys int, texts []string) func(r *http.Request) error {
	b.Helper()
	db, err := bbolt.Open(filepath.Join(b.TempDir(), "bare.db"), 0o600, &bbolt.Options{NoSync: true})
	must(b, err)
	b.Cleanup(func() { db.Close() })
	value := make([]byte, 300)
	bucket := []byte("tokens")
	must(b, db.Update(func(tx *bbolt.Tx) error {
		bk, err := tx.CreateBucket(bucket)
		for i := 0; err == nil && i < keys; i++ {
			err = bk.Put(fmt.Appendf(nil, "%016x", i), value)
		}
		for _, t := range texts {
			d := sha256.Sum256([]byte(t))
			if err == nil {
				err = bk.Put(d[:16], append(d[:], value...))
			}
		}
		return err
	}))
	return func(r *http.Request) error {
		d := sha256.Sum256([]byte(r.Header.Get("Authorization")[len("Token "):]))
		return db.View(func(tx *bbolt.Tx) error {
			v := tx.Bucket(bucket).Get(d[:16])
			if len(v) < 32 || subtle.ConstantTimeCompare(v[:32], d[:]) != 1 {
				return fmt.Errorf("unknown")
			}
			return nil
		})
	}
}

// bareWriters put single keys of 300 bytes: one by bbolt.Batch, one by a committer that takes all that waits.
func bareWriters(b *testing.B) (batch, group func(int) error) {
	b.Helper()
	bucket, value := []byte("b"), make([]byte, 300)
	open := func(name string) *bbolt.DB {
		db, err := bbolt.Open(filepath.Join(b.TempDir(), name), 0o600, nil)
		must(b, err)
		must(b, db.Update(func(tx *bbolt.Tx) error { _, err := tx.CreateBucket(bucket); return err }))
		b.Cleanup(func() { db.Close() })
		return db
	}
	var n atomic.Int64
	key := func() []byte { return fmt.Appendf(nil, "%016x", n.Add(1)) }
	one, two := open("batch.db"), open("group.db")
	batch = func(int) error {
		k := key()
		return one.Batch(func(tx *bbolt.Tx) error { return tx.Bucket(bucket).Put(k, value) })
	}
	type put struct {
		key  []byte
		done chan error
	}
	puts := make(chan put, 1024)
	b.Cleanup(func() { close(puts) })
	go func() {
		for p := range puts {
			waiting := []put{p}
			for more := true; more; {
				select {
				case q, ok := <-puts:
					if more = ok; ok {
						waiting = append(waiting, q)
					}
				default:
					more = false
				}
			}
			err := two.Update(func(tx *bbolt.Tx) error {
				for _, w := range waiting {
					if err := tx.Bucket(bucket).Put(w.key, value); err != nil {
						return err
					}
				}
				return nil
			})
			for _, w := range waiting {
				w.done <- err
			}
		}
	}()
	return batch, func(int) error {
		p := put{key(), make(chan error, 1)}
		puts <- p
		return <-p.done
	}
}
