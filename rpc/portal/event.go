package portal

import (
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/rpc"
)

func (p Portal) eventRows() []rpc.Method {
	return []rpc.Method{
		{Name: "event/getEnterpriseEvents", Doc: "Lists an enterprise's events, newest first.",
			Rule: auth.All(auth.Read.On(auth.EnterpriseEvent)), Do: rpc.Func(p.getEnterpriseEvents)},
		{Name: "event/getEnterpriseEventsList", Doc: "The same as event/getEnterpriseEvents.",
			Rule: auth.All(auth.Read.On(auth.EnterpriseEvent)), Do: rpc.Func(p.getEnterpriseEvents)},
		{Name: "event/getOperatorEvents", Doc: "Lists the operator's events, newest first.",
			Rule: auth.All(auth.Read.On(auth.OperatorEvent)).Callers(auth.Operator), Do: rpc.Func(p.getOperatorEvents)},
		{Name: "event/getProxyEvents", Doc: "Lists a partner's events, newest first.",
			Rule: auth.All(auth.Read.On(auth.ProxyEvent)).Callers(auth.Operator, auth.MSP), Do: rpc.Func(p.getProxyEvents)},
	}
}

// EventQuery is what the params of the lists of events have in common.
type EventQuery struct {
	Interval     *Interval    `json:"interval" doc:"The default is the last 12 hours."`
	Filter       *EventFilter `json:"filter"`
	Limit        int          `json:"limit" doc:"The same as filter.limit."`
	NextPageLink string       `json:"nextPageLink" doc:"From metaData of the page before."`
}

// Interval is a span of time; without an end it ends now.
type Interval struct {
	Start rpc.Time `json:"start" doc:"The default is 12 hours before the end."`
	End   rpc.Time `json:"end"`
}

// EventFilter narrows a list of events: all rules must fit.
type EventFilter struct {
	Limit int         `json:"limit"`
	Rules []EventRule `json:"rules"`
}

// EventRule is one condition.
type EventRule struct {
	Field  string      `json:"field" rpc:"required" enum:"event|edgeName|gatewayName|user|severity|message|detail|segmentName"`
	Op     string      `json:"op" rpc:"required" enum:"is|is not|isNot|isNull|isNotNull|startsWith|notStartsWith|endsWith|notEndsWith|contains|notContains|greaterOrEquals|lesserOrEquals|in|notIn"`
	Values rpc.Strings `json:"values"`
}

func (q EventQuery) account() account.EventQuery {
	out := account.EventQuery{Limit: q.Limit, Next: q.NextPageLink}
	if q.Interval != nil {
		out.Start, out.End = q.Interval.Start.Time, q.Interval.End.Time
	}
	if q.Filter == nil {
		return out
	}
	if q.Filter.Limit > 0 {
		out.Limit = q.Filter.Limit
	}
	for _, r := range q.Filter.Rules {
		out.Rules = append(out.Rules, account.EventRule{Field: r.Field, Op: r.Op, Values: r.Values})
	}
	return out
}

// Event is what all published events have in common.
type Event struct {
	ID        rpc.ID   `json:"id"`
	EventTime rpc.Time `json:"eventTime"`
	Event     string   `json:"event"`
	Category  string   `json:"category" enum:"SYSTEM|NETWORK|APPLICATION|USER|SECURITY|EDGE|GATEWAY|CONFIGURATION|ENTERPRISE"`
	Severity  string   `json:"severity" enum:"EMERGENCY|ALERT|CRITICAL|ERROR|WARNING|NOTICE|INFO|DEBUG"`
	Message   string   `json:"message"`
	Detail    string   `json:"detail" doc:"A JSON text."`
}

func event(e *account.Event) Event {
	return Event{
		ID: rpc.ID(e.ID), EventTime: rpc.At(e.Time), Event: e.Name, Category: e.Category, Severity: e.Severity,
		Message: e.Message, Detail: string(e.Detail),
	}
}

// EventPage is a page of events of one kind.
type EventPage[E any] struct {
	MetaData MetaData `json:"metaData"`
	Data     []E      `json:"data"`
}

