package portal

import (
	"cmp"
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/rpc"
)

func (p Portal) enterpriseRows() []rpc.Method {
	return []rpc.Method{
		{Name: "enterprise/insertEnterprise", Doc: "Creates an enterprise, with its first superuser if one is given.",
			Rule: auth.All(auth.Create.On(auth.EnterpriseObject)).Callers(auth.Operator, auth.MSP), Do: rpc.Func(p.insertEnterprise)},
		{Name: "enterprise/getEnterprise", Doc: "Gets an enterprise, or null for one that does not exist or is not the caller's to see.",
			Rule: auth.All(auth.Read.On(auth.EnterpriseObject)).Anywhere(), Do: rpc.Func(p.getEnterprise)},
		{Name: "enterprise/updateEnterprise", Doc: "Changes the named fields of an enterprise.",
			Rule: auth.All(auth.Update.On(auth.EnterpriseObject)), Do: rpc.Func(p.updateEnterprise)},
		{Name: "enterprise/getEnterpriseUsers", Doc: "Lists the users of an enterprise.",
			Rule: auth.All(auth.Read.On(auth.EnterpriseObject), auth.Read.On(auth.EnterpriseUser)), Do: rpc.Func(p.getEnterpriseUsers)},
		{Name: "enterprise/insertEnterpriseUser", Doc: "Creates a user of an enterprise.",
			Rule: auth.All(auth.Create.On(auth.EnterpriseUser)), Do: rpc.Func(p.insertEnterpriseUser)},
	}
}

// Enterprise is the published enterprise. What has no subject here yet has its default, or null.
type Enterprise struct {
	ID                    rpc.ID   `json:"id"`
	Created               rpc.Time `json:"created"`
	NetworkID             rpc.ID   `json:"networkId"`
	AlertsEnabled         int      `json:"alertsEnabled"`
	OperatorAlertsEnabled int      `json:"operatorAlertsEnabled"`
	EndpointPkiMode       string   `json:"endpointPkiMode" enum:"CERTIFICATE_DISABLED|CERTIFICATE_OPTIONAL|CERTIFICATE_REQUIRED"`
	Name                  string   `json:"name"`
	Domain                string   `json:"domain"`
	Prefix                string   `json:"prefix"`
	LogicalID             string   `json:"logicalId"`
	AccountNumber         string   `json:"accountNumber"`
	account.EnterpriseFields
	Modified        rpc.Time         `json:"modified"`
	BastionState    string           `json:"bastionState" enum:"UNCONFIGURED|STAGE_REQUESTED|UNSTAGE_REQUESTED|STAGED|UNSTAGED"`
	EnterpriseProxy *EnterpriseProxy `json:"enterpriseProxy,omitempty" doc:"With \"enterpriseProxy\": the partner that owns it."`
}

// endpointPkiMode is that of every enterprise: there are no certificates of devices here.
const endpointPkiMode = "CERTIFICATE_OPTIONAL"

func enterprise(e *account.Enterprise) Enterprise {
	return Enterprise{
		ID: rpc.ID(e.ID), Created: rpc.At(e.Created), NetworkID: auth.NetworkID, EndpointPkiMode: endpointPkiMode,
		Name: e.Name, Domain: e.Domain, Prefix: e.Domain, LogicalID: e.LogicalID, AccountNumber: e.AccountNumber,
		EnterpriseFields: e.Fields, Modified: rpc.At(e.Modified), BastionState: string(e.BastionState()),
	}
}

// Admin is the first superuser of a new tenant.
type Admin struct {
	Username  string  `json:"username" rpc:"required"`
	Password  string  `json:"password" rpc:"required"`
	Password2 *string `json:"password2"`
	Email     *string `json:"email"`
}

// account is the user to make, or nil when none was named.
func (a *Admin) account() *account.NewUser {
	if a == nil {
		return nil
	}
	return &account.NewUser{
		Username: a.Username, Password: secret.Text(a.Password), Password2: hidden(a.Password2), Fields: account.UserFields{Email: a.Email},
	}
}

