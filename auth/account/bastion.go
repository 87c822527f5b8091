package account

import (
	"cmp"
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/store"
)

// A BastionState says how far an operator user or an enterprise has come on the way to a bastion, a second portal for devices
// that have not been activated. There is none here to say that what was requested is done: the published states STAGED and
// UNSTAGED are not reached.
type BastionState string

// A BastionMove moves a BastionState.
type BastionMove string

// The states and what moves them.
const (
	Unconfigured     BastionState = "UNCONFIGURED"
	StageRequested   BastionState = "STAGE_REQUESTED"
	UnstageRequested BastionState = "UNSTAGE_REQUESTED"

	Stage   BastionMove = "stage"
	Unstage BastionMove = "unstage"
)

// BastionMoves is the life of a bastion state.
var BastionMoves = auth.Lifecycle[BastionState, BastionMove]{
	Unconfigured:     {Stage: StageRequested},
	StageRequested:   {Unstage: UnstageRequested},
	UnstageRequested: {Stage: StageRequested},
}

// orNone is the state, or UNCONFIGURED where nothing was ever asked for.
func (s BastionState) orNone() BastionState { return cmp.Or(s, Unconfigured) }

// MoveOperatorBastion moves the bastion state of an operator user. Who holds the privilege may, and he himself; a superuser's
// is moved only by superusers. rows is 0 when there is no such user.
func (a *Accounts) MoveOperatorBastion(ctx context.Context, by *auth.Principal, id int64, move BastionMove) (rows int, err error) {
	v := auth.Update.On(auth.OperatorUser)
	err = a.Store.Update(ctx, func(tx store.Tx) error {
		rows = 0
		u, in, err := a.findUser(tx, by, id, "")
		if err != nil {
			return err
		}
		self := u != nil && u.ID == by.UserID
		switch {
		case !self && !by.May(v, auth.Network()):
			return auth.Lacks(by, v)
		case u == nil || u.Type != auth.Operator:
			return nil
		case u.ClientID != 0:
			return u.Managed()
		case !self && u.IsSuper() && !by.IsSuper():
			return auth.Errorf(auth.Forbidden, "the privilege of a superuser is required to change a superuser in method [%s]", by.Method)
		}
		before := u.Bastion.orNone()
		if u.Bastion, err = BastionMoves.Next(before, move); err != nil {
			return err
		}
		rows, u.Modified = 1, a.Now()
		if err := users.Put(tx, u); err != nil {
			return err
		}
		return a.Record(tx, by, in, bastionMoved(userEvent("UPDATE", u.Type), OfUser, "user "+u.Username,
			map[string]any{"userId": u.ID, "username": u.Username}, before, u.Bastion))
	})
	return rows, err
}

// MoveEnterpriseBastion moves the bastion state of the tenant's enterprise.
func (a *Accounts) MoveEnterpriseBastion(ctx context.Context, by *auth.Principal, in auth.Tenant, move BastionMove) error {
	return a.Store.Update(ctx, func(tx store.Tx) error {
		e, err := enterprises.Get(tx, in.ID)
		if err != nil || e == nil {
			return cmp.Or(err, errTenantGone)
		}
		if err := auth.All(auth.Update.On(auth.EnterpriseObject)).Allows(by, e.tenant()); err != nil {
			return err
		}
		before := e.Bastion.orNone()
		if e.Bastion, err = BastionMoves.Next(before, move); err != nil {
			return err
		}
		e.Modified = a.Now()
		if err := enterprises.Put(tx, e); err != nil {
			return err
		}
		return a.Record(tx, by, e.tenant(), bastionMoved("UPDATE_ENTERPRISE", OfEnterprise, "enterprise "+e.Name,
			map[string]any{"enterpriseId": e.ID}, before, e.Bastion))
	})
}

func bastionMoved(name, category, message string, detail map[string]any, from, to BastionState) Happening {
	detail["changed"] = []string{"bastionState"}
	detail["from"] = map[string]any{"bastionState": from}
	detail["to"] = map[string]any{"bastionState": to}
	return Happening{Name: name, Category: category, Message: message, Detail: detail}
}

// BastionState is the user's.
func (u *User) BastionState() BastionState { return u.Bastion.orNone() }

// BastionState is the enterprise's.
func (e *Enterprise) BastionState() BastionState { return e.Bastion.orNone() }
