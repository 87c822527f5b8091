package portal

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/auth/vault"
	"github.com/portico-vco/portico/rpc"
)

func (p Portal) credentialRows() []rpc.Method {
	may := func(a auth.Action) auth.Rule { return auth.All(a.On(auth.Credential)) }
	return []rpc.Method{
		{Name: "credential/getCredentials", Doc: "Lists the credentials of an organisation to its administrators, and to others those that they may use.",
			Rule: may(auth.Read), Do: rpc.Func(p.getCredentials)},
		{Name: "credential/getCredential", Doc: "Gets a credential, or null where there is none that the caller may see.",
			Rule: may(auth.Read), Do: rpc.Func(p.getCredential)},
		{Name: "credential/insertCredential", Doc: "Keeps an existing login with its password, once it was found good. It takes TLS.",
			Rule: may(auth.Create), Do: rpc.Func(p.insertCredential), Private: true},
		{Name: "credential/updateCredential", Doc: "Changes the password of a credential, once the login was found good with it, or the description. It takes TLS.",
			Rule: may(auth.Update), Do: rpc.Func(p.updateCredential), Private: true},
		{Name: "credential/verifyCredential", Doc: "Checks a login with the password that is kept, once.",
			Rule: may(auth.Update), Do: rpc.Func(p.verifyCredential)},
		{Name: "credential/shareCredentialWithUser", Doc: "Lets a user or a service account of the organisation use a credential.",
			Rule: may(auth.Update), Do: rpc.Func(p.shareWithUser)},
		{Name: "credential/unshareCredentialFromUser", Doc: "Ends the share of a user in a credential.",
			Rule: may(auth.Update), Do: rpc.Func(p.unshareFromUser)},
		{Name: "credential/shareCredentialWithUserGroup", Doc: "Lets the members of a user group of the organisation use a credential.",
			Rule: may(auth.Update), Do: rpc.Func(p.shareWithUserGroup)},
		{Name: "credential/unshareCredentialFromUserGroup", Doc: "Ends the share of a user group in a credential.",
			Rule: may(auth.Update), Do: rpc.Func(p.unshareFromUserGroup)},
		{Name: "credential/deleteCredential", Doc: "Deletes a credential for good, also one that is shared if force is given.",
			Rule: may(auth.Delete), Do: rpc.Func(p.deleteCredential)},
		{Name: "credential/useCredential", Doc: "Hands the password out to somebody with whom the credential is shared. Each use is recorded. It takes TLS.",
			Rule: may(auth.Read).Users(), Do: rpc.Func(p.useCredential), Private: true, Once: true},
	}
}

// OneCredential names a credential of an organisation.
type OneCredential struct {
	rpc.InOrganisation
	ID rpc.ID `json:"id" rpc:"required"`
}

// CredentialView says how much is shown of a credential.
type CredentialView struct {
	View Unjudged[string] `json:"view" doc:"Default or Full. It is ignored for callers who are no administrators of credentials."`
}

// Unjudged is a param that is ignored for some callers, whatever it is. To the others the mistake in it is told by the method.
type Unjudged[T any] struct {
	value T
	wrong error
}

// UnmarshalJSON keeps the mistake.
func (u *Unjudged[T]) UnmarshalJSON(b []byte) error {
	var typ *json.UnmarshalTypeError
	if u.wrong = json.Unmarshal(b, &u.value); errors.As(u.wrong, &typ) {
		u.wrong = errors.New("must be a " + typ.Type.String())
	}
	return nil
}

func (u Unjudged[T]) mistakes(path string) []auth.Field {
	if u.wrong == nil {
		return nil
	}
	return []auth.Field{{Path: path, Message: u.wrong.Error()}}
}

// Schema is that of the param as it should be.
func (Unjudged[T]) Schema(result bool) rpc.Schema { return rpc.SchemaOf[T](result) }

// GetCredentials is the params of credential/getCredentials.
type GetCredentials struct {
	rpc.InOrganisation
	CredentialView
	UserID      Unjudged[rpc.ID] `json:"userId" doc:"Those that are shared with this user himself. Ignored like view."`
	UserGroupID Unjudged[rpc.ID] `json:"userGroupId" doc:"Those that are shared with this user group. Ignored like view."`
	Paged
}

func (p Portal) getCredentials(ctx context.Context, by *auth.Principal, in GetCredentials) (List[ShownCredential], error) {
	list, page, err := p.vault.List(ctx, by, in.Tenant, in.show(), in.query())
	return listed(list, page, shownCredential), err
}

