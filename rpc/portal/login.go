package portal

import (
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/rpc"
)

func (p Portal) loginRows() []rpc.Method {
	return []rpc.Method{
		{Name: "login/operatorLogin", Doc: "Starts a session of an operator user; the session's cookie is set on the answer.",
			Rule: auth.Public, Do: rpc.Func(p.operatorLogin)},
		{Name: "login/enterpriseLogin", Doc: "Starts a session of a customer's or partner's user; the session's cookie is set on the answer.",
			Rule: auth.Public, Do: rpc.Func(p.enterpriseLogin)},
		{Name: "logout", Doc: "Ends the session whose cookie comes with the call, if one does.",
			Rule: auth.Public, Do: rpc.Func(p.logout)},
	}
}

// Login is the params of a login.
type Login struct {
	Username  string `json:"username" rpc:"required"`
	Password  string `json:"password" rpc:"required"`
	Password2 string `json:"password2" doc:"The second factor: a code of the user's app, or a recovery code."`
	Email     string `json:"email"`
}

func (p Portal) operatorLogin(ctx context.Context, by *auth.Principal, in Login) (rpc.SessionStarted, error) {
	return p.login(ctx, by, true, in)
}

func (p Portal) enterpriseLogin(ctx context.Context, by *auth.Principal, in Login) (rpc.SessionStarted, error) {
	return p.login(ctx, by, false, in)
}

func (p Portal) login(ctx context.Context, by *auth.Principal, operator bool, in Login) (rpc.SessionStarted, error) {
	s, err := p.tokens.Login(ctx, by, operator, in.Username, secret.Text(in.Password), secret.Text(in.Password2))
	if err != nil {
		return rpc.SessionStarted{}, err
	}
	return rpc.SessionStarted{Value: string(s.Value), MaxAge: s.Lifetime}, nil
}

func (p Portal) logout(ctx context.Context, by *auth.Principal, _ None) (rpc.SessionEnded, error) {
	return rpc.SessionEnded{}, p.tokens.Logout(ctx, by)
}