// InsertEnterprise is the params of enterprise/insertEnterprise.
type InsertEnterprise struct {
	Name      string `json:"name" rpc:"required"`
	NetworkID rpc.ID `json:"networkId"`
	account.EnterpriseFields
	account.Terms
	User *Admin `json:"user"`
	Consents
	ReturnData rpc.Bool `json:"returnData" doc:"Answer the whole enterprise."`
}

// Consents are what a new enterprise has delegated from its beginning.
type Consents struct {
	EnableEnterpriseDelegationToOperator               rpc.Bool `json:"enableEnterpriseDelegationToOperator"`
	EnableEnterpriseDelegationToProxy                  rpc.Bool `json:"enableEnterpriseDelegationToProxy"`
	EnableEnterpriseUserManagementDelegationToOperator rpc.Bool `json:"enableEnterpriseUserManagementDelegationToOperator"`
}

func (c Consents) delegated() auth.Delegation {
	return auth.Delegation(0).
		With(auth.ToOperator, bool(c.EnableEnterpriseDelegationToOperator)).
		With(auth.ToProxy, bool(c.EnableEnterpriseDelegationToProxy)).
		With(auth.UsersToOperator, bool(c.EnableEnterpriseUserManagementDelegationToOperator))
}

func (p Portal) insertEnterprise(ctx context.Context, by *auth.Principal, in InsertEnterprise) (Either[Inserted, Enterprise], error) {
	return p.insertEnterpriseOf(ctx, by, 0, in)
}

// insertEnterpriseOf makes an enterprise of a partner, or of whoever the caller works for.
func (p Portal) insertEnterpriseOf(ctx context.Context, by *auth.Principal, proxyID rpc.ID, in InsertEnterprise) (out Either[Inserted, Enterprise], err error) {
	if err := p.named(ctx, by, auth.Operator, "networkId", in.NetworkID); err != nil {
		return out, err
	}
	n := account.NewEnterprise{
		Name: in.Name, ProxyID: int64(proxyID), Fields: in.EnterpriseFields, Terms: in.Terms, Admin: in.User.account(),
		Delegated: in.delegated(),
	}
	e, err := p.accounts.InsertEnterprise(ctx, by, n)
	if err != nil {
		return out, err
	}
	out.A = Inserted{ID: rpc.ID(e.ID), Rows: 1}
	if in.ReturnData {
		whole := enterprise(e)
		out.B = &whole
	}
	return out, nil
}

// GetEnterprise is the params of enterprise/getEnterprise. It reads the tenant itself, so it names it without a scope.
type GetEnterprise struct {
	EnterpriseID rpc.ID      `json:"enterpriseId"`
	ID           rpc.ID      `json:"id" doc:"The same as enterpriseId."`
	Name         string      `json:"name" doc:"The enterprise's name, instead of enterpriseId."`
	With         rpc.Strings `json:"with" enum:"enterpriseProxy"`
}

func (p Portal) getEnterprise(ctx context.Context, by *auth.Principal, in GetEnterprise) (*Enterprise, error) {
	id, err := p.readable(ctx, by, in)
	if err != nil || id == 0 {
		return nil, err
	}
	e, owner, err := p.accounts.Enterprise(ctx, by, id)
	if err != nil || e == nil {
		return nil, err
	}
	out := enterprise(e)
	if owner != nil && in.With.Has("enterpriseProxy") {
		out.EnterpriseProxy = enterpriseProxy(owner)
	}
	return &out, nil
}

// oneOf is the tenant that a call wants to read: named by either id, or the caller's own.
func oneOf(param string, a, b rpc.ID, own int64) (int64, error) {
	id := cmp.Or(int64(a), int64(b), own)
	switch {
	case b != 0 && int64(b) != id:
		return 0, auth.BadField("id", "differs from %s", param)
	case id == 0:
		return 0, auth.BadField(param, "is required")
	}
	return id, nil
}

