package portal

import (
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/rpc"
)

func (p Portal) enterpriseKeyRows() []rpc.Method {
	return []rpc.Method{
		{Name: "enterprise/encodeEnterpriseKey", Doc: "Encrypts a key for the enterprise; the portal does not keep it.",
			Rule: auth.All(auth.Create.On(auth.EnterpriseKeys)), Do: rpc.Func(p.encodeEnterpriseKey)},
		{Name: "enterprise/decodeEnterpriseKey", Doc: "Decrypts a key that was encrypted for the enterprise.",
			Rule: auth.All(auth.Read.On(auth.EnterpriseKeys)), Do: rpc.Func(p.decodeEnterpriseKey)},
	}
}

// OneEnterpriseKey is the params of both.
type OneEnterpriseKey struct {
	rpc.InEnterprise
	Key string `json:"key" rpc:"required"`
}

// EnterpriseKey is the other form of the key.
type EnterpriseKey struct {
	Key string `json:"key"`
}

func (p Portal) encodeEnterpriseKey(_ context.Context, _ *auth.Principal, in OneEnterpriseKey) (EnterpriseKey, error) {
	box, err := p.accounts.EncodeEnterpriseKey(in.Tenant, secret.Text(in.Key))
	return EnterpriseKey{box}, err
}

func (p Portal) decodeEnterpriseKey(ctx context.Context, by *auth.Principal, in OneEnterpriseKey) (EnterpriseKey, error) {
	key, err := p.accounts.DecodeEnterpriseKey(ctx, by, in.Tenant, in.Key)
	return EnterpriseKey{string(key)}, err
}
