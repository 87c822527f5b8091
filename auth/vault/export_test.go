package vault

import "github.com/portico-vco/portico/store"

// What tests outside of the package set up, and look at, beside what it offers.

const (
	MaxMembers      = maxMembers
	MaxGroups       = maxGroups
	MaxGroupsOfUser = maxGroupsOfUser
)

// SweepDepartures is one step of that sweep.
var SweepDepartures = sweepDepartures

// Fill gives a group rows, as many as fit into an Update, of users who are nobody.
func Fill(tx store.Tx, groupID, firstUser int64, n int) error {
	for i := range int64(n) {
		if err := members.Insert(tx, &Member{GroupID: groupID, UserID: firstUser + i}); err != nil {
			return err
		}
	}
	g, err := groups.Get(tx, groupID)
	if err != nil {
		return err
	}
	g.Rows += n
	return groups.Put(tx, g)
}

// Left counts what the store has of groups, members and departures, whether they are shown or not.
func Left(tx store.Tx) (nGroups, nRows, nDepartures int, err error) {
	err = groups.Scan(tx, 0, func(*Group) (bool, error) { nGroups++; return true, nil })
	if err == nil {
		err = members.Scan(tx, 0, func(*Member) (bool, error) { nRows++; return true, nil })
	}
	if err == nil {
		err = departures.Scan(tx, 0, func(*departure) (bool, error) { nDepartures++; return true, nil })
	}
	return nGroups, nRows, nDepartures, err
}

// Limits of credentials.
const (
	MaxCredentials = maxCredentials
	MaxShares      = maxShares
)

// FillShares shares a credential with targets, as many as fit into an Update, who are nobody.
func FillShares(tx store.Tx, c *Credential, firstUser int64, n int) error {
	for i := range int64(n) {
		s := &Share{CredentialID: c.ID, Of: c.Of, TenantID: c.TenantID, Target: Target{UserID: firstUser + i}}
		if err := shares.Insert(tx, s); err != nil {
			return err
		}
	}
	return nil
}

// LeftOfCredentials counts what the store has of credentials, their versions and their shares, whether they are shown or not.
func LeftOfCredentials(tx store.Tx) (n [3]int, err error) {
	err = credentials.Scan(tx, 0, func(*Credential) (bool, error) { n[0]++; return true, nil })
	if err == nil {
		err = versions.Scan(tx, 0, func(*version) (bool, error) { n[1]++; return true, nil })
	}
	if err == nil {
		err = shares.Scan(tx, 0, func(*Share) (bool, error) { n[2]++; return true, nil })
	}
	return n, err
}