// readable is the number of the enterprise that a call wants to read, by number, by name or as the caller's own; 0 when its name
// is that of none he sees, or of more than one.
func (p Portal) readable(ctx context.Context, by *auth.Principal, in GetEnterprise) (int64, error) {
	if in.Name == "" {
		return oneOf("enterpriseId", in.EnterpriseID, in.ID, by.EnterpriseID)
	}
	named, err := p.accounts.EnterpriseNamed(ctx, by, in.Name)
	if err != nil || named == 0 {
		return 0, err
	}
	id, err := oneOf("enterpriseId", in.EnterpriseID, in.ID, named)
	if err == nil && id != named {
		err = auth.BadField("name", "is not that of the enterprise with the id")
	}
	return id, err
}

// UpdateEnterprise is the params of enterprise/updateEnterprise.
type UpdateEnterprise struct {
	EnterpriseID rpc.ID            `json:"enterpriseId"`
	Name         string            `json:"name" doc:"The enterprise's name, instead of enterpriseId."`
	Update       *EnterpriseUpdate `json:"_update" rpc:"required"`
}

// EnterpriseUpdate names the fields to set.
type EnterpriseUpdate struct {
	Name *string `json:"name"`
	account.EnterpriseFields
	ReturnData rpc.Bool `json:"returnData" doc:"Answer the whole enterprise."`
}

func (p Portal) updateEnterprise(ctx context.Context, by *auth.Principal, in UpdateEnterprise) (out Either[Modified, Enterprise], err error) {
	tenant, err := p.tenantNamed(ctx, by, auth.Enterprise, in.EnterpriseID, in.Name)
	if err != nil {
		return out, err
	}
	e, err := p.accounts.UpdateEnterprise(ctx, by, tenant, in.Update.Name, in.Update.EnterpriseFields)
	if err != nil || e == nil {
		return out, auth.Within("_update", err)
	}
	out.A.Rows = 1
	if in.Update.ReturnData {
		whole := enterprise(e)
		out.B = &whole
	}
	return out, nil
}

// tenantNamed finds an enterprise or a partner by number, by name, or as the caller's own. A number and a name must agree.
func (p Portal) tenantNamed(ctx context.Context, by *auth.Principal, of auth.UserType, number rpc.ID, name string) (t auth.Tenant, err error) {
	param, find := "enterpriseId", p.accounts.EnterpriseNamed
	if of == auth.MSP {
		param, find = "enterpriseProxyId", p.accounts.PartnerNamed
	}
	id := int64(number)
	if name != "" {
		named, err := find(ctx, by, name)
		if err != nil {
			return t, err
		}
		if named == 0 || id != 0 && id != named {
			return t, auth.NoTenant(by, param)
		}
		id = named
	}
	if id == 0 && by.UserType == of {
		id = by.TenantID()
	}
	t, ok, err := p.accounts.Tenant(ctx, of, id)
	if err == nil && (!ok || !by.Sees(t)) {
		err = auth.NoTenant(by, param)
	}
	return t, err
}

// GetEnterpriseUsers is the params of enterprise/getEnterpriseUsers.
type GetEnterpriseUsers struct {
	rpc.InEnterpriseOrID
	UserKind
	Exported
}

func (p Portal) getEnterpriseUsers(ctx context.Context, _ *auth.Principal, in GetEnterpriseUsers) (Export[User], error) {
	list, page, err := p.accounts.Users(ctx, in.Tenant, in.kinds(), in.query())
	return exported(in.Exported, list, page, user), err
}

// InsertEnterpriseUser is the params of enterprise/insertEnterpriseUser.
type InsertEnterpriseUser struct {
	rpc.InEnterprise
	NewUser
	UserType *string `json:"userType" enum:"ENTERPRISE"`
}

func (p Portal) insertEnterpriseUser(ctx context.Context, by *auth.Principal, in InsertEnterpriseUser) (Inserted, error) {
	u, err := p.accounts.InsertUser(ctx, by, in.Tenant, in.NewUser.account())
	if err != nil {
		return Inserted{}, err
	}
	return Inserted{ID: rpc.ID(u.ID), Rows: 1}, nil
}