func (in *GetCredentials) show() vault.Show {
	out := in.CredentialView.show()
	out.UserID, out.GroupID = int64(in.UserID.value), int64(in.UserGroupID.value)
	out.Wrong = slices.Concat(out.Wrong, in.UserID.mistakes("userId"), in.UserGroupID.mistakes("userGroupId"))
	return out
}

func (v CredentialView) show() vault.Show {
	return vault.Show{View: v.View.value, Wrong: v.View.mistakes("view")}
}

// GetCredential is the params of credential/getCredential.
type GetCredential struct {
	OneCredential
	CredentialView
}

func (p Portal) getCredential(ctx context.Context, by *auth.Principal, in GetCredential) (*ShownCredential, error) {
	l, err := p.vault.Get(ctx, by, in.Tenant, int64(in.ID), in.show())
	if err != nil || l == nil {
		return nil, err
	}
	out := shownCredential(*l)
	return &out, nil
}

// ShownCredential is a credential in one of its views.
type ShownCredential = Either[ReducedCredential, Credential]

// ReducedCredential is the view Default, and the only one of those who are no administrators of credentials.
type ReducedCredential struct {
	ID       rpc.ID `json:"id"`
	Username string `json:"username"`
}

// Credential is the view Full.
type Credential struct {
	ReducedCredential
	Organisation
	Description     *string  `json:"description"`
	Status          string   `json:"status" enum:"VERIFIED|UNVERIFIED|REJECTED|LOCKED|EXPIRED" doc:"What the last check has found."`
	VerifiedAt      rpc.Time `json:"verifiedAt" doc:"When it was last found good."`
	LastUpdated     rpc.Time `json:"lastUpdated" doc:"Its password or its description."`
	CreatedByUserID *rpc.ID  `json:"createdByUserId" doc:"Null for an OAuth app. The credential outlives its maker."`
	CreatedByEmail  *string  `json:"createdByEmail"`
	UserIDs         []rpc.ID `json:"userIds" doc:"With which users it is shared."`
	UserGroupIDs    []rpc.ID `json:"userGroupIds" doc:"With which user groups it is shared."`
}

func shownCredential(l vault.Listed) ShownCredential {
	out := ShownCredential{A: ReducedCredential{rpc.ID(l.ID), l.Username}}
	if l.Full {
		full := fullCredential(l)
		out.B = &full
	}
	return out
}

func fullCredential(l vault.Listed) Credential {
	return Credential{
		ReducedCredential: ReducedCredential{rpc.ID(l.ID), l.Username}, Organisation: organisation(l.Of, l.TenantID),
		Description: text(l.Description), Status: string(l.Status), VerifiedAt: rpc.At(l.VerifiedAt), LastUpdated: rpc.At(l.Modified),
		CreatedByUserID: ref(l.CreatedBy), CreatedByEmail: text(l.CreatedByEmail), UserIDs: ids(l.UserIDs), UserGroupIDs: ids(l.GroupIDs),
	}
}

// InsertCredential is the params of credential/insertCredential.
type InsertCredential struct {
	rpc.InOrganisation
	Username    string `json:"username" rpc:"required" doc:"1 to 255 characters. It never changes."`
	Password    string `json:"password" rpc:"required" doc:"1 to 256 bytes, none of them zero."`
	Description string `json:"description" doc:"At most 255 characters."`
}

func (p Portal) insertCredential(ctx context.Context, by *auth.Principal, in InsertCredential) (Credential, error) {
	c, err := p.vault.Insert(ctx, by, in.Tenant, vault.NewCredential{
		Username: in.Username, Password: secret.Text(in.Password), Description: in.Description,
	})
	if err != nil {
		return Credential{}, err
	}
	return fullCredential(vault.Listed{Credential: c}), nil
}

// UpdateCredential is the params of credential/updateCredential.
type UpdateCredential struct {
	OneCredential
	Update *CredentialUpdate `json:"_update" rpc:"required"`
}

// CredentialUpdate names the fields to set.
type CredentialUpdate struct {
	NewPassword *string `json:"newPassword" doc:"1 to 256 bytes, none of them zero."`
	Description *string `json:"description" doc:"At most 255 characters."`
	Username    *string `json:"username" doc:"It does not change."`
}

