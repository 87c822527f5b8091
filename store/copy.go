package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Copy lets the engine make a copy of the store at path; see Copier. It fails with errors.ErrUnsupported where the engine
// cannot, and with an error of the files otherwise. A copy that turns out damaged is no copy, and says nothing of the store.
func (db *DB) Copy(ctx context.Context, path string, at time.Time, progress func(done, all int64)) (err error) {
	if err := db.ready(ctx); err != nil {
		return err
	}
	c, can := db.engine.(Copier)
	if !can {
		return fmt.Errorf("a copy of the store: %w", errors.ErrUnsupported)
	}
	defer db.guard(&err)()
	return c.Copy(ctx, path, at, progress)
}
