package etcd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/portico-vco/portico/store"
)

// Commit is as store.Engine says. It fails with ErrUnknown when nobody can say what became of it.
func (e *Engine) Commit(ctx context.Context, f func(store.Reader) ([]store.Write, error)) error {
	first := false
	defer func() {
		if first {
			e.forget(ctx, clientv3.Compare(clientv3.Value(e.keys.first), "=", e.process))
		}
	}()
	for lost := 0; ; lost++ {
		if lost >= losses && !first {
			first = e.goFirst(ctx)
		}
		if err := e.yield(ctx); err != nil {
			return err
		}
		if done, err := e.try(ctx, f, &first); done || err != nil {
			return err
		}
	}
}

// try is Commit, unless another process was quicker. What makes it the first goes with its writes.
func (e *Engine) try(ctx context.Context, f func(store.Reader) ([]store.Write, error), first *bool) (done bool, err error) {
	if err := e.trust(); err != nil {
		return false, err
	}
	head := e.applied.revision() // before the View: it may only be newer, and then the comparison fails
	var writes []store.Write
	err = e.read(ctx, func(r store.Reader) (err error) {
		writes, err = f(r)
		return err
	})
	switch {
	case err != nil:
		return false, err
	case len(writes) == 0:
		return e.stillAt(ctx, head)
	}
	done, err = e.write(ctx, head, slices.Clone(writes), *first) // the slice is the group's
	*first = *first && !done
	return done, err
}

// stillAt reports whether head is the newest commit; if not, the copy has a newer one when it returns.
func (e *Engine) stillAt(ctx context.Context, head int64) (bool, error) {
	if err := e.CatchUp(ctx); err != nil {
		return false, err
	}
	return e.applied.revision() == head, nil
}

// An attempt is a commit that this process has under way.
type attempt struct {
	number uint64
	name   string // what it puts into the head
	writes []store.Write
	seen   bool // the copy has it
	gap    bool // the copy was made anew meanwhile, and may have it without a word
}

func (e *Engine) newAttempt(writes []store.Write) (name string) {
	e.writing.Lock()
	defer e.writing.Unlock()
	n := e.attempt.number + 1
	e.attempt = attempt{number: n, name: fmt.Sprintf("%s %d", e.process, n), writes: writes}
	return e.attempt.name
}

func (e *Engine) outcome() attempt {
	e.writing.Lock()
	defer e.writing.Unlock()
	return e.attempt
}

// write makes the writes durable if head is the newest commit. Otherwise it returns false when the copy has a newer one.
func (e *Engine) write(ctx context.Context, head int64, writes []store.Write, first bool) (done bool, err error) {
	name := e.newAttempt(writes)
	txn := e.transaction(head, name, writes, first)
	for sent := 1; ; sent++ {
		resp, err := e.send(ctx, txn)
		switch {
		case err == nil && resp.Succeeded:
			e.apply(head, resp.Header.Revision, writes)
			return true, e.have(ctx, resp.Header.Revision)
		case err == nil:
			return e.lost(ctx, resp, sent)
		case sent > 1 && refused(err) != nil: // which says nothing of what was sent before
			return false, fmt.Errorf("%w (%w)", ErrUnknown, err)
		case errors.Is(err, rpctypes.ErrTooManyOps) && e.parted.Swap(false):
			return false, nil // another member counts otherwise: the group runs again, smaller
		case refused(err) != nil:
			return false, refused(err)
		}
		if e.trust() != nil {
			return false, fmt.Errorf("%w (%w)", ErrUnknown, err)
		}
		if err := pause(ctx, sent); err != nil {
			return false, errors.Join(ErrUnknown, err)
		}
	}
}

// transaction is the commit in etcd's words. The head is put last, so that the watch tells it behind all else.
func (e *Engine) transaction(head int64, name string, writes []store.Write, first bool) func(clientv3.Txn) clientv3.Txn {
	ops := make([]clientv3.Op, 0, len(writes)+ownOps)
	for _, w := range writes {
		if store.IsEntry(w.Key) {
			continue // whoever reads the record makes it
		}
		key := e.keys.data + string(w.Key)
		if w.Value == nil {
			ops = append(ops, clientv3.OpDelete(key))
		} else {
			ops = append(ops, clientv3.OpPut(key, string(w.Value)))
		}
	}
	ops = inParts(ops)
	if first {
		ops = append(ops, clientv3.OpDelete(e.keys.first))
	}
	ops = append(ops, clientv3.OpPut(e.keys.head, name))
	unmoved := clientv3.Compare(clientv3.ModRevision(e.keys.head), "=", head)
	return func(t clientv3.Txn) clientv3.Txn { return t.If(unmoved).Then(ops...).Else(clientv3.OpGet(e.keys.head)) }
}

func (e *Engine) send(ctx context.Context, txn func(clientv3.Txn) clientv3.Txn) (resp *clientv3.TxnResponse, err error) {
	err = e.call(ctx, e.Behind/2, func(ctx context.Context) (err error) {
		resp, err = txn(e.client.Txn(ctx)).Commit()
		return err
	})
	return resp, err
}

// have waits until the copy has a commit of this process, by whichever way.
func (e *Engine) have(ctx context.Context, revision int64) error {
	for {
		err := e.catchUpTo(ctx, revision)
		if err == nil {
			return nil
		}
		if e.trust() != nil {
			return errors.Join(ErrUnknown, err)
		}
	}
}

// lost waits until the copy knows the head by which the comparison failed, and says whether that was a commit of this very attempt.
func (e *Engine) lost(ctx context.Context, resp *clientv3.TxnResponse, sent int) (done bool, err error) {
	get := resp.Responses[0].GetResponseRange()
	if len(get.Kvs) == 0 {
		e.fail(errHeadGone)
		return false, errHeadGone
	}
	if err := e.catchUpTo(ctx, get.Kvs[0].ModRevision); err != nil {
		if sent > 1 {
			return false, errors.Join(ErrUnknown, err)
		}
		return false, err
	}
	o := e.outcome()
	if sent > 1 && o.gap && !o.seen {
		return false, ErrUnknown
	}
	return o.seen, nil
}

// refused are the errors that say for sure that nothing was written, in store's words.
func refused(err error) error {
	switch {
	case errors.Is(err, rpctypes.ErrNoSpace):
		return fmt.Errorf("%w: the quota of etcd is used up; compact, defragment, disarm the alarm", store.ErrFull)
	case errors.Is(err, rpctypes.ErrTooManyOps), errors.Is(err, rpctypes.ErrRequestTooLarge):
		return fmt.Errorf("%w: etcd: %w (--max-txn-ops and --max-request-bytes must not be below their defaults)", store.ErrUnavailable, err)
	case errors.Is(err, rpctypes.ErrPermissionDenied), errors.Is(err, rpctypes.ErrAuthFailed),
		errors.Is(err, rpctypes.ErrUserEmpty), errors.Is(err, rpctypes.ErrInvalidAuthToken):
		return fmt.Errorf("%w: etcd: %w", store.ErrUnavailable, err)
	}
	return nil
}

// pause waits a little longer each time, for at most 200 ms.
func pause(ctx context.Context, try int) error {
	select {
	case <-time.After(min(time.Duration(try)*10*time.Millisecond, 200*time.Millisecond)):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