func (p Portal) updateCredential(ctx context.Context, by *auth.Principal, in UpdateCredential) (Modified, error) {
	u := in.Update
	if u.Username != nil {
		return Modified{}, immutable("username")
	}
	rows, err := p.vault.Update(ctx, by, in.Tenant, int64(in.ID), vault.CredentialUpdate{
		Password: (*secret.Text)(u.NewPassword), Description: u.Description,
	})
	return Modified{rows}, auth.Within("_update", err)
}

// CheckedCredential is what a check has found.
type CheckedCredential struct {
	Outcome    string   `json:"outcome" enum:"OK|INVALID|DISABLED|LOCKED|EXPIRED|MUST_CHANGE|UNVERIFIED"`
	VerifiedAt rpc.Time `json:"verifiedAt" doc:"When it was last found good."`
}

func (p Portal) verifyCredential(ctx context.Context, by *auth.Principal, in OneCredential) (CheckedCredential, error) {
	found, err := p.vault.Verify(ctx, by, in.Tenant, int64(in.ID))
	return CheckedCredential{string(found.Outcome), rpc.At(found.VerifiedAt)}, err
}

// CredentialOfUser names a credential and a user of the same organisation.
type CredentialOfUser struct {
	OneCredential
	UserID rpc.ID `json:"userId" rpc:"required"`
}

func (p Portal) shareWithUser(ctx context.Context, by *auth.Principal, in CredentialOfUser) (Modified, error) {
	rows, err := p.vault.Share(ctx, by, in.Tenant, int64(in.ID), vault.Target{UserID: int64(in.UserID)})
	return Modified{rows}, err
}

func (p Portal) unshareFromUser(ctx context.Context, by *auth.Principal, in CredentialOfUser) (Modified, error) {
	rows, err := p.vault.Unshare(ctx, by, in.Tenant, int64(in.ID), vault.Target{UserID: int64(in.UserID)})
	return Modified{rows}, err
}

// CredentialOfUserGroup names a credential and a user group of the same organisation.
type CredentialOfUserGroup struct {
	OneCredential
	UserGroupID rpc.ID `json:"userGroupId" rpc:"required"`
}

func (p Portal) shareWithUserGroup(ctx context.Context, by *auth.Principal, in CredentialOfUserGroup) (Modified, error) {
	rows, err := p.vault.Share(ctx, by, in.Tenant, int64(in.ID), vault.Target{GroupID: int64(in.UserGroupID)})
	return Modified{rows}, err
}

func (p Portal) unshareFromUserGroup(ctx context.Context, by *auth.Principal, in CredentialOfUserGroup) (Modified, error) {
	rows, err := p.vault.Unshare(ctx, by, in.Tenant, int64(in.ID), vault.Target{GroupID: int64(in.UserGroupID)})
	return Modified{rows}, err
}

// DeleteCredential is the params of credential/deleteCredential.
type DeleteCredential struct {
	OneCredential
	Force rpc.Bool `json:"force" doc:"Although it is shared."`
}

// DeletedCredential is the answer to deleteCredential.
type DeletedCredential struct {
	Deleted
	RemovedShares RemovedShares `json:"removedShares"`
}

// RemovedShares counts the shares that ended with a credential.
type RemovedShares struct {
	Users      int `json:"users"`
	UserGroups int `json:"userGroups"`
}

func (p Portal) deleteCredential(ctx context.Context, by *auth.Principal, in DeleteCredential) (DeletedCredential, error) {
	removed, rows, err := p.vault.Delete(ctx, by, in.Tenant, int64(in.ID), bool(in.Force))
	return DeletedCredential{deleted(in.ID, rows), RemovedShares{removed.Users, removed.Groups}}, err
}

// UseCredential is the params of credential/useCredential.
type UseCredential struct {
	OneCredential
	Purpose string `json:"purpose" rpc:"required" doc:"What it is used for, 1 to 255 characters. It is recorded."`
}

// UsedCredential is a login with its password.
type UsedCredential struct {
	ReducedCredential
	Password string `json:"password" doc:"Shown this once."`
}

func (p Portal) useCredential(ctx context.Context, by *auth.Principal, in UseCredential) (UsedCredential, error) {
	c, password, err := p.vault.Use(ctx, by, in.Tenant, int64(in.ID), in.Purpose)
	if err != nil {
		return UsedCredential{}, err
	}
	return UsedCredential{ReducedCredential{rpc.ID(c.ID), c.Username}, string(password)}, nil
}
