package account

import "github.com/portico-vco/portico/store"

// MailAddress is where mail to the user goes: his e-mail address, or else his username if it is one. It is "" when there
// is none.
func (u *User) MailAddress() string {
	for _, s := range []string{value(u.Fields.Email), u.Username} {
		if s != "" {
			if !IsMailAddress(s) {
				return ""
			}
			return s
		}
	}
	return ""
}

// UsersMailed answers up to most users with that e-mail address, letter case aside, in the order of their numbers.
func (a *Accounts) UsersMailed(tx store.Tx, address string, most int) (list []*User, err error) {
	span := store.Span{Prefix: store.Key(fold(address))}
	err = usersMailed.Scan(tx, span, func(u *User) (bool, error) {
		u, err := a.housed(tx, u, nil)
		if u != nil {
			list = append(list, u)
		}
		return len(list) < most, err
	})
	return list, err
}

// SetPassword gives the user another password; whatever rests on the old one ends.
func (a *Accounts) SetPassword(tx store.Tx, u *User, hash string) error {
	if err := a.setPassword(tx, u, hash); err != nil {
		return err
	}
	u.Modified = a.Now()
	return users.Put(tx, u)
}
