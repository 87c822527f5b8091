package account

import (
	"context"
	"net/url"
)

// PublicHostName is the host, a name or an address, by which clients reach the portal: network.public.address without its port.
func (a *Accounts) PublicHostName(ctx context.Context) (string, error) {
	address, err := a.Setting(ctx, PublicAddress)
	if err != nil {
		return "", err
	}
	u, err := url.Parse("https://" + address)
	if err != nil {
		return "", err
	}
	return u.Hostname(), nil
}
