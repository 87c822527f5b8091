package vault

import (
	"context"
	"slices"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/store"
)

// A Member is the row of a user in a group.
type Member struct {
	ID      int64     `json:"id"`
	GroupID int64     `json:"groupId"`
	UserID  int64     `json:"userId"`
	Added   time.Time `json:"added"`
	AddedBy int64     `json:"addedBy,omitempty"` // a user; 0 is an app, which is none
}

var (
	members       = store.NewCollection("usergroupmember", func(m *Member) *int64 { return &m.ID })
	memberOf      = members.Unique("member", func(m *Member) []byte { return store.Key(m.GroupID, m.UserID) })
	membersOfUser = members.Index("user", func(m *Member) []byte { return store.Key(m.UserID, m.GroupID) })
)

// groupsOfUser shows f the groups of a user by their numbers, in order, until f wants no more or fails.
func groupsOfUser(tx store.Tx, userID int64, f func(groupID int64) (more bool, err error)) error {
	return membersOfUser.Scan(tx, store.Span{Prefix: store.Key(userID)}, func(m *Member) (bool, error) {
		g, err := groups.Get(tx, m.GroupID)
		if err != nil || g == nil || !g.Gone.IsZero() {
			return err == nil, err
		}
		return f(g.ID)
	})
}

// A ListedMember is a member with his user.
type ListedMember struct {
	*Member
	User *account.User
}

// members answers the members of a group, or a page of them, in the order of the users' numbers.
func (g *Groups) members(tx store.Tx, of *Group, q account.PageQuery) ([]ListedMember, account.Page, error) {
	list := []ListedMember{}
	page, err := q.Pager(1)
	if err != nil {
		return list, account.Page{}, err
	}
	span := store.Span{Prefix: store.Key(of.ID), From: store.Key(of.ID, page.After(0)+1)}
	err = memberOf.Scan(tx, span, func(m *Member) (bool, error) {
		u, err := g.accounts.UserIn(tx, m.UserID)
		if err != nil || u == nil { // he is gone: see departure
			return err == nil, err
		}
		if !page.Take(m.UserID) {
			return false, nil
		}
		list = append(list, ListedMember{m, u})
		return true, nil
	})
	return list, page.Done(), err
}

// A Failure says why somebody did not become a member.
type Failure struct {
	UserID int64
	Code   FailureCode
}

// A FailureCode is the reason in a word.
type FailureCode string

// The reasons. Somebody of another tenant is not found: a stranger learns nothing.
const (
	NotFound      FailureCode = "NOT_FOUND"
	AlreadyMember FailureCode = "ALREADY_MEMBER"
	Inactive      FailureCode = "INACTIVE" // disabled, or locked by an operator
	LimitReached  FailureCode = "LIMIT"    // of the members of a group, or of the groups of a user
)

const (
	MaxSubmitted = 500 // members in a call of AddMembers
	addedAtOnce  = 25  // of three keys; besides the group, and an event of two
)

// AddMembers makes users of the tenant members of a group, as many as can be, and says who cannot. It works in steps, each an
// Update with an event: when it fails between two of them, those who were added stay, and the same call adds the others.
func (g *Groups) AddMembers(ctx context.Context, by *auth.Principal, in auth.Tenant, id int64,
	userIDs []int64) (added int, failures []Failure, err error) {
	if len(userIDs) == 0 || len(userIDs) > MaxSubmitted {
		return 0, nil, auth.BadField("userIds", "must be 1 to %d", MaxSubmitted)
	}
	for step := range slices.Chunk(userIDs, addedAtOnce) {
		var done joining
		err := g.store.Update(ctx, func(tx store.Tx) (err error) {
			done, err = g.addSome(tx, by, in, id, step)
			return err
		})
		if err != nil {
			return added, failures, err
		}
		added += len(done.userIDs)
		failures = append(failures, done.failures...)
	}
	return added, failures, nil
}

