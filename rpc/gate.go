package rpc

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/portico-vco/portico/auth"
)

// Gateways ask here whether to let a request through: nginx by auth_request and Caddy by forward_auth at the first path, which is the
// name that limits of API tokens know them all by. Envoy has a path of its own, for it appends that of the request, and the query, and
// asks by the verb of the request.
const (
	GatePath  = "auth/check"
	envoyPath = "auth/ext_authz"
)

// demandHeader is where a demand stands whose query is another's.
const demandHeader = "X-Portico-Require"

// Gates are the endpoints of gateways. The request brings an Authorization header, a session's cookie is none of a gateway's; its query
// or header says what is asked of the caller: privileges, all of which he must hold in his own organisation or in the one of
// enterpriseId, and types of users, of which his must be one. Who may pass is told in headers of the answer, which has no body.
func Gates(a Authority) []Endpoint {
	g := gate{a}
	return []Endpoint{{
		Path: GatePath, Verb: http.MethodGet, Refuse: turnBack, Signed: true,
		Doc:   "Says by its status whether a gateway shall let a request with this Authorization header through, and in headers whose it is.",
		Query: map[string]Schema{"privilege": SchemaOf[[]string](true), "userType": SchemaOf[[]string](true), "enterpriseId": SchemaOf[ID](true)},
		Do:    func(ctx context.Context, r *Request) (Reply, error) { return g.check(ctx, r, r.Query) },
	}, {
		Path: envoyPath, Verb: http.MethodGet, Below: true, Refuse: turnBack, Signed: true,
		Doc:    "The same for Envoy: by whatever verb, whatever follows in the path and the query; what is asked of the caller stands in a header.",
		Header: map[string]Schema{demandHeader: SchemaOf[string](true)},
		Do: func(ctx context.Context, r *Request) (Reply, error) {
			return g.check(ctx, r, strings.Join(r.Header[demandHeader], "&"))
		},
	}}
}

type gate struct{ authority Authority }

func (g gate) check(ctx context.Context, r *Request, demanded string) (Reply, error) {
	asked, err := demandOf(demanded)
	if err != nil {
		return Reply{}, err
	}
	creds := credentialsOf(r.Header)
	creds.cookie = ""
	by, err := creds.principal(ctx, g.authority, r.Call)
	if err != nil {
		return Reply{}, err
	}
	by.Method = GatePath
	if err := cmp.Or(by.Calls(), g.passes(ctx, by, asked)); err != nil {
		return Reply{}, err
	}
	h := http.Header{
		"X-Portico-User":           {url.PathEscape(by.Username)}, // a header has no letters but ASCII
		"X-Portico-User-Type":      {by.UserType.String()},
		"X-Portico-Principal-Type": {by.Type.String()},
	}
	for name, id := range map[string]int64{"User": by.UserID, "Enterprise": by.EnterpriseID, "Enterprise-Proxy": by.ProxyID} {
		if id != 0 {
			h["X-Portico-"+name+"-Id"] = []string{strconv.FormatInt(id, 10)}
		}
	}
	if by.Client != "" {
		h["X-Portico-Client-Id"] = []string{by.Client}
	}
	return Reply{Header: h}, nil
}

// A demand is what a gateway asks of callers.
type demand struct {
	privileges []auth.Privilege
	types      []auth.UserType
	enterprise int64
}

// demandOf refuses what it does not know: a gateway whose demand is not understood lets nobody through.
func demandOf(text string) (d demand, err error) {
	values, err := url.ParseQuery(text)
	if err != nil {
		return d, auth.BadField("demand", "cannot be read")
	}
	for name, list := range values {
		for _, v := range list {
			ok := false
			switch name {
			case "privilege":
				var p auth.Privilege
				p, ok = auth.ParsePrivilege(v)
				d.privileges = append(d.privileges, p)
			case "userType":
				var t auth.UserType
				t, ok = auth.ParseUserType(v)
				d.types = append(d.types, t)
			case "enterpriseId":
				d.enterprise, err = strconv.ParseInt(v, 10, 64)
				ok = err == nil && d.enterprise > 0 && len(list) == 1
			}
			if !ok {
				return d, auth.BadField(name, "is not something that can be asked of a caller")
			}
		}
	}
	return d, nil
}

// passes is nil for a caller who meets the demand.
func (g gate) passes(ctx context.Context, by *auth.Principal, d demand) error {
	if len(d.types) > 0 && !slices.Contains(d.types, by.UserType) {
		return auth.Errorf(auth.WrongCaller, "this is not for users of type %s", by.UserType)
	}
	kind, id := by.UserType, by.TenantID()
	if d.enterprise != 0 {
		kind, id = auth.Enterprise, d.enterprise
	}
	in, ok, err := g.authority.Tenant(ctx, kind, id)
	if err != nil {
		return err
	}
	if !ok || !by.Sees(in) {
		return auth.Errorf(auth.Forbidden, "the caller does not belong there")
	}
	for _, p := range d.privileges {
		if !by.May(p, in) {
			return auth.Errorf(auth.Forbidden, "privilege [%s] is required", p)
		}
	}
	return nil
}

// turnBack answers by the status alone, which is all that gateways look at.
func turnBack(_ *Request, why Refusal) Reply {
	status := map[auth.Kind]int{
		auth.Unauthenticated: http.StatusUnauthorized, auth.Forbidden: http.StatusForbidden, auth.WrongCaller: http.StatusForbidden,
		auth.NotFound: http.StatusForbidden, auth.Busy: http.StatusTooManyRequests, auth.Unavailable: http.StatusServiceUnavailable,
		auth.Internal: http.StatusInternalServerError,
	}[why.Kind]
	if why.Status != 0 {
		status = why.Status
	}
	if status == 0 {
		status = http.StatusBadRequest
	}
	r := Reply{Status: status, Body: struct {
		Error string `json:"error"`
	}{why.Text}}
	if status == http.StatusUnauthorized {
		r.Header = http.Header{"Www-Authenticate": {`Bearer realm="portico"`}}
	}
	return r
}
