package portal

import (
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/vault"
	"github.com/portico-vco/portico/rpc"
)

func (p Portal) userGroupRows() []rpc.Method {
	may := func(a auth.Action) auth.Rule { return auth.All(a.On(auth.UserGroup)) }
	return []rpc.Method{
		{Name: "userGroup/insertUserGroup", Doc: "Makes a user group of an organisation, without members.",
			Rule: may(auth.Create), Do: rpc.Func(p.insertUserGroup)},
		{Name: "userGroup/getUserGroups", Doc: "Lists the user groups of an organisation.",
			Rule: may(auth.Read), Do: rpc.Func(p.getUserGroups)},
		{Name: "userGroup/getUserGroup", Doc: "Gets a user group of an organisation, or null.",
			Rule: may(auth.Read), Do: rpc.Func(p.getUserGroup)},
		{Name: "userGroup/updateUserGroup", Doc: "Changes the named fields of a user group.",
			Rule: may(auth.Update), Do: rpc.Func(p.updateUserGroup)},
		{Name: "userGroup/deleteUserGroup", Doc: "Deletes a user group, also with members and shares if force is given.",
			Rule: may(auth.Delete), Do: rpc.Func(p.deleteUserGroup)},
		{Name: "userGroup/addUserGroupMembers", Doc: "Makes users of the organisation members of a user group, and says who could not be made one.",
			Rule: may(auth.Update), Do: rpc.Func(p.addUserGroupMembers)},
		{Name: "userGroup/removeUserGroupMember", Doc: "Takes a user out of a user group.",
			Rule: may(auth.Update), Do: rpc.Func(p.removeUserGroupMember)},
	}
}

// InsertUserGroup is the params of userGroup/insertUserGroup.
type InsertUserGroup struct {
	rpc.InOrganisation
	Name        string `json:"name" rpc:"required" doc:"1 to 255 characters, once in the organisation; letter case does not count."`
	Description string `json:"description" doc:"At most 255 characters."`
}

func (p Portal) insertUserGroup(ctx context.Context, by *auth.Principal, in InsertUserGroup) (Inserted, error) {
	g, err := p.groups.Insert(ctx, by, in.Tenant, vault.NewGroup{Name: in.Name, Description: in.Description})
	if err != nil {
		return Inserted{}, err
	}
	return Inserted{rpc.ID(g.ID), 1}, nil
}

// UserGroup is a user group as it is listed.
type UserGroup struct {
	ID rpc.ID `json:"id"`
	Organisation
	Name        string                 `json:"name"`
	Description *string                `json:"description"`
	MemberCount int                    `json:"memberCount"`
	Created     rpc.Time               `json:"created"`
	Modified    rpc.Time               `json:"modified" doc:"When its name or description last changed."`
	Members     *List[UserGroupMember] `json:"members,omitempty" doc:"With \"members\": ordered by userId; a page of them, if one was asked for."`
	Credentials *[]ReducedCredential   `json:"credentials,omitempty" doc:"With \"credentials\": what is shared with it, as far as the caller may see that."`
}

// UserGroupMember is a user in a group.
type UserGroupMember struct {
	UserID           rpc.ID   `json:"userId"`
	Username         string   `json:"username"`
	IsServiceAccount bool     `json:"isServiceAccount"`
	Added            rpc.Time `json:"added"`
	AddedByUserID    *rpc.ID  `json:"addedByUserId" doc:"Null if an OAuth app did it."`
}

func userGroup(g vault.ListedGroup) UserGroup {
	return UserGroup{
		ID: rpc.ID(g.ID), Organisation: organisation(g.Of, g.TenantID), Name: g.Name, Description: text(g.Description),
		MemberCount: g.Count, Created: rpc.At(g.Created), Modified: rpc.At(g.Modified),
	}
}

func userGroupMember(m vault.ListedMember) UserGroupMember {
	return UserGroupMember{
		UserID: rpc.ID(m.UserID), Username: m.User.Username, IsServiceAccount: m.User.ClientID != 0,
		Added: rpc.At(m.Added), AddedByUserID: ref(m.AddedBy),
	}
}

// GetUserGroups is the params of userGroup/getUserGroups.
type GetUserGroups struct {
	rpc.InOrganisation
	Paged
}

func (p Portal) getUserGroups(ctx context.Context, _ *auth.Principal, in GetUserGroups) (List[UserGroup], error) {
	list, page, err := p.groups.List(ctx, in.Tenant, in.query())
	return listed(list, page, userGroup), err
}