// A joining is a step of what AddMembers does.
type joining struct {
	group    *Group
	room     int
	userIDs  []int64 // who was added
	failures []Failure
}

func (g *Groups) addSome(tx store.Tx, by *auth.Principal, in auth.Tenant, id int64, userIDs []int64) (j joining, err error) {
	if in, err = g.accounts.Still(tx, by, in, auth.Update.On(auth.UserGroup)); err != nil {
		return j, err
	}
	if j.group, err = groupIn(tx, in, id); err != nil {
		return j, err
	}
	if j.group == nil {
		return j, auth.Errorf(auth.NotFound, "no such user group")
	}
	gone, err := departed(tx, in)
	if err != nil {
		return j, err
	}
	j.room = maxMembers - (j.group.Rows - gone[id])
	for _, userID := range userIDs {
		if err := g.add(tx, by, &j, userID); err != nil {
			return j, err
		}
	}
	if len(j.userIDs) == 0 {
		return j, nil
	}
	j.group.Rows += len(j.userIDs)
	if err := groups.Put(tx, j.group); err != nil {
		return j, err
	}
	h := j.group.happening("MEMBERS_ADDED")
	h.Detail["userIds"], h.Detail["added"] = j.userIDs, len(j.userIDs)
	return j, g.accounts.Record(tx, by, in, h)
}

// add makes one user a member, or notes why he does not become one.
func (g *Groups) add(tx store.Tx, by *auth.Principal, j *joining, userID int64) error {
	why, err := g.whyNot(tx, by, j, userID)
	if err != nil {
		return err
	}
	if why != "" {
		j.failures = append(j.failures, Failure{userID, why})
		return nil
	}
	j.userIDs = append(j.userIDs, userID)
	return members.Insert(tx, &Member{GroupID: j.group.ID, UserID: userID, Added: g.accounts.Now(), AddedBy: by.UserID})
}

// whyNot says why a user cannot be added, or nothing.
func (g *Groups) whyNot(tx store.Tx, by *auth.Principal, j *joining, userID int64) (FailureCode, error) {
	u, err := g.accounts.UserIn(tx, userID)
	if err != nil || u == nil || u.Type != j.group.Of || u.TenantID() != j.group.TenantID {
		return NotFound, err
	}
	row, err := memberOf.ID(tx, store.Key(j.group.ID, userID))
	switch {
	case err != nil || row != 0:
		return AlreadyMember, err
	case !u.Enabled() && !by.IsPortal():
		return Inactive, nil
	case len(j.userIDs) >= j.room:
		return LimitReached, nil
	}
	n := 0
	err = groupsOfUser(tx, userID, func(int64) (bool, error) {
		n++
		return n < maxGroupsOfUser, nil
	})
	if err != nil || n >= maxGroupsOfUser {
		return LimitReached, err
	}
	return "", nil
}

// RemoveMember takes a user out of a group. rows is 0 where the tenant has no such group, or he is none of its members.
func (g *Groups) RemoveMember(ctx context.Context, by *auth.Principal, in auth.Tenant, id, userID int64) (int, error) {
	return g.change(ctx, by, in, id, auth.Update, func(tx store.Tx, of *Group) (int, error) {
		if u, err := g.accounts.UserIn(tx, userID); err != nil || u == nil { // his rows are those of his departure
			return 0, err
		}
		m, err := memberOf.Get(tx, store.Key(of.ID, userID))
		if err != nil || m == nil {
			return 0, err
		}
		if err := leave(tx, of, m); err != nil {
			return 0, err
		}
		h := of.happening("MEMBER_REMOVED")
		h.Detail["userId"] = userID
		return 1, g.accounts.Record(tx, by, in, h)
	})
}

// leave removes a row of a group.
func leave(tx store.Tx, of *Group, m *Member) error {
	if _, err := members.Delete(tx, m.ID); err != nil {
		return err
	}
	of.Rows--
	return groups.Put(tx, of)
}
