package portal

import (
	"context"
	"encoding/json"
	"strconv"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/rpc"
)

var customizeAny = []auth.Privilege{auth.CustomizeRoles(auth.Operator), auth.CustomizeRoles(auth.Enterprise), auth.CustomizeRoles(auth.MSP)}

func (p Portal) rolePackageRows() []rpc.Method {
	return []rpc.Method{
		{Name: "role/insertRoleCustomizationPackage", Doc: "Keeps a set of changes of functional roles; nothing changes before it is applied.",
			Rule: createRolePackage, Do: rpc.Func(p.insertRolePackage)},
		{Name: "role/applyRoleCustomizationPackage", Doc: "Applies a package; it acts with the next call of everybody concerned.",
			Rule: auth.Any(customizeAny...), Do: rpc.Func(p.applyRolePackage)},
		{Name: "role/saveAndApplyRoleCustomizationPackage", Doc: "Changes the named fields of a package and applies it.",
			Rule: auth.All(auth.Update.On(auth.RolePackage)).AndAny(customizeAny...), Do: rpc.Func(p.saveAndApplyRolePackage)},
		{Name: "role/deleteRoleCustomizationPackage", Doc: "Forgets a package that is not applied.",
			Rule: auth.Any(customizeAny...), Do: rpc.Func(p.deleteRolePackage)},
		{Name: "role/getRoleCustomizationPackages", Doc: "Lists the packages of a tenant; the default is the caller's own.",
			Rule: readRolePackage, Do: rpc.Func(p.getRolePackages)},
		{Name: "role/getRoleCustomizationPrivileges", Doc: "Tells what a package changes in which functional role.",
			Rule: readRolePackage, Do: rpc.Func(p.getRolePackagePrivileges)},
	}
}

var (
	createRolePackage = auth.All(auth.Create.On(auth.RolePackage))
	readRolePackage   = auth.All(auth.Read.On(auth.RolePackage))
)

// RolePrivilege is a published privilege in a customization. One without an object bears its name in privilege.
type RolePrivilege struct {
	Object    *string  `json:"object"`
	Action    *string  `json:"action" enum:"CREATE|READ|UPDATE|DELETE|DOWNLOAD|MANAGE|NONE"`
	Privilege *string  `json:"privilege" doc:"The name of a privilege without an object."`
	IsDeny    rpc.Flag `json:"isDeny"`
}

func rolePrivilege(v auth.Privilege, deny bool) RolePrivilege {
	name, action := string(v.Object), v.ActionName()
	if !v.HasObject() {
		return RolePrivilege{Action: &action, Privilege: &name, IsDeny: rpc.Flag(deny)}
	}
	return RolePrivilege{Object: &name, Action: &action, IsDeny: rpc.Flag(deny)}
}

func rolePrivileges(vs []auth.Privilege, deny bool) []RolePrivilege {
	out := make([]RolePrivilege, len(vs))
	for i, v := range vs {
		out[i] = rolePrivilege(v, deny)
	}
	return out
}

