package rpc

import (
	"context"
	"net/http"
	"net/netip"
	"sync"
	"time"

	gorilla "github.com/gorilla/rpc/v2"
	"github.com/rs/zerolog"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/limit"
)

// An Authority knows who calls and what tenants there are. A principal it answers is made for the one call and bears
// it. Its refusals are auth.Errors; those of dead or unknown sessions and tokens are of kind auth.Unauthenticated.
type Authority interface {
	// BySession finds the caller by the value of a session cookie.
	BySession(ctx context.Context, call auth.Call, value string) (*auth.Principal, error)
	// ByAPIToken finds the caller by what an Authorization header carries.
	ByAPIToken(ctx context.Context, call auth.Call, text string) (*auth.Principal, error)
	// ByAccessToken finds the caller by an OAuth access token.
	ByAccessToken(ctx context.Context, call auth.Call, text string) (*auth.Principal, error)
	// Refused records that a method does not take principals of the caller's kind, or not in the clear.
	Refused(ctx context.Context, by *auth.Principal, why error) error
	// Tenant finds a partner or an enterprise.
	Tenant(ctx context.Context, t auth.UserType, id int64) (auth.Tenant, bool, error)
	// Limits answers what is demanded of a caller's call besides all rights, so that he makes no more than his share; nothing is
	// the rule. With logOnly nobody is to be refused for it.
	Limits(ctx context.Context, by *auth.Principal, method string) (claims []limit.Claim, logOnly bool, err error)
	// Limited is told of a call that is beyond the limits, and refused unless it is only to be logged.
	Limited(ctx context.Context, by *auth.Principal, logOnly bool) error
	// UnauthorizedStatus is the HTTP status of answers to callers who are not signed in: 200 or 401.
	UnauthorizedStatus(ctx context.Context) int
}

// Options are what a server is made of.
type Options struct {
	Table     *Table
	Authority Authority
	Log       zerolog.Logger // of one line for each call

	// Twice, where the store is one that is read with a delay, runs a call, and once more if it came to nothing and there is news
	// by then. An error is the call's.
	Twice func(ctx context.Context, run func(context.Context) (nothing bool)) error

	// Observe, unless it is nil, is told of each call when its answer was made. It must be quick.
	Observe func(Observation)

	// TrustedProxies are the peers whose X-Forwarded-For and X-Forwarded-Proto are believed.
	TrustedProxies []netip.Prefix
	// Endpoints are what is at paths of other forms.
	Endpoints []Endpoint
	// Pages are what is shown at paths, which are without slashes at their ends, and the home page the one of none.
	Pages map[string]*Page
	// Paths are those of other products' APIs, answered by methods of the table.
	Paths []Path
	// StrictTransport is for how long browsers that came over TLS shall come by nothing else (RFC 6797); 0 says nothing of it.
	StrictTransport time.Duration
	// Version is that of the portal, for the OpenRPC document.
	Version string
	// Now is the clock; time.Now when nil.
	Now func() time.Time
}

// A Server answers calls over HTTP. Make one with New.
type Server struct {
	o          Options
	dispatcher *gorilla.Server
	crossSite  *http.CrossOriginProtection
	openRPC    func() []byte
	strict     []string // Strict-Transport-Security; nil is none
	held       holdings

	// The calls of who signed in, and those of who did not: however many places these call from, they fill no table of those.
	users, strangers *limit.Limiter
	endpoints        map[string]*Endpoint
	below            []*Endpoint // those to which what lies below belongs, too
	resources        []*resource
}

// New makes a server of a table and an authority.
func New(o Options) *Server {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Server{
		o:          o,
		dispatcher: newDispatcher(),
		crossSite:  http.NewCrossOriginProtection(),
		openRPC:    sync.OnceValue(func() []byte { return o.Table.OpenRPC(o.Version) }),
		users:      limit.New(o.Now),
		strangers:  limit.New(o.Now),
		resources:  resourcesOf(o.Paths, o.Table),
		strict:     strict(o.StrictTransport),
		held:       holdings{most: maxHeld},
	}
	s.endpoints, s.below = endpointsOf(o.Endpoints)
	return s
}

// ServeHTTP answers one request, with one write.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := newExchange(s, w, r)
	defer x.release()
	x.guarded()
	x.send()
}
