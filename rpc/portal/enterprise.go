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
			Rule: auth.All(auth.Read.On(auth.EnterpriseObject)), Do: rpc.Func(p.getEnterprise)},
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

// EnterpriseProxy is the published partner.
type EnterpriseProxy struct {
	ID              rpc.ID   `json:"id"`
	Created         rpc.Time `json:"created"`
	NetworkID       rpc.ID   `json:"networkId"`
	ProxyType       string   `json:"proxyType" enum:"PARTNER|MSP"`
	OperateGateways bool     `json:"operateGateways"`
	LogicalID       string   `json:"logicalId"`
	Name            string   `json:"name"`
	Domain          string   `json:"domain"`
	Prefix          string   `json:"prefix"`
	account.Contact
	Modified rpc.Time `json:"modified"`
}

func enterprise(e *account.Enterprise) Enterprise {
	return Enterprise{
		ID: rpc.ID(e.ID), Created: rpc.At(e.Created), NetworkID: auth.NetworkID, EndpointPkiMode: "CERTIFICATE_OPTIONAL",
		Name: e.Name, Domain: e.Domain, Prefix: e.Domain, LogicalID: e.LogicalID, AccountNumber: e.AccountNumber,
		EnterpriseFields: e.Fields, Modified: rpc.At(e.Modified), BastionState: string(e.BastionState()),
	}
}

func enterpriseProxy(o *account.Partner) *EnterpriseProxy {
	return &EnterpriseProxy{
		ID: rpc.ID(o.ID), Created: rpc.At(o.Created), NetworkID: auth.NetworkID, ProxyType: "MSP",
		LogicalID: o.LogicalID, Name: o.Name, Domain: o.Domain, Prefix: o.Domain, Contact: o.Fields, Modified: rpc.At(o.Modified),
	}
}

// Admin is the first superuser of a new tenant.
type Admin struct {
	Username  string  `json:"username" rpc:"required"`
	Password  string  `json:"password" rpc:"required"`
	Password2 *string `json:"password2"`
	Email     *string `json:"email"`
}

// InsertEnterprise is the params of enterprise/insertEnterprise.
type InsertEnterprise struct {
	Name      string `json:"name" rpc:"required"`
	NetworkID rpc.ID `json:"networkId"`
	account.EnterpriseFields
	account.Terms
	User                                               *Admin   `json:"user"`
	EnableEnterpriseDelegationToOperator               rpc.Bool `json:"enableEnterpriseDelegationToOperator"`
	EnableEnterpriseDelegationToProxy                  rpc.Bool `json:"enableEnterpriseDelegationToProxy"`
	EnableEnterpriseUserManagementDelegationToOperator rpc.Bool `json:"enableEnterpriseUserManagementDelegationToOperator"`
	ReturnData                                         rpc.Bool `json:"returnData" doc:"Answer the whole enterprise."`
}

func (p Portal) insertEnterprise(ctx context.Context, by *auth.Principal, in InsertEnterprise) (out Either[Inserted, Enterprise], err error) {
	if err := p.named(ctx, by, auth.Operator, "networkId", in.NetworkID); err != nil {
		return out, err
	}
	n := account.NewEnterprise{
		Name: in.Name, Fields: in.EnterpriseFields, Terms: in.Terms,
		Delegated: auth.Delegation(0).
			With(auth.ToOperator, bool(in.EnableEnterpriseDelegationToOperator)).
			With(auth.ToProxy, bool(in.EnableEnterpriseDelegationToProxy)).
			With(auth.UsersToOperator, bool(in.EnableEnterpriseUserManagementDelegationToOperator)),
	}
	if in.User != nil {
		n.Admin = &account.NewUser{
			Username: in.User.Username, Password: secret.Text(in.User.Password), Password2: hidden(in.User.Password2),
			Fields: account.UserFields{Email: in.User.Email},
		}
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
	With         rpc.Strings `json:"with" enum:"enterpriseProxy"`
}

func (p Portal) getEnterprise(ctx context.Context, by *auth.Principal, in GetEnterprise) (*Enterprise, error) {
	id := cmp.Or(in.EnterpriseID, in.ID, rpc.ID(by.EnterpriseID))
	if in.ID != 0 && in.ID != id {
		return nil, auth.BadField("id", "differs from enterpriseId")
	}
	if id == 0 {
		return nil, auth.BadField("enterpriseId", "is required")
	}
	e, owner, err := p.accounts.Enterprise(ctx, by, int64(id))
	if err != nil || e == nil {
		return nil, err
	}
	out := enterprise(e)
	if owner != nil && in.With.Has("enterpriseProxy") {
		out.EnterpriseProxy = enterpriseProxy(owner)
	}
	return &out, nil
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
	tenant, err := p.namedEnterprise(ctx, by, in)
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

// namedEnterprise finds the enterprise by number, by name, or as the caller's own. A number and a name must agree.
func (p Portal) namedEnterprise(ctx context.Context, by *auth.Principal, in UpdateEnterprise) (t auth.Tenant, err error) {
	id := int64(in.EnterpriseID)
	if in.Name != "" {
		named, err := p.accounts.EnterpriseNamed(ctx, by, in.Name)
		if err != nil {
			return t, err
		}
		if named == 0 || id != 0 && id != named {
			return t, auth.NoTenant(by, "enterpriseId")
		}
		id = named
	}
	t, ok, err := p.accounts.Tenant(ctx, auth.Enterprise, cmp.Or(id, by.EnterpriseID))
	if err == nil && (!ok || !by.Sees(t)) {
		err = auth.NoTenant(by, "enterpriseId")
	}
	return t, err
}

// GetEnterpriseUsers is the params of enterprise/getEnterpriseUsers.
type GetEnterpriseUsers struct {
	rpc.InEnterpriseOrID
	Exported
}

func (p Portal) getEnterpriseUsers(ctx context.Context, _ *auth.Principal, in GetEnterpriseUsers) (Export[User], error) {
	list, page, err := p.accounts.Users(ctx, in.Tenant, in.query())
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
