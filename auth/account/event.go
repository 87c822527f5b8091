package account

import (
	"cmp"
	"encoding/json"
	"maps"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/store"
)

// An Event tells what happened. It is written in the transaction of the change it tells of and never changes after.
type Event struct {
	Scope     auth.UserType   `json:"scope"` // whose record it is in: the network's, a partner's, an enterprise's; first, see scopeOf
	ID        int64           `json:"id"`
	Time      time.Time       `json:"time"`
	Name      string          `json:"event"`
	Category  string          `json:"category"`
	Severity  string          `json:"severity"`
	Message   string          `json:"message"`
	Detail    json.RawMessage `json:"detail,omitempty"`
	TenantID  int64           `json:"tenantId"`
	ActorID   int64           `json:"actorId,omitempty"`
	Actor     string          `json:"actor,omitempty"`
	ActorType auth.UserType   `json:"actorType,omitempty"`
	Source    string          `json:"source,omitempty"`
	RequestID string          `json:"requestId,omitempty"`

	// Of an event in a partner's record: the enterprise it is about, by the name that it had then.
	EnterpriseID   int64  `json:"enterpriseId,omitempty"`
	EnterpriseName string `json:"enterpriseName,omitempty"`

	Needs auth.Privilege `json:"needs,omitzero"` // in the tenant, of its readers; see Happening
}

var (
	events   = store.NewCollection("event", func(e *Event) *int64 { return &e.ID })
	eventsAt = events.Index("at", func(e *Event) []byte { return store.Key(int64(e.Scope), e.TenantID, e.Time) })
)

// The severities and categories in use. The words are the published ones.
const (
	Info    = "INFO"
	Notice  = "NOTICE"
	Warning = "WARNING"
	Alert   = "ALERT"

	OfUser          = "USER"
	OfSecurity      = "SECURITY"
	OfEnterprise    = "ENTERPRISE"
	OfSystem        = "SYSTEM"
	OfConfiguration = "CONFIGURATION"
)

// Happening is what an operation says of its event; Record adds who, when and from where.
type Happening struct {
	Name     string
	Category string
	Severity string // default INFO
	Message  string
	Detail   map[string]any // never a secret
	Apart    string         // of refusals: what they are counted apart by, besides caller and name
	About    auth.Tenant    // in a partner's record: the enterprise that it is about, if it is about one
	Needs    auth.Privilege // whoever lacks it is not shown the event: he may not know what it tells of; none: all who read the record
}

// stands refuses a caller who was disabled, deleted, with his tenant or alone, or given another role since the call began: a change rests on the
// rights that its actor has in its own transaction.
func (a *Accounts) stands(tx store.Tx, by *auth.Principal) error {
	switch by.Type {
	case auth.Nobody, auth.Portal:
		return nil
	case auth.App:
		if a.AppStands == nil {
			return auth.Errorf(auth.Unauthenticated, "app not active")
		}
		return a.AppStands(tx, by)
	case auth.ServiceAccount:
		if by.Means == auth.ByAccessToken && a.AppStands != nil {
			if err := a.AppStands(tx, by); err != nil {
				return err
			}
		}
	}
	u, err := a.UserIn(tx, by.UserID)
	switch {
	case err != nil:
		return err
	case u == nil || !u.Enabled() || by.Role == nil || u.RoleID != by.Role.ID:
		return auth.Errorf(auth.Unauthenticated, "user not active")
	}
	return a.sameRights(tx, by, u)
}

// reaches refuses a partner's user whose enterprise was given to somebody else since the call began.
func (a *Accounts) reaches(tx store.Tx, by *auth.Principal, in auth.Tenant) error {
	if by.IsPortal() || by.UserType != auth.MSP || in.Type != auth.Enterprise { // it sweeps in the name of a partner's user, too
		return nil
	}
	now, ok, err := a.TenantIn(tx, in.Type, in.ID)
	if err == nil && ok && !by.Sees(now) {
		err = auth.NoTenant(by, "enterpriseId")
	}
	return err
}

// Record writes the event of a change that by has made in the tenant, in the change's own transaction.
func (a *Accounts) Record(tx store.Tx, by *auth.Principal, in auth.Tenant, h Happening) error {
	if err := cmp.Or(a.stands(tx, by), a.reaches(tx, by, in)); err != nil {
		return err
	}
	return a.tell(tx, by, in, h)
}

// tell writes an event.
func (a *Accounts) tell(tx store.Tx, by *auth.Principal, in auth.Tenant, h Happening) error {
	if h.Severity == "" {
		h.Severity = Info
	}
	h.Detail = maps.Clone(h.Detail) // f may run twice, and a refusal's detail is kept for its count
	if h.Detail == nil {
		h.Detail = make(map[string]any)
	}
	if by.Means != auth.NoMeans {
		h.Detail["means"] = by.Means.String()
	}
	if by.ClientID != 0 {
		h.Detail["principalType"], h.Detail["clientId"] = by.Type.String(), by.Client
	}
	h.Detail["remoteIp"] = by.Source
	h.Detail["requestId"] = by.RequestID
	detail, err := json.Marshal(h.Detail)
	if err != nil {
		return err
	}
	return events.Insert(tx, &Event{
		Time: a.Now(), Name: h.Name, Category: h.Category, Severity: h.Severity, Message: h.Message, Detail: detail,
		Scope: in.Type, TenantID: in.ID,
		ActorID: by.UserID, Actor: by.Username, ActorType: by.UserType, Source: by.Source, RequestID: by.RequestID,
		EnterpriseID: h.About.ID, EnterpriseName: h.About.Name, Needs: h.Needs,
	})
}