// account finds the privilege; the zero one, which nobody may allow or deny, where there is none.
func (r RolePrivilege) account() (v auth.Privilege) {
	word := value(r.Action) + ":" + value(r.Object)
	if value(r.Object) == "" {
		word = value(r.Privilege)
	}
	_ = v.UnmarshalText([]byte(word)) // it reads every word
	return v
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// RoleCustomization is a published change of a functional role. To add a privilege with isDeny is to deny it, and to remove one
// with isDeny is to allow it.
type RoleCustomization struct {
	ForRoleID        rpc.ID          `json:"forRoleId" rpc:"required" doc:"A functional role."`
	AddPrivileges    []RolePrivilege `json:"addPrivileges"`
	RemovePrivileges []RolePrivilege `json:"removePrivileges"`
}

func (c RoleCustomization) account() account.RoleChange {
	out := account.RoleChange{FunctionID: int64(c.ForRoleID)}
	sort := func(list []RolePrivilege, add bool) {
		for _, p := range list {
			if add != bool(p.IsDeny) {
				out.Allow = append(out.Allow, p.account())
			} else {
				out.Deny = append(out.Deny, p.account())
			}
		}
	}
	sort(c.AddPrivileges, true)
	sort(c.RemovePrivileges, false)
	return out
}

// RolePackageContent is what a package changes, and where. Without a tenant it is for the caller's own.
type RolePackageContent struct {
	EnterpriseID       rpc.ID              `json:"enterpriseId"`
	EnterpriseProxyID  rpc.ID              `json:"enterpriseProxyId"`
	NetworkID          rpc.ID              `json:"networkId"`
	RoleCustomizations []RoleCustomization `json:"roleCustomizations" rpc:"required"`
}

func (c RolePackageContent) account() []account.RoleChange {
	out := make([]account.RoleChange, len(c.RoleCustomizations))
	for i, r := range c.RoleCustomizations {
		out[i] = r.account()
	}
	return out
}

// InsertRolePackage is the params of role/insertRoleCustomizationPackage.
type InsertRolePackage struct {
	Name        string              `json:"name" doc:"The default is the time."`
	Description string              `json:"description"`
	BlobContent *RolePackageContent `json:"blobContent" rpc:"required"`
}

// RolePackage is the published package.
type RolePackage struct {
	ID            rpc.ID   `json:"id"`
	BlobID        rpc.ID   `json:"blobId"`
	LogicalID     string   `json:"logicalId"`
	NetworkID     rpc.ID   `json:"networkId"`
	Created       rpc.Time `json:"created"`
	Modified      rpc.Time `json:"modified"`
	Name          string   `json:"name"`
	Description   *string  `json:"description"`
	FileName      string   `json:"fileName"`
	Type          string   `json:"type"`
	Version       string   `json:"version"`
	Manifest      Manifest `json:"manifest"`
	UploadDetails Upload   `json:"uploadDetails"`
}

// Manifest says the same once more.
type Manifest struct {
	Name        string  `json:"name"`
	Description *string `json:"description"`
	Version     string  `json:"version"`
}

// Upload tells the size of the content.
type Upload struct {
	Size int `json:"size" doc:"In bytes of JSON."`
}

func rolePackage(p *account.RolePackage) RolePackage {
	content, _ := json.Marshal(p.Changes) // plain words and numbers
	version := strconv.FormatInt(p.Version, 10)
	return RolePackage{
		ID: rpc.ID(p.ID), BlobID: rpc.ID(p.ID), LogicalID: p.LogicalID, NetworkID: auth.NetworkID,
		Created: rpc.At(p.Created), Modified: rpc.At(p.Modified), Name: p.Name, Description: text(p.Description),
		FileName: p.Name + ".json", Type: "roleCustomizationPackage", Version: version,
		Manifest: Manifest{p.Name, text(p.Description), version}, UploadDetails: Upload{len(content)},
	}
}

func (p Portal) insertRolePackage(ctx context.Context, by *auth.Principal, in InsertRolePackage) (out RolePackage, err error) {
	c := in.BlobContent
	tenant, err := p.oneTenant(ctx, by, c.EnterpriseID, c.EnterpriseProxyID, c.NetworkID)
	if err != nil {
		return out, err
	}
	if err := createRolePackage.Allows(by, tenant); err != nil {
		return out, err
	}
	if in.Name == "" {
		in.Name = p.accounts.Now().Format("2006-01-02 15:04:05")
	}
	made, err := p.accounts.InsertRolePackage(ctx, by, tenant, in.Name, in.Description, c.account())
	if err != nil {
		return out, err
	}
	return rolePackage(made), nil
}

// OneRolePackage names a package.
type OneRolePackage struct {
	ID rpc.ID `json:"id" rpc:"required"`
}

// AppliedPackage tells what was customized.
type AppliedPackage struct {
	CustomizationResults []AppliedRole `json:"customizationResults"`
}

// AppliedRole tells what was customized in a functional role.
type AppliedRole struct {
	ForRoleID        rpc.ID            `json:"forRoleId"`
	AddPrivileges    AddedPrivileges   `json:"addPrivileges"`
	RemovePrivileges RemovedPrivileges `json:"removePrivileges"`
}

// AddedPrivileges counts what the customization allows.
type AddedPrivileges struct {
	RoleCustomizationID rpc.ID `json:"roleCustomizationId"`
	InsertedPrivileges  int    `json:"insertedPrivileges"`
}

// RemovedPrivileges counts what the customization denies.
type RemovedPrivileges struct {
	RoleCustomizationID rpc.ID `json:"roleCustomizationId"`
	DeletedPrivileges   int    `json:"deletedPrivileges"`
}

func applied(made []*account.Customization, err error) (AppliedPackage, error) {
	out := AppliedPackage{CustomizationResults: make([]AppliedRole, len(made))}
	for i, c := range made {
		out.CustomizationResults[i] = AppliedRole{
			ForRoleID:        rpc.ID(c.FunctionID),
			AddPrivileges:    AddedPrivileges{rpc.ID(c.ID), len(c.Allow)},
			RemovePrivileges: RemovedPrivileges{rpc.ID(c.ID), len(c.Deny)},
		}
	}
	return out, err
}

func (p Portal) applyRolePackage(ctx context.Context, by *auth.Principal, in OneRolePackage) (AppliedPackage, error) {
	return applied(p.accounts.ApplyRolePackage(ctx, by, int64(in.ID), nil))
}

// SaveRolePackage is the params of role/saveAndApplyRoleCustomizationPackage.
type SaveRolePackage struct {
	OneRolePackage
	Update *RolePackageUpdate `json:"_update" rpc:"required"`
}

// RolePackageUpdate names the fields to set. A package stays with its tenant.
type RolePackageUpdate struct {
	Name        *string             `json:"name"`
	Description *string             `json:"description"`
	BlobContent *RolePackageContent `json:"blobContent"`
}

func (p Portal) saveAndApplyRolePackage(ctx context.Context, by *auth.Principal, in SaveRolePackage) (AppliedPackage, error) {
	up := account.RolePackageUpdate{Name: in.Update.Name, Description: in.Update.Description}
	if c := in.Update.BlobContent; c != nil {
		if err := p.samePlace(ctx, by, int64(in.ID), c); err != nil {
			return AppliedPackage{}, err
		}
		up.Changes = c.account()
	}
	made, err := p.accounts.ApplyRolePackage(ctx, by, int64(in.ID), &up)
	return applied(made, auth.Within("_update", err))
}

// samePlace sees to it that new content does not name another tenant than the package's.
func (p Portal) samePlace(ctx context.Context, by *auth.Principal, id int64, c *RolePackageContent) error {
	if c.EnterpriseID == 0 && c.EnterpriseProxyID == 0 && c.NetworkID == 0 {
		return nil
	}
	tenant, err := p.oneTenant(ctx, by, c.EnterpriseID, c.EnterpriseProxyID, c.NetworkID)
	if err != nil {
		return err
	}
	was, in, err := p.accounts.RolePackage(ctx, by, id)
	if err == nil && was != nil && (in.Type != tenant.Type || in.ID != tenant.ID) {
		err = auth.Errorf(auth.Immutable, "a role customization package stays with its tenant")
	}
	return err
}

func (p Portal) deleteRolePackage(ctx context.Context, by *auth.Principal, in OneRolePackage) (Modified, error) {
	rows, err := p.accounts.DeleteRolePackage(ctx, by, int64(in.ID))
	return Modified{Rows: rows}, err
}

// GetRolePackages is the params of role/getRoleCustomizationPackages.
type GetRolePackages struct {
	EnterpriseID      rpc.ID `json:"enterpriseId"`
	EnterpriseProxyID rpc.ID `json:"enterpriseProxyId"`
	NetworkID         rpc.ID `json:"networkId"`
}

func (p Portal) getRolePackages(ctx context.Context, by *auth.Principal, in GetRolePackages) ([]RolePackage, error) {
	tenant, err := p.oneTenant(ctx, by, in.EnterpriseID, in.EnterpriseProxyID, in.NetworkID)
	if err != nil {
		return nil, err
	}
	list, err := p.accounts.RolePackages(ctx, tenant)
	out := make([]RolePackage, len(list))
	for i, pkg := range list {
		out[i] = rolePackage(pkg)
	}
	return out, err
}

// RolePackagePrivileges tells what a package changes.
type RolePackagePrivileges struct {
	PackageName        string                  `json:"packageName"`
	PackageDescription *string                 `json:"packageDescription"`
	Level              RolePackageLevel        `json:"level"`
	Definitions        []RolePackageDefinition `json:"definitions"`
}

// RolePackageLevel is the tenant of a package.
type RolePackageLevel struct {
	EnterpriseID      *rpc.ID `json:"enterpriseId"`
	EnterpriseProxyID *rpc.ID `json:"enterpriseProxyId"`
	NetworkID         *rpc.ID `json:"networkId"`
}

// RolePackageDefinition tells what a package changes in a functional role, and what that has now.
type RolePackageDefinition struct {
	RoleID              rpc.ID          `json:"roleId"`
	UserType            string          `json:"userType"`
	Description         *string         `json:"description"`
	Privileges          []RolePrivilege `json:"privileges"`
	EffectivePrivileges []RolePrivilege `json:"effectivePrivileges" doc:"What the functional role has for the tenant's users now, applied or not."`
}

func (p Portal) getRolePackagePrivileges(ctx context.Context, by *auth.Principal, in OneRolePackage) (*RolePackagePrivileges, error) {
	pkg, tenant, err := p.accounts.RolePackage(ctx, by, int64(in.ID))
	if err != nil || pkg == nil {
		return nil, err
	}
	out := &RolePackagePrivileges{PackageName: pkg.Name, PackageDescription: text(pkg.Description), Definitions: []RolePackageDefinition{}}
	switch pkg.Level {
	case auth.Enterprise:
		out.Level.EnterpriseID = ref(pkg.TenantID)
	case auth.MSP:
		out.Level.EnterpriseProxyID = ref(pkg.TenantID)
	default:
		out.Level.NetworkID = ref(pkg.TenantID)
	}
	for _, ch := range pkg.Changes {
		part, err := p.part(ctx, tenant, ch.FunctionID)
		if err != nil {
			return nil, err
		}
		if part.Function == nil {
			continue
		}
		out.Definitions = append(out.Definitions, RolePackageDefinition{
			RoleID: rpc.ID(ch.FunctionID), UserType: part.UserType.String(), Description: text(part.Description),
			Privileges:          append(rolePrivileges(ch.Allow, false), rolePrivileges(ch.Deny, true)...),
			EffectivePrivileges: rolePrivileges((&auth.Role{Parts: []auth.Part{part}}).Privileges(), false),
		})
	}
	return out, nil
}

// part answers a functional role as it stands in the tenant; the zero part where there is none.
func (p Portal) part(ctx context.Context, in auth.Tenant, id int64) (auth.Part, error) {
	f := auth.FunctionByID(id)
	if f == nil {
		return auth.Part{}, nil
	}
	parts, err := p.accounts.FunctionsFor(ctx, in, f.UserType)
	for _, part := range parts {
		if part.ID == id {
			return part, err
		}
	}
	return auth.Part{}, err
}
