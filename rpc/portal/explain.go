package portal

import (
	"cmp"
	"context"
	"slices"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/rpc"
)

// selfRows are the rows about the rows.
func (p Portal) selfRows() []rpc.Method {
	return []rpc.Method{
		{Name: "role/explainPrivilege", Doc: "Tells whether a user may call a method, and which rule, role, customization or delegation decides it.",
			Rule: auth.SignedIn.Anywhere(), Do: rpc.Func(p.explain)},
		{Name: "system/getMethodCatalog", Doc: "Lists the methods, with the principals and users that each takes, and the privileges that it asks for.",
			Rule: auth.SignedIn.Anywhere(), Do: rpc.Func(func(context.Context, *auth.Principal, None) ([]CatalogEntry, error) {
				return catalog(*p.rows), nil
			})},
	}
}

// Explain is the params of role/explainPrivilege.
type Explain struct {
	Method            string `json:"method" rpc:"required"`
	UserID            rpc.ID `json:"userId" doc:"One whom the caller may read; the default is the caller."`
	EnterpriseID      rpc.ID `json:"enterpriseId" doc:"Where the method is called. The default is the user's own tenant, if it is for such."`
	EnterpriseProxyID rpc.ID `json:"enterpriseProxyId"`
}

// Explanation is a decision with its reasons. Some methods decide more when they know the record: whose API token it is, or
// whether a user is a superuser.
type Explanation struct {
	Method            string               `json:"method"`
	UserID            *rpc.ID              `json:"userId"`
	Username          string               `json:"username"`
	EnterpriseID      *rpc.ID              `json:"enterpriseId"`
	EnterpriseProxyID *rpc.ID              `json:"enterpriseProxyId"`
	Allowed           bool                 `json:"allowed"`
	AllowedToSelf     bool                 `json:"allowedToSelf" doc:"He may do it to himself all the same."`
	DecidedBy         string               `json:"decidedBy" enum:"RULE|DUE|USER|PRINCIPAL|USER_TYPE|ROLE|CUSTOMIZATION|SCOPE|LIMITS|TENANT|DELEGATION"`
	Reason            *string              `json:"reason" doc:"The text of the refusal."`
	Role              ExplainedRole        `json:"role"`
	Privileges        []ExplainedPrivilege `json:"privileges" doc:"What was found of each privilege that was looked at, in the order of the rule."`
	Rule              ExplainedRule        `json:"rule"`
}

// ExplainedRule is what the method asks for.
type ExplainedRule struct {
	Public     bool     `json:"public"`
	Principals []string `json:"principals" doc:"USER is a person, SERVICE_ACCOUNT an API client, APP an OAuth app."`
	All        []string `json:"all"`
	Any        []string `json:"any"`
	UserTypes  []string `json:"userTypes" doc:"Those admitted; none means every one."`
}

// ExplainedRole names a role.
type ExplainedRole struct {
	ID   rpc.ID `json:"id"`
	Name string `json:"name"`
}

// ExplainedPrivilege tells whether a privilege is held, and by what.
type ExplainedPrivilege struct {
	Privilege      string               `json:"privilege"`
	Held           bool                 `json:"held"`
	DecidedBy      string               `json:"decidedBy" enum:"ROLE|CUSTOMIZATION|SCOPE|LIMITS|TENANT|DELEGATION"`
	FunctionalRole *ExplainedRole       `json:"functionalRole" doc:"That grants it, or in which it is denied."`
	Customization  *Customization       `json:"customization"`
	Delegation     *ExplainedDelegation `json:"delegation" doc:"The consent of the tenant that it takes."`
}

// ExplainedDelegation names a consent.
type ExplainedDelegation struct {
	Name  string `json:"name"`
	Given bool   `json:"given"`
}

func (p Portal) explain(ctx context.Context, by *auth.Principal, in Explain) (*Explanation, error) {
	i := slices.IndexFunc(*p.rows, func(m rpc.Method) bool { return m.Name == in.Method })
	if i < 0 {
		return nil, auth.BadField("method", "is not one of this portal's")
	}
	row := (*p.rows)[i]
	who, enabled, err := p.explained(ctx, by, int64(in.UserID))
	if err != nil {
		return nil, err
	}
	who.Method = row.Name
	tenant, err := p.explainedTenant(ctx, by, who, in, row.Do.Tenant())
	if err != nil {
		return nil, err
	}
	return explanation(row, who, enabled, tenant), nil
}

