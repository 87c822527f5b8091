package portal

import (
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/rpc"
)

// SSH keys: everybody makes and ends his own, superusers read and end those of others.
func (p Portal) sshRows() []rpc.Method {
	const (
		get    = "Lists SSH keys: of the users who are named, of all, or else the caller's own."
		revoke = "Ends the SSH keys of the users who are named, or else the caller's own."
	)
	own := auth.All(auth.Create.On(auth.SelfSSHKey)).Callers(auth.Operator, auth.Enterprise, auth.MSP).Users()
	may := func(do auth.Action, t auth.UserType) auth.Rule {
		return auth.Any(do.On(auth.SelfSSHKey), do.On(auth.SSHKeyObject(t)))
	}
	return []rpc.Method{
		{Name: "sshConfig/generateSshKey", Doc: "Makes an SSH key for the caller and answers its private half, which is not kept.",
			Rule: own, Do: rpc.Func(p.generateSSHKey), Once: true},
		{Name: "sshConfig/importSshKey", Doc: "Gives the caller an SSH key by its public half.", Rule: own, Do: rpc.Func(p.importSSHKey)},

		{Name: "sshConfig/getOperatorUserSSHKey", Doc: get, Rule: may(auth.Read, auth.Operator).Callers(auth.Operator), Do: rpc.Func(p.getOperatorSSHKeys)},
		{Name: "sshConfig/getEnterpriseProxyUserSSHKey", Doc: get, Rule: may(auth.Read, auth.MSP).Callers(auth.Operator, auth.MSP), Do: rpc.Func(p.getProxySSHKeys)},
		{Name: "sshConfig/getEnterpriseUserSSHKey", Doc: get,
			Rule: may(auth.Read, auth.Enterprise).Callers(auth.Enterprise, auth.Operator, auth.MSP), Do: rpc.Func(p.getEnterpriseSSHKeys)},

		{Name: "sshConfig/revokeOperatorUserSSHKey", Doc: revoke, Rule: may(auth.Delete, auth.Operator).Callers(auth.Operator), Do: rpc.Func(p.revokeOperatorSSHKeys)},
		{Name: "sshConfig/revokeEnterpriseProxyUserSSHKey", Doc: revoke, Rule: may(auth.Delete, auth.MSP).Callers(auth.Operator, auth.MSP), Do: rpc.Func(p.revokeProxySSHKeys)},
		{Name: "sshConfig/revokeEnterpriseUserSSHKey", Doc: revoke,
			Rule: may(auth.Delete, auth.Enterprise).Callers(auth.Enterprise, auth.Operator, auth.MSP), Do: rpc.Func(p.revokeEnterpriseSSHKeys)},
	}
}

// GenerateSSHKey is the params of sshConfig/generateSshKey.
type GenerateSSHKey struct {
	Expire     *int   `json:"expire" doc:"Days until the key ends, 1 to 365; the default is 30."`
	PassPhrase string `json:"passPhrase" doc:"Encrypts the private half; 5 to 256 bytes."`
}

// PrivateSSHKey is the private half of an SSH key.
type PrivateSSHKey struct {
	Key string `json:"key" doc:"Shown this once; in OpenSSH's form."`
}

func (p Portal) generateSSHKey(ctx context.Context, by *auth.Principal, in GenerateSSHKey) (PrivateSSHKey, error) {
	key, err := p.accounts.GenerateSSHKey(ctx, by, in.Expire, secret.Text(in.PassPhrase))
	return PrivateSSHKey{string(key)}, err
}

// ImportSSHKey is the params of sshConfig/importSshKey.
type ImportSSHKey struct {
	Expire    *int   `json:"expire" doc:"Days until the key ends, 1 to 365; the default is 30."`
	PublicKey string `json:"publicKey" rpc:"required" doc:"A line as in authorized_keys."`
}

func (p Portal) importSSHKey(ctx context.Context, by *auth.Principal, in ImportSSHKey) (Modified, error) {
	if err := p.accounts.ImportSSHKey(ctx, by, in.Expire, in.PublicKey); err != nil {
		return Modified{}, err
	}
	return Modified{Rows: 1}, nil
}

