package account

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/store"
)

// A Partner (enterprise proxy, MSP) owns enterprises.
type Partner struct {
	ID        int64           `json:"id"`
	Name      string          `json:"name"`
	LogicalID string          `json:"logicalId"`
	Domain    string          `json:"domain"`
	Delegated auth.Delegation `json:"delegated,omitempty"`
	Fields    Contact         `json:"fields"`
	Created   time.Time       `json:"created"`
	Modified  time.Time       `json:"modified"`
}

var (
	partners      = store.NewCollection("partner", func(p *Partner) *int64 { return &p.ID })
	partnerByName = partners.Unique("name", func(p *Partner) []byte { return store.Key(fold(p.Name)) })
)

func (p *Partner) tenant() auth.Tenant {
	return auth.Tenant{Type: auth.MSP, ID: p.ID, Delegated: p.Delegated, Name: p.Name}
}

// InsertPartner adds a partner. A taken name is a Conflict.
func (a *Accounts) InsertPartner(ctx context.Context, by *auth.Principal, name string) (p *Partner, err error) {
	if err := CheckName("name", name, 255); err != nil {
		return nil, err
	}
	logical, err := uuid.NewRandomFromReader(a.random)
	if err != nil {
		return nil, err
	}
	err = a.Store.Update(ctx, func(tx store.Tx) error {
		p = &Partner{Name: name, LogicalID: logical.String(), Domain: slug(name), Created: a.Now(), Modified: a.Now()}
		if err := taken(partners.Insert(tx, p), "a partner named %s exists", name); err != nil {
			return err
		}
		return a.Record(tx, by, p.tenant(), Happening{
			Name: "CREATE_ENTERPRISE_PROXY", Category: OfEnterprise, Message: "partner " + name,
			Detail: map[string]any{"enterpriseProxyId": p.ID, "name": name},
		})
	})
	return p, err
}

// PartnerNamed answers the number of the partner of that name, or 0.
func (a *Accounts) PartnerNamed(ctx context.Context, name string) (id int64, err error) {
	err = a.Store.View(ctx, func(tx store.Tx) error {
		id, err = partnerByName.ID(tx, store.Key(fold(name)))
		return err
	})
	return id, err
}

// partnerName answers a partner's name, remembered in names for the length of a list.
func partnerName(tx store.Tx, names map[int64]string, id int64) (string, error) {
	if name, ok := names[id]; ok || id == 0 {
		return name, nil
	}
	p, err := partners.Get(tx, id)
	if p == nil || err != nil {
		return "", err
	}
	names[id] = p.Name
	return p.Name, nil
}
