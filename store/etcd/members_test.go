package etcd

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
)

// TestMembers: calls go to the next member when the one they went to failed, once for all that failed there, and not for what is
// no fault of a member.
func TestMembers(t *testing.T) {
	var to []string
	e := &Engine{members: newMembers([]string{"a", "b", "c"}, func(all ...string) { to = all })}
	next := map[string]string{"a": "b", "b": "c", "c": "a"}
	fails := func(ctx context.Context, err error) string {
		_ = e.call(ctx, time.Second, func(context.Context) error { return err })
		if len(to) != 1 {
			t.Fatalf("calls go to %v", to)
		}
		return to[0]
	}
	lost := errors.New("connection lost")
	for range 4 {
		before := to[0]
		if after := fails(context.Background(), lost); after != next[before] {
			t.Errorf("after a failure at %s calls go to %s", before, after)
		}
	}
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	for name, after := range map[string]func() string{
		"an answer":          func() string { return fails(context.Background(), nil) },
		"a refusal":          func() string { return fails(context.Background(), rpctypes.ErrNoSpace) },
		"who does not wait":  func() string { return fails(gone, gone.Err()) },
		"a failure too many": func() string { e.members.leave(e.members.current() - 1); return to[0] },
	} {
		before := to[0]
		if after() != before {
			t.Errorf("%s: calls go to %s, and went to %s", name, to[0], before)
		}
	}
}