// SSHOwners says whose SSH keys are wanted.
type SSHOwners struct {
	UserIDs rpc.IDs  `json:"userIds" doc:"Those of these users."`
	AllKeys rpc.Bool `json:"allKeys" doc:"Those of all users, if no userIds are given."`
}

// SSHKey is the published SSH key.
type SSHKey struct {
	UserName string   `json:"userName" doc:"The user's name in the portal."`
	Duration rpc.Time `json:"duration" doc:"When the key ends, or has ended."`
	Format   string   `json:"format" doc:"The kind of key, such as ssh-ed25519."`
}

func (p Portal) sshKeys(ctx context.Context, by *auth.Principal, in auth.Tenant, of SSHOwners) ([]SSHKey, error) {
	list, err := p.accounts.SSHKeys(ctx, by, in, numbers(of.UserIDs), bool(of.AllKeys))
	out := make([]SSHKey, len(list))
	for i, k := range list {
		out[i] = SSHKey{UserName: k.Username, Duration: rpc.At(k.Expires), Format: k.Format}
	}
	return out, err
}

func (p Portal) getOperatorSSHKeys(ctx context.Context, by *auth.Principal, in SSHOwners) ([]SSHKey, error) {
	return p.sshKeys(ctx, by, auth.Network(), in)
}

// GetProxySSHKeys is the params of sshConfig/getEnterpriseProxyUserSSHKey.
type GetProxySSHKeys struct {
	rpc.InProxy
	SSHOwners
}

func (p Portal) getProxySSHKeys(ctx context.Context, by *auth.Principal, in GetProxySSHKeys) ([]SSHKey, error) {
	return p.sshKeys(ctx, by, in.Tenant, in.SSHOwners)
}

// GetEnterpriseSSHKeys is the params of sshConfig/getEnterpriseUserSSHKey.
type GetEnterpriseSSHKeys struct {
	rpc.InEnterprise
	SSHOwners
}

func (p Portal) getEnterpriseSSHKeys(ctx context.Context, by *auth.Principal, in GetEnterpriseSSHKeys) ([]SSHKey, error) {
	return p.sshKeys(ctx, by, in.Tenant, in.SSHOwners)
}

// RevokeSSHKeys names the users whose SSH keys are to end.
type RevokeSSHKeys struct {
	UserID rpc.IDs `json:"userId" doc:"At most 256 users; the default is the caller."`
}

func (p Portal) revokeSSHKeys(ctx context.Context, by *auth.Principal, in auth.Tenant, of RevokeSSHKeys) (Deleted, error) {
	rows, err := p.accounts.RevokeSSHKeys(ctx, by, in, numbers(of.UserID))
	return Deleted{Rows: rows}, err
}

func (p Portal) revokeOperatorSSHKeys(ctx context.Context, by *auth.Principal, in RevokeSSHKeys) (Deleted, error) {
	return p.revokeSSHKeys(ctx, by, auth.Network(), in)
}

// RevokeProxySSHKeys is the params of sshConfig/revokeEnterpriseProxyUserSSHKey.
type RevokeProxySSHKeys struct {
	rpc.InProxy
	RevokeSSHKeys
}

func (p Portal) revokeProxySSHKeys(ctx context.Context, by *auth.Principal, in RevokeProxySSHKeys) (Deleted, error) {
	return p.revokeSSHKeys(ctx, by, in.Tenant, in.RevokeSSHKeys)
}

// RevokeEnterpriseSSHKeys is the params of sshConfig/revokeEnterpriseUserSSHKey.
type RevokeEnterpriseSSHKeys struct {
	rpc.InEnterprise
	RevokeSSHKeys
}

func (p Portal) revokeEnterpriseSSHKeys(ctx context.Context, by *auth.Principal, in RevokeEnterpriseSSHKeys) (Deleted, error) {
	return p.revokeSSHKeys(ctx, by, in.Tenant, in.RevokeSSHKeys)
}
