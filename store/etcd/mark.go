package etcd

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/portico-vco/portico/store"
)

// format is the version of what lies under the prefix. In the first, entries did too.
const format = 2

// The mark is one value, sealed like all others: markMagic, one byte of format, and a store.Mark in JSON.
var markMagic = []byte("Portico store")

var errMarked = fmt.Errorf("%w: it was set aside and put back meanwhile; restart", store.ErrAside)

// identify reads the mark, or makes it along with the head, and checks what it says.
func (e *Engine) identify(ctx context.Context) error {
	get, err := e.firstAnswer(ctx)
	if err == nil && len(get.Kvs) == 0 && e.Create {
		if err = e.found(ctx); err == nil {
			get, err = e.firstAnswer(ctx)
		}
	}
	if err != nil {
		return fmt.Errorf("etcd: %w", err)
	}
	if len(get.Kvs) == 0 {
		return fmt.Errorf("etcd: %w under %s; give the prefix of a store that exists, or have one created", ErrNoStore, e.keys.mark)
	}
	e.cluster = get.Header.ClusterId
	e.marked = get.Kvs[0].ModRevision
	if e.is, err = e.keys.readMark(get.Kvs[0].Value); err != nil {
		return err
	}
	if err := e.is.State.Err(); err != nil && !e.Aside {
		return fmt.Errorf("etcd: %s: %w", e.keys.mark, err)
	}
	return nil
}

// firstAnswer reads the mark, from whichever member answers. Whoever waits hears soon for whom.
func (e *Engine) firstAnswer(ctx context.Context) (*clientv3.GetResponse, error) {
	waits := time.AfterFunc(e.Behind, func() {
		e.Tell(fmt.Errorf("etcd: no answer yet from %s; it is asked again until there is one", strings.Join(e.Endpoints, ", ")))
	})
	defer waits.Stop()
	for try := 1; ; try++ {
		get, err := e.get(ctx, dialTime, e.keys.mark)
		if err == nil || refused(err) != nil || pause(ctx, try) != nil {
			return get, err
		}
	}
}

// found makes an empty store, unless there is anything under the prefix.
func (e *Engine) found(ctx context.Context) error {
	as := e.As
	as.ID = cmp.Or(as.ID, uuid.NewString())
	mark, err := e.keys.markOf(as)
	if err != nil {
		return err
	}
	_, err = e.client.Txn(ctx).
		If(clientv3.Compare(clientv3.CreateRevision(e.keys.mark), "=", 0),
			clientv3.Compare(clientv3.CreateRevision(e.keys.data).WithRange(e.keys.dataAndHead()), "=", 0)).
		Then(clientv3.OpPut(e.keys.mark, mark), clientv3.OpPut(e.keys.head, e.process+" 0")).
		Commit()
	return err
}

func (k keyspace) markOf(m store.Mark) (string, error) {
	text, err := json.Marshal(m)
	if err != nil {
		return "", err
	}
	return string(store.Seal([]byte(k.mark), append(append(bytes.Clone(markMagic), format), text...)).Value), nil
}

func (k keyspace) readMark(sealed []byte) (is store.Mark, err error) {
	m, err := store.Unseal([]byte(k.mark), sealed)
	m, ours := bytes.CutPrefix(m, markMagic)
	switch {
	case err != nil || !ours || len(m) == 0:
		return is, fmt.Errorf("etcd: %s is %w", k.mark, ErrForeign)
	case m[0] > format:
		return is, fmt.Errorf("etcd: %s is %w: its format is %d, this one knows up to %d; run the later version", k.mark, ErrForeign, m[0], format)
	case m[0] < format:
		return is, fmt.Errorf("etcd: %s is %w: its format is %d, this one wants %d; stop all portals, move the store into a folder with the "+
			"earlier version (portico copy), and with this one back to etcd, under another prefix or where all under this one was removed",
			k.mark, ErrForeign, m[0], format)
	case json.Unmarshal(m[1:], &is) != nil:
		return is, fmt.Errorf("etcd: %s is %w", k.mark, ErrForeign)
	}
	return is, nil
}

// marking is why a store is not to be served any more over whose mark something was written.
func (k keyspace) marking(sealed []byte) error {
	is, err := k.readMark(sealed)
	if err != nil {
		return fmt.Errorf("%w: %w", store.ErrAside, err)
	}
	return cmp.Or(is.State.Err(), errMarked)
}

// Mark is as store.Markable says.
func (e *Engine) Mark() store.Mark { return e.is }

// SetMark is as store.Markable says. With the mark the head is put, so that no commit of anybody who does not know of the mark
// can follow.
func (e *Engine) SetMark(ctx context.Context, m store.Mark, check func(store.Reader) error) error {
	mark, err := e.keys.markOf(m)
	if err != nil {
		return err
	}
	for {
		if err := e.CatchUp(ctx); err != nil {
			return err
		}
		head := e.applied.revision()
		if err := e.View(ctx, check); err != nil {
			return err
		}
		done, err := e.putMark(ctx, head, mark)
		if done || err != nil {
			return err
		}
	}
}

// putMark puts the mark if head is the newest commit, and the mark that which it was.
func (e *Engine) putMark(ctx context.Context, head int64, mark string) (bool, error) {
	resp, err := e.send(ctx, func(t clientv3.Txn) clientv3.Txn {
		return t.If(clientv3.Compare(clientv3.ModRevision(e.keys.head), "=", head),
			clientv3.Compare(clientv3.ModRevision(e.keys.mark), "=", e.marked)).
			Then(clientv3.OpPut(e.keys.mark, mark), clientv3.OpPut(e.keys.head, e.process+" mark"))
	})
	if err != nil {
		return false, errors.Join(cmp.Or(refused(err), ErrUnknown), err)
	}
	return resp.Succeeded, nil
}

// sameMark refuses a copy of what is not the store that was opened, though it has its name.
func (e *Engine) sameMark(ctx context.Context, revision int64) error {
	get, err := e.page(ctx, e.keys.mark, clientv3.WithRev(revision))
	switch {
	case err != nil:
		return err
	case len(get.Kvs) == 0:
		err = errHeadGone
	case get.Kvs[0].ModRevision != e.marked:
		err = e.keys.marking(get.Kvs[0].Value)
	default:
		return nil
	}
	e.fail(err)
	return err
}
