package vault

import (
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/store"
)

// The steps of the background work, kept below the store's hundred keys an Update.
const (
	sweptMembers = 25 // of three keys
	sweptGroups  = 20 // that a user leaves: a row of three keys, and the group
)

// A departure marks a deleted user whose rows are to be swept. He may have been in more groups than the Update that removes him
// can write.
type departure struct {
	ID       int64         `json:"id"` // the user's number
	Of       auth.UserType `json:"of"`
	TenantID int64         `json:"tenantId"`
	GroupIDs []int64       `json:"groupIds"` // in which he still has a row
}

var (
	departures   = store.NewCollection("usergroupdeparture", func(d *departure) *int64 { return &d.ID })
	departuresOf = departures.Index("tenant", func(d *departure) []byte { return store.Key(int64(d.Of), d.TenantID) })
)

// departed counts the rows of users who are gone, by the groups of a tenant.
func departed(tx store.Tx, in auth.Tenant) (map[int64]int, error) {
	rows := make(map[int64]int)
	err := departuresOf.Scan(tx, store.Span{Prefix: tenantKey(in)}, func(d *departure) (bool, error) {
		for _, id := range d.GroupIDs {
			rows[id]++
		}
		return true, nil
	})
	return rows, err
}

// forget lets a user who is removed leave his groups. That is at most three keys.
func (g *Groups) forget(tx store.Tx, userID int64) error {
	d := departure{ID: userID}
	err := groupsOfUser(tx, userID, func(id int64) (bool, error) {
		d.GroupIDs = append(d.GroupIDs, id)
		return true, nil
	})
	if err != nil || len(d.GroupIDs) == 0 {
		return err
	}
	of, err := groups.Get(tx, d.GroupIDs[0])
	if err != nil {
		return err
	}
	d.Of, d.TenantID = of.Of, of.TenantID
	return departures.Put(tx, &d)
}

// Sweep removes the rows of groups and users that were deleted. It works in steps, each an Update, and may be stopped between any
// two.
func (g *Groups) Sweep(ctx context.Context) error {
	return g.store.InSteps(ctx, sweepDepartures, sweepGroups)
}

// sweepDepartures lets a deleted user leave a few of his groups. What they count stays true after each step.
func sweepDepartures(tx store.Tx) (more bool, err error) {
	var d *departure
	err = departures.Scan(tx, 0, func(first *departure) (bool, error) {
		d = first
		return false, nil
	})
	if err != nil || d == nil {
		return false, err
	}
	n := min(len(d.GroupIDs), sweptGroups)
	for _, id := range d.GroupIDs[:n] {
		if err := d.leave(tx, id); err != nil {
			return false, err
		}
	}
	if d.GroupIDs = d.GroupIDs[n:]; len(d.GroupIDs) == 0 {
		_, err = departures.Delete(tx, d.ID)
		return true, err
	}
	return true, departures.Put(tx, d)
}

// leave removes the row of a group, unless it was swept with the group.
func (d *departure) leave(tx store.Tx, id int64) error {
	m, err := memberOf.Get(tx, store.Key(id, d.ID))
	if err != nil || m == nil {
		return err
	}
	of, err := groups.Get(tx, id) // which goes behind its last row
	if err != nil {
		return err
	}
	return leave(tx, of, m)
}

// sweepGroups removes a step of the first group that was deleted.
func sweepGroups(tx store.Tx) (bool, error) {
	n, err := sweepFirst(tx, groupsGone, store.Span{})
	return n > 0, err
}

// sweepTenant removes a step of the groups of a tenant that is gone.
func (g *Groups) sweepTenant(tx store.Tx, grave *account.TenantGrave) (int, error) {
	return sweepFirst(tx, groupsOf, store.Span{Prefix: tenantKey(grave.Tenant())})
}

// sweepFirst removes a few rows or shares of the first group in a span, or the group when it has none left. It says how much that is.
func sweepFirst(tx store.Tx, by store.Way, s store.Span) (int, error) {
	first, err := store.First(tx, by, s)
	if err != nil || first == 0 {
		return 0, err
	}
	for _, sweep := range []func(store.Tx, int64) (int, error){sweepMembers, sweepSharesOfGroup} {
		if n, err := sweep(tx, first); err != nil || n > 0 {
			return n, err
		}
	}
	_, err = groups.Delete(tx, first)
	return 1, err
}

func sweepMembers(tx store.Tx, groupID int64) (int, error) {
	return members.DeleteSome(tx, memberOf, store.Span{Prefix: store.Key(groupID)}, sweptMembers)
}
