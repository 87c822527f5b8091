package cli

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
)

// pageSize is how much of a list is asked for at once.
const pageSize = 500

type page struct {
	MetaData *struct {
		More         bool   `json:"more"`
		NextPageLink string `json:"nextPageLink"`
	} `json:"metaData"`
	Data []json.RawMessage `json:"data"`
}

// errList is about an answer that no portal gives. What cannot end is ended by it.
var errList = &UnreachableError{errors.New("the portal answered what cannot be shown: a list was to be there")}

// pages calls f with each of a list's rows, as many as limit, or all if that is 0.
func (p *Portal) pages(ctx context.Context, method string, params Params, limit int, f func(json.RawMessage) error) error {
	in := maps.Clone(params)
	for left, more := limit, true; more; {
		in["limit"] = pageSize
		if limit > 0 {
			in["limit"] = min(left, pageSize)
		}
		var got page
		if err := p.Ask(ctx, method, in, &got); err != nil {
			return bare(err)
		}
		if got.MetaData == nil {
			return errList
		}
		for _, one := range got.Data {
			if err := f(one); err != nil {
				return err
			}
			if left--; limit > 0 && left == 0 {
				return nil
			}
		}
		next := got.MetaData.NextPageLink
		if more = got.MetaData.More; more && (next == "" || next == in["nextPageLink"]) {
			return errList
		}
		in["nextPageLink"] = next
	}
	return nil
}

// whole is pages for lists that have none.
func (p *Portal) whole(ctx context.Context, method string, params Params, limit int, f func(json.RawMessage) error) error {
	var all []json.RawMessage
	if err := p.Ask(ctx, method, params, &all); err != nil {
		return bare(err)
	}
	for i, one := range all {
		if limit > 0 && i == limit {
			break
		}
		if err := f(one); err != nil {
			return err
		}
	}
	return nil
}

// bare is a refusal without the name of the method, which who runs a command has not typed.
func bare(err error) error {
	var refused *Error
	if errors.As(err, &refused) {
		return refused
	}
	return err
}
