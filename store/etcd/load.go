package etcd

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/portico-vco/portico/store"
)

const (
	page     = 5000 // keys of one read
	pageTime = 30 * time.Second
)

// load makes a copy of the store as it is at one revision, lets it take the place of the one before, and returns the revision that a
// watch has to begin with.
//
// Meanwhile nothing is written to the one before: what it had ahead of the new one would be gone again.
func (e *Engine) load(ctx context.Context) (from int64, err error) {
	e.setDirect(false)
	defer e.setDirect(true)
	made, err := e.Options.Copy(e.is.ID)
	if err != nil {
		return 0, fmt.Errorf("the local copy: %w", err)
	}
	head, revision, err := e.fill(ctx, made)
	if err != nil {
		return 0, errors.Join(err, made.Close())
	}
	if before := e.replace(made, head); before != nil {
		e.work.Go(func() { _ = before.Close() }) // waits for its Views
	}
	return revision + 1, nil
}

func (e *Engine) setDirect(direct bool) {
	e.writing.Lock()
	defer e.writing.Unlock()
	e.direct = direct
}

// fill copies all data, as it is now, into an empty engine.
func (e *Engine) fill(ctx context.Context, into store.Engine) (head, revision int64, err error) {
	get, err := e.page(ctx, e.keys.head)
	if err != nil {
		return 0, 0, err
	}
	if len(get.Kvs) == 0 {
		return 0, 0, errHeadGone
	}
	head, revision = get.Kvs[0].ModRevision, get.Header.Revision
	if err := e.sameMark(ctx, revision); err != nil {
		return 0, 0, err
	}
	ctx, cancel := context.WithCancel(ctx)
	pages := make(chan []store.Write, 1) // the next one is on its way while one is written
	var read sync.WaitGroup
	var failed error
	read.Go(func() {
		defer close(pages)
		failed = e.pages(ctx, revision, pages)
	})
	for writes := range pages {
		if err == nil {
			err = into.Commit(ctx, func(store.Reader) ([]store.Write, error) { return withEntries(nil, writes) })
		}
		if err != nil {
			cancel()
		}
	}
	cancel()
	read.Wait()
	if err != nil {
		return 0, 0, fmt.Errorf("the local copy: %w", err)
	}
	return head, revision, failed
}

// pages reads all data, as it was at a revision.
func (e *Engine) pages(ctx context.Context, revision int64, to chan<- []store.Write) error {
	for s := (stride{}); ; {
		until, end := s.to(), e.keys.end()
		if until != "" {
			end = e.keys.data + until
		}
		get, err := e.page(ctx, e.keys.data+s.from, clientv3.WithRange(end), clientv3.WithLimit(page), clientv3.WithRev(revision))
		if err != nil {
			return err
		}
		writes := make([]store.Write, len(get.Kvs))
		for i, kv := range get.Kvs {
			writes[i] = store.Write{Key: kv.Key[len(e.keys.data):], Value: kv.Value}
		}
		s.next(until, writes, page, get.More)
		select {
		case to <- writes:
		case <-ctx.Done():
			return ctx.Err()
		}
		if !get.More && until == "" {
			return nil
		}
	}
}

// page reads some keys, from one member or the next.
func (e *Engine) page(ctx context.Context, from string, o ...clientv3.OpOption) (get *clientv3.GetResponse, err error) {
	for range e.Endpoints {
		if get, err = e.get(ctx, pageTime, from, o...); err == nil || ctx.Err() != nil {
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("etcd: %w", err)
	}
	return get, nil
}
