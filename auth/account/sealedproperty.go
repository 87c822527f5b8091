package account

import (
	"fmt"

	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
)

// The values of a property that is a password are sealed in the store. Only who needs a value reads it; lists do not.

// sealedParts are the values of a property, and the purposes they are sealed for.
func (p *Property) sealedParts() map[string]*string {
	return map[string]*string{
		fmt.Sprintf("property/%d/value", p.ID):        &p.Value,
		fmt.Sprintf("property/%d/defaultValue", p.ID): &p.DefaultValue,
	}
}

// putProperty writes a property, sealed if it is a password. p itself stays readable.
func (a *Accounts) putProperty(tx store.Tx, p *Property) error {
	kept := *p
	if kept.Sealed = p.IsPassword; kept.Sealed {
		for purpose, text := range kept.sealedParts() {
			var err error
			if *text, err = a.Sealer.Seal(purpose, secret.Text(*text)); err != nil {
				return err
			}
		}
	}
	return properties.Put(tx, &kept)
}

// shown is a property as lists and changes know it. Its values are not shown, so one that cannot be unsealed is no reason
// to answer none: it is lost, and may be replaced.
func (a *Accounts) shown(p *Property, err error) (*Property, error) {
	if err != nil || p == nil || !p.Sealed {
		return p, err
	}
	q := *p
	for purpose, text := range q.sealedParts() {
		plain, err := a.Sealer.Open(purpose, *text)
		q.lost = q.lost || err != nil
		*text = string(plain)
	}
	q.Sealed = false
	return &q, nil
}

// unsealed makes a property that was read readable; none stays none.
func (a *Accounts) unsealed(p *Property, err error) (*Property, error) {
	if err != nil || p == nil || !p.Sealed {
		return p, err
	}
	for purpose, text := range p.sealedParts() {
		plain, err := a.Sealer.Open(purpose, *text)
		if err != nil {
			return nil, fmt.Errorf("system property %s: %w", p.Name, err)
		}
		*text = string(plain)
	}
	p.Sealed = false
	return p, nil
}
