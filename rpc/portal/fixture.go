package portal

import (
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/fixture"
	"github.com/portico-vco/portico/rpc"
)

// The method on fixtures is ours.
func (p Portal) fixtureRows() []rpc.Method {
	return []rpc.Method{
		{Name: "system/exportFixture",
			Doc:  "Answers what the portal has, without any secret, in the form that portico serve --seed reads. For operator superusers.",
			Rule: auth.All(auth.EditRestricted).Callers(auth.Operator).Humans(), Do: rpc.Func(p.exportFixture)},
	}
}

func (p Portal) exportFixture(ctx context.Context, by *auth.Principal, _ None) (fixture.Exported, error) {
	s := fixture.Seeder{Accounts: p.accounts, Tokens: p.tokens, Clients: p.clients, Groups: p.groups, Vault: p.vault, Hooks: p.hooks}
	return s.Export(ctx, by)
}