// explained answers the caller, or a user whom he may read, as the caller of a method; and whether he is let in at all.
func (p Portal) explained(ctx context.Context, by *auth.Principal, id int64) (who *auth.Principal, enabled bool, err error) {
	if id == 0 || id == by.UserID {
		self := *by
		return &self, true, nil
	}
	u, in, err := p.accounts.FindUser(ctx, by, id, "")
	if err != nil || u == nil || !by.May(auth.Read.On(auth.UserObject(u.Type)), in) {
		return nil, false, cmp.Or(err, error(auth.Errorf(auth.NotFound, "userId is unknown, or not yours to read, in call to [%s]", by.Method)))
	}
	return u.Principal(by.Call, auth.NoMeans, 0, by.Until), u.Enabled(), nil
}

// explainedTenant is the tenant that was named, which the caller must see; else the user's own if the method is for such; else nil.
func (p Portal) explainedTenant(ctx context.Context, by, who *auth.Principal, in Explain, of auth.UserType) (*auth.Tenant, error) {
	if in.EnterpriseID != 0 || in.EnterpriseProxyID != 0 {
		t, err := p.oneTenant(ctx, by, in.EnterpriseID, in.EnterpriseProxyID, 0)
		return &t, err
	}
	if of == auth.NoType {
		of = who.UserType
	}
	if of == auth.Operator {
		t := auth.Network()
		return &t, nil
	}
	if of != who.UserType {
		return nil, nil
	}
	t, ok, err := p.accounts.Tenant(ctx, of, who.TenantID())
	if !ok {
		return nil, err
	}
	return &t, err
}

func explanation(row rpc.Method, who *auth.Principal, enabled bool, in *auth.Tenant) *Explanation {
	ruling := row.Asks().Explain(who, in)
	out := &Explanation{
		Method: row.Name, UserID: ref(who.UserID), Username: who.Username, Role: ExplainedRole{rpc.ID(who.Role.ID), who.Role.Name},
		Allowed: ruling.Err == nil, AllowedToSelf: ruling.Self, DecidedBy: string(ruling.Decider),
		Privileges: make([]ExplainedPrivilege, len(ruling.Verdicts)), Rule: explainedRule(row.Rule),
	}
	if ruling.Err != nil {
		out.Reason = text(ruling.Err.Error())
	}
	if !enabled && !row.Rule.IsPublic() {
		out.Allowed, out.AllowedToSelf, out.DecidedBy, out.Reason = false, false, "USER", text("user not active")
	}
	if in != nil && in.Type == auth.Enterprise {
		out.EnterpriseID = ref(in.ID)
	}
	if in != nil && in.Type == auth.MSP {
		out.EnterpriseProxyID = ref(in.ID)
	}
	for i, v := range ruling.Verdicts {
		out.Privileges[i] = explainedPrivilege(v, in)
	}
	return out
}

func explainedRule(r auth.Rule) ExplainedRule {
	words := func(vs []auth.Privilege) []string {
		out := []string{}
		for _, v := range vs {
			out = append(out, v.String())
		}
		return out
	}
	all, anyOf := r.Privileges()
	out := ExplainedRule{Public: r.IsPublic(), All: words(all), Any: words(anyOf), UserTypes: []string{}, Principals: []string{}}
	for _, t := range r.Principals() {
		out.Principals = append(out.Principals, t.String())
	}
	for _, t := range r.UserTypes() {
		out.UserTypes = append(out.UserTypes, t.String())
	}
	return out
}

func explainedPrivilege(v auth.Verdict, in *auth.Tenant) ExplainedPrivilege {
	out := ExplainedPrivilege{Privilege: v.Privilege.String(), Held: v.Held, DecidedBy: string(v.Decider)}
	if f := v.Finding.Function; f != nil {
		out.FunctionalRole = &ExplainedRole{rpc.ID(f.ID), f.Name}
	}
	if c := v.Finding.Customization; c != nil {
		shown := changed(c)
		out.Customization = &shown
	}
	if v.Needs != 0 {
		out.Delegation = &ExplainedDelegation{Name: account.ConsentName(v.Needs), Given: in.Delegated.Has(v.Needs)}
	}
	return out
}
