package portal

import (
	"encoding/json"

	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/rpc"
)

// Paged is what the params of lists have beyond the published ones.
type Paged struct {
	Limit        *int   `json:"limit" doc:"1 to 2048. With it, or with nextPageLink, the answer is a page with its metaData, else the whole list."`
	NextPageLink string `json:"nextPageLink" doc:"From metaData of the page before."`
}

func (p Paged) query() account.PageQuery {
	return account.PageQuery{Limit: p.Limit, Next: p.NextPageLink}
}

// MetaData says how a page of a list lies among the others.
type MetaData struct {
	Limit        int    `json:"limit"`
	More         bool   `json:"more"`
	NextPageLink string `json:"nextPageLink,omitempty"`
}

func metaData(p account.Page) MetaData {
	return MetaData{Limit: p.Limit, More: p.More, NextPageLink: p.Next}
}

// A List is answered as a bare array, as published, or as a page if one was asked for.
type List[T any] struct {
	Page account.Page
	Data []T
}

// listed shows what was read.
func listed[R, T any](list []R, page account.Page, show func(R) T) List[T] {
	out := make([]T, len(list))
	for i, r := range list {
		out[i] = show(r)
	}
	return List[T]{page, out}
}

type pageOf[D any] struct {
	MetaData MetaData `json:"metaData"`
	Data     D        `json:"data"`
}

// MarshalJSON writes the one or the other.
func (l List[T]) MarshalJSON() ([]byte, error) { return written(l.Page, l.Data) }

func written[D any](p account.Page, data D) ([]byte, error) {
	if p.Limit == 0 {
		return json.Marshal(data)
	}
	return json.Marshal(pageOf[D]{metaData(p), data})
}

// Schema is that of either.
func (List[T]) Schema(result bool) rpc.Schema {
	return rpc.Schema{"anyOf": []rpc.Schema{rpc.SchemaOf[[]T](result), rpc.SchemaOf[pageOf[[]T]](result)}}
}
