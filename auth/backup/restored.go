package backup

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/store"
)

// A Step ends a few of one kind of thing in an Update, and says how many those were and whether there may be more.
type Step func(tx store.Tx) (n int, more bool, err error)

// Restored turns a store that was a backup made at that time into one that may be served: it takes all steps, and tells how many
// things of each name were ended, and of the time whose revocations nobody knows. It must be done before anybody is served, and
// may be done again.
func Restored(ctx context.Context, a *account.Accounts, made time.Time, steps map[string]Step) (account.Restoration, map[string]int, error) {
	r := account.Restoration{From: made, Time: a.Now()}
	ended := make(map[string]int)
	for _, name := range slices.Sorted(maps.Keys(steps)) {
		n, err := all(ctx, a, steps[name])
		if err != nil {
			return r, nil, err
		}
		ended[name] = n
	}
	return r, ended, a.Store.Update(ctx, func(tx store.Tx) error {
		detail := make(map[string]any)
		for name, n := range ended {
			detail[name] = n
		}
		return a.NoteRestored(tx, r, detail)
	})
}

func all(ctx context.Context, a *account.Accounts, step Step) (sum int, err error) {
	for more := true; more; {
		var n int
		err := a.Store.Update(ctx, func(tx store.Tx) (err error) {
			n, more, err = step(tx)
			return err
		})
		if err != nil {
			return sum, err
		}
		sum += n
	}
	return sum, nil
}