// events answers a page of the tenant's events, each shown by show. None of them is of a device: where only those of
// devices are asked for, the page is empty.
func events[E any](ctx context.Context, p Portal, by *auth.Principal, in auth.Tenant, q account.EventQuery, devices rpc.IDs,
	show func(*account.Event) E) (EventPage[E], error) {
	q.Reader = by
	page, err := p.accounts.Events(ctx, in, q)
	out := EventPage[E]{MetaData: metaData(page.Page), Data: []E{}}
	if err != nil || len(devices) > 0 {
		out.MetaData.More, out.MetaData.NextPageLink = false, ""
		return out, err
	}
	for _, e := range page.Events {
		out.Data = append(out.Data, show(e))
	}
	return out, nil
}

// EnterpriseEvent is an event in an enterprise's record.
type EnterpriseEvent struct {
	Event
	EnterpriseUsername *string `json:"enterpriseUsername" doc:"Who did it, whatever kind of user he is."`
	EdgeName           *string `json:"edgeName"`
	SegmentName        *string `json:"segmentName"`
}

// GetEnterpriseEvents is the params of event/getEnterpriseEvents.
type GetEnterpriseEvents struct {
	rpc.InEnterprise
	EventQuery
	EdgeID rpc.IDs `json:"edgeId" doc:"There are no edges here, so no event is theirs."`
}

func (p Portal) getEnterpriseEvents(ctx context.Context, by *auth.Principal, in GetEnterpriseEvents) (EventPage[EnterpriseEvent], error) {
	return events(ctx, p, by, in.Tenant, in.EventQuery.account(), in.EdgeID, func(e *account.Event) EnterpriseEvent {
		return EnterpriseEvent{Event: event(e), EnterpriseUsername: text(e.Actor)}
	})
}

// OperatorEvent is an event in the operator's record.
type OperatorEvent struct {
	Event
	OperatorUsername *string `json:"operatorUsername"`
	NetworkName      *string `json:"networkName"`
	GatewayName      *string `json:"gatewayName"`
}

// GetOperatorEvents is the params of event/getOperatorEvents.
type GetOperatorEvents struct {
	rpc.InNetwork
	EventQuery
	GatewayID rpc.IDs `json:"gatewayId" doc:"There are no gateways here, so no event is theirs."`
}

func (p Portal) getOperatorEvents(ctx context.Context, by *auth.Principal, in GetOperatorEvents) (EventPage[OperatorEvent], error) {
	return events(ctx, p, by, in.Tenant, in.EventQuery.account(), in.GatewayID, func(e *account.Event) OperatorEvent {
		return OperatorEvent{Event: event(e), OperatorUsername: text(e.Actor), NetworkName: text(in.Tenant.Name)}
	})
}

// ProxyEvent is an event in a partner's record.
type ProxyEvent struct {
	Event
	ProxyUsername  *string `json:"proxyUsername" doc:"Who did it, whatever kind of user he is."`
	NetworkName    *string `json:"networkName"`
	EnterpriseName *string `json:"enterpriseName" doc:"The enterprise that it is about, by the name that it had then."`
	GatewayName    *string `json:"gatewayName"`
}

// GetProxyEvents is the params of event/getProxyEvents.
type GetProxyEvents struct {
	rpc.InProxy
	EventQuery
	EnterpriseID rpc.IDs `json:"enterpriseId" doc:"Only what is about these enterprises."`
}

func (p Portal) getProxyEvents(ctx context.Context, by *auth.Principal, in GetProxyEvents) (EventPage[ProxyEvent], error) {
	q := in.EventQuery.account()
	q.Enterprises = numbers(in.EnterpriseID)
	return events(ctx, p, by, in.Tenant, q, nil, func(e *account.Event) ProxyEvent {
		return ProxyEvent{
			Event: event(e), ProxyUsername: text(e.Actor), NetworkName: text(auth.Network().Name), EnterpriseName: text(e.EnterpriseName),
		}
	})
}