// OneUserGroup names a user group of an organisation.
type OneUserGroup struct {
	rpc.InOrganisation
	ID rpc.ID `json:"id" rpc:"required"`
}

// GetUserGroup is the params of userGroup/getUserGroup. The page is one of the members.
type GetUserGroup struct {
	OneUserGroup
	With rpc.Strings `json:"with" enum:"members|credentials"`
	Paged
}

func (p Portal) getUserGroup(ctx context.Context, by *auth.Principal, in GetUserGroup) (*UserGroup, error) {
	show := vault.ShowGroup{Credentials: in.With.Has("credentials")}
	if in.With.Has("members") {
		q := in.query()
		show.Members = &q
	}
	g, err := p.groups.Get(ctx, by, in.Tenant, int64(in.ID), show)
	if err != nil || g == nil {
		return nil, err
	}
	out := userGroup(*g)
	if show.Members != nil {
		list := listed(g.Members, g.Page, userGroupMember)
		out.Members = &list
	}
	if show.Credentials {
		list := make([]ReducedCredential, len(g.Credentials))
		for i, c := range g.Credentials {
			list[i] = ReducedCredential{rpc.ID(c.ID), c.Username}
		}
		out.Credentials = &list
	}
	return &out, nil
}

// UpdateUserGroup is the params of userGroup/updateUserGroup.
type UpdateUserGroup struct {
	OneUserGroup
	Update *UserGroupUpdate `json:"_update" rpc:"required"`
}

// UserGroupUpdate names the fields to set.
type UserGroupUpdate struct {
	Name        *string `json:"name"`
	Description *string `json:"description"`
}

func (p Portal) updateUserGroup(ctx context.Context, by *auth.Principal, in UpdateUserGroup) (Modified, error) {
	up := vault.GroupUpdate{Name: in.Update.Name, Description: in.Update.Description}
	rows, err := p.groups.Update(ctx, by, in.Tenant, int64(in.ID), up)
	return Modified{rows}, auth.Within("_update", err)
}

// DeleteUserGroup is the params of userGroup/deleteUserGroup.
type DeleteUserGroup struct {
	OneUserGroup
	Force rpc.Bool `json:"force" doc:"Although it has members, or credentials are shared with it."`
}

func (p Portal) deleteUserGroup(ctx context.Context, by *auth.Principal, in DeleteUserGroup) (Deleted, error) {
	rows, err := p.groups.Delete(ctx, by, in.Tenant, int64(in.ID), bool(in.Force))
	return deleted(in.ID, rows), err
}

// AddUserGroupMembers is the params of userGroup/addUserGroupMembers.
type AddUserGroupMembers struct {
	OneUserGroup
	UserIDs rpc.IDs `json:"userIds" rpc:"required" doc:"1 to 500 users or service accounts of the organisation."`
}

// MembersAdded is the answer to addUserGroupMembers.
type MembersAdded struct {
	Added     int             `json:"added"`
	Submitted int             `json:"submitted"`
	Failures  []MemberFailure `json:"failures"`
}

// MemberFailure says why somebody was not made a member.
type MemberFailure struct {
	UserID rpc.ID            `json:"userId"`
	Code   vault.FailureCode `json:"code" enum:"NOT_FOUND|ALREADY_MEMBER|INACTIVE|LIMIT"`
}

func (p Portal) addUserGroupMembers(ctx context.Context, by *auth.Principal, in AddUserGroupMembers) (MembersAdded, error) {
	added, failures, err := p.groups.AddMembers(ctx, by, in.Tenant, int64(in.ID), numbers(in.UserIDs))
	if err != nil {
		return MembersAdded{}, err
	}
	out := MembersAdded{added, len(in.UserIDs), make([]MemberFailure, len(failures))}
	for i, f := range failures {
		out.Failures[i] = MemberFailure{rpc.ID(f.UserID), f.Code}
	}
	return out, nil
}

// RemoveUserGroupMember is the params of userGroup/removeUserGroupMember.
type RemoveUserGroupMember struct {
	OneUserGroup
	UserID rpc.ID `json:"userId" rpc:"required"`
}

func (p Portal) removeUserGroupMember(ctx context.Context, by *auth.Principal, in RemoveUserGroupMember) (Modified, error) {
	rows, err := p.groups.RemoveMember(ctx, by, in.Tenant, int64(in.ID), int64(in.UserID))
	return Modified{rows}, err
}
