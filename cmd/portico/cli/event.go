package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/portico-vco/portico/auth"
)

// Events are the methods that list events. Each kind of record has a name of its own for who did it.
var Events = Methods{
	Own: "event/getEnterpriseEvents", Enterprise: "event/getEnterpriseEvents", Partner: "event/getProxyEvents", Operator: "event/getOperatorEvents",
}

// A Tail shows the events of a record as they happen.
type Tail struct {
	Method string
	Params Params
	Lines  int       // how many of those before are shown first
	Since  time.Time // or all since then
	Every  time.Duration
}

// overlap is how long before the newest event it is looked for more: whose clock is late, or who is slow, writes what is older.
const overlap = time.Minute

// A Rule is a condition on events, as the portal has it.
type Rule struct {
	Field  string   `json:"field"`
	Op     string   `json:"op"`
	Values []string `json:"values"`
}

// ParseRule reads FIELD=VALUE,..., FIELD!=VALUE,... or FIELD~PART.
func ParseRule(text string) (Rule, error) {
	for _, op := range []struct{ sign, one, many string }{{"!=", "isNot", "notIn"}, {"=", "is", "in"}, {"~", "contains", ""}} {
		field, value, is := strings.Cut(text, op.sign)
		if !is || field == "" || strings.ContainsAny(field, "=~") {
			continue
		}
		if values := strings.Split(value, ","); op.many != "" && len(values) > 1 {
			return Rule{field, op.many, values}, nil
		}
		return Rule{field, op.one, []string{value}}, nil
	}
	return Rule{}, fmt.Errorf("%q is not FIELD=VALUE, FIELD!=VALUE or FIELD~PART", text)
}

// An event is one of any record.
type event struct {
	ID        json.RawMessage `json:"id"`
	EventTime string          `json:"eventTime"`
	raw       json.RawMessage
}

// Follow shows events until ctx ends, which is no error. A portal that does not answer is asked again until it does, once it has
// answered at all.
func (t *Tail) Follow(ctx context.Context, r Run) error {
	s := &stream{out: r.Output}
	f := following{Tail: t, seen: map[string]string{}}
	for begun, silent := false, false; ; {
		list, err := f.next(ctx, r.Portal)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && (!begun || !passing(err)):
			return err
		case err != nil && !silent:
			r.Tell(err.Error() + "; it is tried again")
		case err == nil && silent:
			r.Tell("the portal answers again")
		}
		begun, silent = true, err != nil
		for _, e := range list {
			if err := s.event(e.raw); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(t.Every):
		}
	}
}

// passing says of an error that the same call may be answered later.
func passing(err error) bool {
	var none *UnreachableError
	var refused *Error
	if errors.As(err, &refused) {
		return refused.Kind() == auth.Internal || refused.Kind() == auth.Busy
	}
	return errors.As(err, &none)
}

type following struct {
	*Tail
	newest string            // the time of the newest event
	seen   map[string]string // the times of the events since a while before, by their numbers
}

// next answers the events that were not there before, the oldest first. An error leaves all for the next time.
func (f *following) next(ctx context.Context, p *Portal) ([]event, error) {
	in, limit := maps.Clone(f.Params), 0
	switch {
	case f.newest != "":
		in.Set("interval.start", f.from())
	case !f.Since.IsZero():
		in.Set("interval.start", f.Since.UTC().Format(WireTime))
	case f.Lines > 0:
		limit = f.Lines
	}
	var list []event
	err := p.pages(ctx, f.Method, in, limit, func(raw json.RawMessage) error {
		e := event{raw: raw}
		if json.Unmarshal(raw, &e) != nil || len(e.ID) == 0 {
			return errList
		}
		if _, known := f.seen[string(e.ID)]; !known {
			list = append(list, e)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.Reverse(list)
	for _, e := range list {
		f.seen[string(e.ID)] = e.EventTime
		f.newest = max(f.newest, e.EventTime)
	}
	from := f.from()
	maps.DeleteFunc(f.seen, func(_, at string) bool { return at < from })
	return list, nil
}

// from is since when it is looked for more. Times on the wire sort as texts.
func (f *following) from() string {
	at, err := time.Parse(WireTime, f.newest)
	if err != nil {
		return ""
	}
	return at.Add(-overlap).Format(WireTime)
}

// A stream shows events one by one: whoever reads it does not wait for the next one.
type stream struct {
	out Output
	csv rows
}

func (s *stream) event(raw json.RawMessage) error {
	m, err := members(raw)
	if err != nil {
		return err
	}
	if s.out.Form == "json" {
		_, err := fmt.Fprintln(s.out.W, Printable(string(raw)))
		return err
	}
	who := cmp.Or(m.at("enterpriseUsername"), m.at("operatorUsername"), m.at("proxyUsername"))
	if s.out.Form == "csv" {
		return s.sheet(m, who)
	}
	line := fmt.Sprintf("%s  %-8s  %-26s  %s  %s", s.out.local(m.at("eventTime")), m.at("severity"), m.at("event"), cmp.Or(who, "-"), m.at("message"))
	if line = Printable(line); s.out.Width > 0 {
		line = cut(line, s.out.Width)
	}
	_, err = fmt.Fprintln(s.out.W, line)
	return err
}

func (s *stream) sheet(m object, who string) error {
	if s.csv == nil {
		s.csv = s.out.list([]string{"id", "eventTime", "severity", "event", "user", "message", "detail"})
	}
	m["user"], _ = json.Marshal(who)
	row, err := json.Marshal(m)
	if err == nil {
		err = s.csv.row(row)
	}
	if err == nil {
		err = s.csv.end()
	}
	return err
}
