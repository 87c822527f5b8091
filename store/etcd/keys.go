package etcd

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/portico-vco/portico/store"
)

// keyspace is where the keys of a store lie. What is watched is the range from data up to and including head.
type keyspace struct{ data, first, head, lead, mark string }

const maxPrefix = 200

func under(prefix string) (keyspace, error) {
	prefix = strings.Trim(prefix, "/")
	if prefix == "" || len(prefix) > maxPrefix || strings.ContainsFunc(prefix, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return keyspace{}, fmt.Errorf("etcd: the prefix %q is not 1 to %d visible characters", prefix, maxPrefix)
	}
	p := "/" + prefix
	return keyspace{data: p + "/data/", first: p + "/first", head: p + "/head", lead: p + "/lead", mark: p + "/mark"}, nil
}

// end is behind all data.
func (k keyspace) end() string { return clientv3.GetPrefixRangeEnd(k.data) }

// watchEnd is behind the head.
func (k keyspace) watchEnd() string { return k.head + "\x00" }

// format is the version of what lies under the prefix, from 1 on.
const format = 1

var markMagic = []byte("Portico store")

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
	m, err := store.Unseal([]byte(e.keys.mark), get.Kvs[0].Value)
	m, ours := bytes.CutPrefix(m, markMagic)
	if err != nil || !ours || len(m) < 2 || m[0] != format {
		return fmt.Errorf("etcd: %s is %w", e.keys.mark, ErrForeign)
	}
	e.id = string(m[1:])
	return nil
}

// firstAnswer reads the mark, from whichever member answers.
func (e *Engine) firstAnswer(ctx context.Context) (*clientv3.GetResponse, error) {
	for try := 1; ; try++ {
		get, err := e.get(ctx, dialTime, e.keys.mark)
		if err == nil || refused(err) != nil || pause(ctx, try) != nil {
			return get, err
		}
	}
}

// found makes an empty store, unless there is anything under the prefix.
func (e *Engine) found(ctx context.Context) error {
	sealed := store.Seal([]byte(e.keys.mark), append(append(bytes.Clone(markMagic), format), e.newID()...))
	_, err := e.client.Txn(ctx).
		If(clientv3.Compare(clientv3.CreateRevision(e.keys.mark), "=", 0),
			clientv3.Compare(clientv3.CreateRevision(e.keys.data).WithRange(e.keys.watchEnd()), "=", 0)).
		Then(clientv3.OpPut(e.keys.mark, string(sealed.Value)), clientv3.OpPut(e.keys.head, e.process+" 0")).
		Commit()
	return err
}

func (e *Engine) newID() string { return uuid.NewString() }
