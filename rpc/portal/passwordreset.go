package portal

import (
	"cmp"
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/reset"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/rpc"
)

// The methods of administrators are named as the portal's own console calls them; the published document lacks them, so
// their params and results are ours. So are the two methods that nobody needs to be signed in for.
func (p Portal) passwordResetRows() []rpc.Method {
	const send, get = "Mails the user a link that sets a new password, once.", "Tells what became of the last such mail, or null; never the link."
	rows := []rpc.Method{
		{Name: "login/requestPasswordReset", Doc: "Asks for a link by mail that sets a new password; the answer is the same for everybody.",
			Rule: auth.Public, Do: rpc.Func(p.requestPasswordReset)},
		{Name: "login/redeemPasswordReset", Doc: "Sets a new password with the token of a link that came by mail.",
			Rule: auth.Public, Do: rpc.Func(p.redeemPasswordReset)},
	}
	for _, f := range []struct {
		send, get string
		of        auth.Object
		callers   []auth.UserType
	}{
		{"enterpriseUser/sendEnterpriseUserPasswordResetEmail", "enterpriseUser/getEnterpriseUserPasswordResetEmail", auth.EnterpriseUser, nil},
		{"enterpriseProxy/sendEnterpriseProxyUserPasswordResetEmail", "enterpriseProxy/getEnterpriseProxyUserPasswordResetEmail", auth.ProxyUser,
			[]auth.UserType{auth.MSP, auth.Operator}},
		{"operatorUser/sendOperatorUserPasswordResetEmail", "operatorUser/getOperatorUserPasswordResetEmail", auth.OperatorUser, []auth.UserType{auth.Operator}},
	} {
		rows = append(rows,
			rpc.Method{Name: f.send, Doc: send, Rule: auth.All(auth.Update.On(f.of)).Callers(f.callers...), Do: rpc.Func(p.sendPasswordReset(auth.Update.On(f.of)))},
			rpc.Method{Name: f.get, Doc: get, Rule: auth.All(auth.Read.On(f.of)).Callers(f.callers...), Do: rpc.Func(p.getPasswordReset(auth.Read.On(f.of)))},
		)
	}
	return rows
}

// ResetTarget names the user. The tenant may be named; it must then be his.
type ResetTarget struct {
	OneUser
	EnterpriseID      rpc.ID `json:"enterpriseId"`
	EnterpriseProxyID rpc.ID `json:"enterpriseProxyId"`
	NetworkID         rpc.ID `json:"networkId"`
}

// target checks what is named.
func (p Portal) target(ctx context.Context, by *auth.Principal, of auth.Object, in ResetTarget) (reset.Target, error) {
	to := reset.Target{ID: int64(in.ID), Username: in.Username}
	if err := in.check(); err != nil {
		return to, err
	}
	for _, t := range []struct {
		of    auth.UserType
		param string
		id    rpc.ID
	}{{auth.Enterprise, "enterpriseId", in.EnterpriseID}, {auth.MSP, "enterpriseProxyId", in.EnterpriseProxyID}, {auth.Operator, "networkId", in.NetworkID}} {
		if auth.UserObject(t.of) != of {
			continue
		}
		to.Tenant = int64(t.id)
		if err := p.named(ctx, by, t.of, t.param, t.id); err != nil {
			return to, err
		}
	}
	return to, nil
}

func (p Portal) sendPasswordReset(v auth.Privilege) func(context.Context, *auth.Principal, ResetTarget) (Modified, error) {
	return func(ctx context.Context, by *auth.Principal, in ResetTarget) (Modified, error) {
		to, err := p.target(ctx, by, v.Object, in)
		if err != nil {
			return Modified{}, err
		}
		rows, err := p.resets.Send(ctx, by, v, to)
		return Modified{Rows: rows}, err
	}
}

// PasswordResetEmail is what may be known of a link that was mailed.
type PasswordResetEmail struct {
	UserID     rpc.ID   `json:"userId"`
	Email      string   `json:"email"`
	Subject    *string  `json:"subject"`
	State      string   `json:"state" enum:"OPEN|REDEEMED|DEAD" doc:"Of the link. DEAD: expired, or what it rested on has changed."`
	MailID     rpc.ID   `json:"mailId"`
	MailState  *string  `json:"mailState" enum:"QUEUED|SENT|DEAD|DROPPED" doc:"Null when the mail has been forgotten."`
	Created    rpc.Time `json:"created"`
	Sent       rpc.Time `json:"sent"`
	Expiration rpc.Time `json:"expiration"`
}

func (p Portal) getPasswordReset(v auth.Privilege) func(context.Context, *auth.Principal, ResetTarget) (*PasswordResetEmail, error) {
	return func(ctx context.Context, by *auth.Principal, in ResetTarget) (*PasswordResetEmail, error) {
		to, err := p.target(ctx, by, v.Object, in)
		if err != nil {
			return nil, err
		}
		m, err := p.resets.Get(ctx, by, v, to)
		if err != nil || m == nil {
			return nil, err
		}
		return &PasswordResetEmail{
			UserID: rpc.ID(m.UserID), Email: m.Address, Subject: text(m.Subject), State: string(m.State), MailID: rpc.ID(m.Letter),
			MailState: text(string(m.Mail)), Created: rpc.At(m.Created), Sent: rpc.At(m.Sent), Expiration: rpc.At(m.Expires),
		}, nil
	}
}

// RequestPasswordReset is the params of login/requestPasswordReset.
type RequestPasswordReset struct {
	Username string `json:"username"`
	Email    string `json:"email" doc:"Instead of username."`
}

// Requested is the answer to everybody.
type Requested struct {
	Accepted bool `json:"accepted"`
}

func (p Portal) requestPasswordReset(ctx context.Context, by *auth.Principal, in RequestPasswordReset) (Requested, error) {
	err := p.resets.Request(ctx, by, cmp.Or(in.Username, in.Email))
	return Requested{Accepted: err == nil}, err
}

// RedeemPasswordReset is the params of login/redeemPasswordReset.
type RedeemPasswordReset struct {
	Token     string `json:"token" rpc:"required" doc:"What stands behind the # of the link."`
	Password  string `json:"password" rpc:"required"`
	Password2 string `json:"password2" rpc:"required" doc:"The same as password."`
}

func (p Portal) redeemPasswordReset(ctx context.Context, by *auth.Principal, in RedeemPasswordReset) (Modified, error) {
	err := p.resets.Redeem(ctx, by, secret.Text(in.Token), secret.Text(in.Password), secret.Text(in.Password2))
	return Modified{Rows: 1}, err
}
