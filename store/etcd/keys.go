package etcd

import (
	"fmt"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// keyspace is where the keys of a store lie. What is watched is the range from data up to and including mark.
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

// dataAndHead is behind the head.
func (k keyspace) dataAndHead() string { return k.head + "\x00" }

// watchEnd is behind the mark.
func (k keyspace) watchEnd() string { return k.mark + "\x00" }
