package vault

import (
	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/store"
)

// The steps of handing over, kept below the store's hundred keys an Update.
const (
	movedShares  = 10 // of five keys
	movedMembers = 6  // of five keys, and one of the group
)

// Holds counts the credentials that are shared with a user himself.
func (v *Vault) Holds(tx store.Tx, userID int64) (n int, err error) {
	err = sharesOfUser.Scan(tx, store.Span{Prefix: store.Key(userID)}, func(s *Share) (bool, error) {
		c, err := credentials.Get(tx, s.CredentialID)
		if c != nil && !c.gone() {
			n++
		}
		return true, err
	})
	return n, err
}

// HandOver is a step of giving a user's shares and memberships in groups to another active user of the same organisation, who
// may have them already. It says how many those were; 0: nothing is left.
func (v *Vault) HandOver(tx store.Tx, by *auth.Principal, in auth.Tenant, from, to int64) (int, error) {
	name, err := v.takes(tx, by, in, Target{UserID: to})
	switch {
	case err != nil:
		return 0, err
	case from == to:
		return 0, auth.Errorf(auth.Conflict, "nobody hands over to himself")
	}
	moved, err := v.handOverShares(tx, by, in, from, to)
	if err != nil {
		return 0, err
	}
	joined, err := v.handOverGroups(tx, by, in, from, to)
	n := len(moved) + len(joined)
	if err != nil || n == 0 {
		return 0, err
	}
	return n, v.accounts.Record(tx, by, in, account.Happening{
		Name: "CREDENTIAL_HANDED_OVER", Category: account.OfSecurity, Severity: account.Notice, Message: "to " + name,
		Detail: map[string]any{"fromUserId": from, "userId": to, "credentialIds": moved, "userGroupIds": joined},
		Needs:  auth.Update.On(auth.Credential),
	})
}

func (v *Vault) handOverShares(tx store.Tx, by *auth.Principal, in auth.Tenant, from, to int64) (moved []int64, err error) {
	var list []*Share
	err = sharesOfUser.Scan(tx, store.Span{Prefix: store.Key(from)}, func(s *Share) (bool, error) {
		list = append(list, s)
		return len(list) < movedShares, nil
	})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	if _, err := v.accounts.Still(tx, by, in, auth.Update.On(auth.Credential)); err != nil {
		return nil, err
	}
	for _, s := range list {
		moved = append(moved, s.CredentialID)
		has, err := shareWith.ID(tx, Target{UserID: to}.key(s.CredentialID))
		switch {
		case err != nil:
		case has != 0:
			_, err = shares.Delete(tx, s.ID)
		default:
			s.UserID = to
			err = shares.Put(tx, s)
		}
		if err != nil {
			return nil, err
		}
	}
	return moved, nil
}

func (v *Vault) handOverGroups(tx store.Tx, by *auth.Principal, in auth.Tenant, from, to int64) (joined []int64, err error) {
	err = groupsOfUser(tx, from, func(id int64) (bool, error) {
		joined = append(joined, id)
		return len(joined) < movedMembers, nil
	})
	if err != nil || len(joined) == 0 {
		return nil, err
	}
	if _, err := v.accounts.Still(tx, by, in, auth.Update.On(auth.UserGroup)); err != nil {
		return nil, err
	}
	for _, id := range joined {
		if err := handOverMember(tx, id, from, to); err != nil {
			return nil, err
		}
	}
	return joined, account.Room(tx, membersOfUser, store.Key(to), maxGroupsOfUser+1, "who takes over would be in %d user groups, one more than anybody can be")
}

// handOverMember gives the row of a user in a group to another, unless he has one.
func handOverMember(tx store.Tx, groupID, from, to int64) error {
	m, err := memberOf.Get(tx, store.Key(groupID, from))
	if err != nil || m == nil {
		return err
	}
	has, err := memberOf.ID(tx, store.Key(groupID, to))
	if err != nil {
		return err
	}
	if has == 0 {
		m.UserID = to
		return members.Put(tx, m)
	}
	of, err := groups.Get(tx, groupID)
	if err != nil {
		return err
	}
	return leave(tx, of, m)
}
