package etcd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/metadata"

	"github.com/portico-vco/portico/store"
)

// follow keeps the copy, from a revision on, until ctx ends or the store is not to be trusted any more.
func (e *Engine) follow(ctx context.Context, from int64) {
	for try := 1; ; try++ {
		before := e.applied.revision()
		err := e.watch(ctx, from, try)
		if bad := e.unwritable(); bad != nil {
			err = bad
		}
		if errors.Is(err, errReload) {
			e.Tell(err)
			if from, err = e.load(ctx); err == nil {
				continue
			}
			e.failIfDamaged(err)
		}
		if ctx.Err() != nil || e.failed.Load() != nil {
			return
		}
		if e.applied.revision() != before {
			try = 1
			e.Tell(fmt.Errorf("etcd: the watch is begun again: %w", err))
		}
		from = max(from, e.applied.revision()+1, e.watched.Load()+1)
		if pause(ctx, try) != nil {
			return
		}
	}
}

// errReload says that the copy cannot go on from where it is.
var errReload = errors.New("etcd: the local copy is made anew")

// watch applies what etcd tells, until it tells no more. Each watch has a stream of its own, so that the one after it finds another
// member when this one does not move.
func (e *Engine) watch(ctx context.Context, from int64, try int) error {
	ctx, cancel := context.WithCancel(clientv3.WithRequireLeader(ctx))
	defer cancel()
	e.endWatch.Store(&cancel)
	if err := e.unwritable(); err != nil {
		return err
	}
	ctx = metadata.AppendToOutgoingContext(ctx, "portico-watch", strconv.FormatInt(from, 10)+"."+strconv.Itoa(try))
	told := e.client.Watch(ctx, e.keys.data, clientv3.WithRange(e.keys.watchEnd()), clientv3.WithRev(from))
	c := newCommits(e.keys)
	for resp := range told {
		if err := resp.Err(); err != nil {
			if resp.CompactRevision != 0 || errors.Is(err, rpctypes.ErrCompacted) {
				return fmt.Errorf("%w: etcd has compacted what it missed", errReload)
			}
			return err
		}
		if err := e.applyAll(c, resp.Events); err != nil {
			return err
		}
	}
	return errors.New("it did not move, or ended")
}

// commits puts the commits together that a watch tells of.
type commits struct {
	keys  keyspace
	open  map[string][]byte // the one whose head has not come yet; nil is a deletion
	whole map[string][]byte // those that are to be applied
	head  int64             // the last of them
	names []string          // what they put into the head
}

func newCommits(keys keyspace) *commits {
	return &commits{keys: keys, open: make(map[string][]byte), whole: make(map[string][]byte)}
}

// add takes an event; it fails when the head was removed, or the mark put.
func (c *commits) add(ev *clientv3.Event) error {
	key, isData := strings.CutPrefix(string(ev.Kv.Key), c.keys.data)
	switch {
	case isData && ev.Type == mvccpb.PUT:
		c.open[key] = ev.Kv.Value
	case isData:
		c.open[key] = nil
	case key == c.keys.mark && ev.Type == mvccpb.PUT:
		return c.keys.marking(ev.Kv.Value)
	case key != c.keys.head:
	case ev.Type == mvccpb.DELETE:
		return errHeadGone
	default:
		maps.Copy(c.whole, c.open)
		clear(c.open)
		c.head, c.names = ev.Kv.ModRevision, append(c.names, string(ev.Kv.Value))
	}
	return nil
}

// all is what is whole, in no order.
func (c *commits) all() (writes []store.Write) {
	for key, value := range c.whole {
		writes = append(writes, store.Write{Key: []byte(key), Value: value})
	}
	return writes
}

// drop forgets what is whole.
func (c *commits) drop() {
	c.names = nil
	clear(c.whole)
}

// applyAll brings the commits of some events into the copy, as one: who reads it sees the last of them or none.
func (e *Engine) applyAll(c *commits, events []*clientv3.Event) (err error) {
	for _, ev := range events {
		if string(ev.Kv.Key) == e.keys.first {
			e.first.set(wish{string(ev.Kv.Value), ev.Kv.ModRevision}) // nobody's, when it was deleted
		}
		if err := c.add(ev); err != nil {
			e.fail(err)
			return err
		}
	}
	if len(c.names) == 0 {
		return nil
	}
	e.writing.Lock()
	defer e.writing.Unlock()
	if c.head > e.applied.revision() {
		e.makeRoom()
	}
	own := slices.Contains(c.names, e.attempt.name)
	e.attempt.seen = e.attempt.seen || own
	switch {
	case c.head <= e.applied.revision(): // its own, applied at once
	case own && len(c.names) == 1:
		e.put(c.head, e.attempt.writes)
	default:
		err = e.putFollowing(c.head, c.all())
	}
	c.drop()
	return err
}

// apply brings a commit of this process into the copy, if that has just what was there before it, and can be gone on with.
func (e *Engine) apply(head, revision int64, writes []store.Write) {
	e.writing.Lock()
	defer e.writing.Unlock()
	if e.applied.revision() == head { // otherwise it is there
		e.makeRoom()
	}
	if e.direct && e.applied.revision() == head && e.unwritable() == nil {
		e.put(revision, writes)
	}
}

// withEntries are writes that etcd has, and those of the entries that follow from them.
func withEntries(r store.Reader, writes []store.Write) ([]store.Write, error) {
	writes = slices.DeleteFunc(writes, func(w store.Write) bool { return store.IsEntry(w.Key) }) // of a program that knew fewer collections
	all, err := store.Entries(r, writes)
	slices.SortFunc(all, func(a, b store.Write) int { return bytes.Compare(a.Key, b.Key) })
	return all, err
}

// failIfDamaged refuses everything from now on when a record rotted: who tried again would find the same.
func (e *Engine) failIfDamaged(err error) {
	if errors.Is(err, store.ErrDamaged) {
		e.fail(err)
	}
}
