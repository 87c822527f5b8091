package portal

import (
	"cmp"
	"context"
	"slices"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/reset"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/rpc"
)

// The methods of administrators are named as the portal's own console calls them; the published document lacks them, so
// their params and results are ours. So are the two methods that nobody needs to be signed in for.
func (p Portal) passwordResetRows() []rpc.Method {
	const send = "Mails the user a link that sets a new password, once."
	const get = "Shows the mail that the user would get, without its link, and what became of the last one; null for no such user."
	rows := []rpc.Method{
		{Name: "login/requestPasswordReset", Doc: "Asks for a link by mail that sets a new password; the answer is the same for everybody.",
			Rule: auth.Public, SameSite: true, Do: rpc.Func(p.requestPasswordReset)},
		{Name: "login/redeemPasswordReset", Doc: "Sets a new password with the token of a link that came by mail.",
			Rule: auth.Public, SameSite: true, Do: rpc.Func(p.redeemPasswordReset)},
	}
	for _, f := range []struct {
		send, get string
		of        []auth.UserType
		callers   []auth.UserType
	}{
		{"enterpriseUser/sendEnterpriseUserPasswordResetEmail", "enterpriseUser/getEnterpriseUserPasswordResetEmail",
			[]auth.UserType{auth.Enterprise, auth.MSP}, nil}, // clients call it for partners' users too
		{"enterpriseProxy/sendEnterpriseProxyUserPasswordResetEmail", "enterpriseProxy/getEnterpriseProxyUserPasswordResetEmail",
			[]auth.UserType{auth.MSP}, []auth.UserType{auth.MSP, auth.Operator}},
		{"operatorUser/sendOperatorUserPasswordResetEmail", "operatorUser/getOperatorUserPasswordResetEmail",
			[]auth.UserType{auth.Operator}, []auth.UserType{auth.Operator}},
	} {
		rows = append(rows,
			rpc.Method{Name: f.send, Doc: send, Rule: onUsers(auth.Update, f.of).Callers(f.callers...), Do: rpc.Func(p.sendPasswordReset(f.of))},
			rpc.Method{Name: f.get, Doc: get, Rule: onUsers(auth.Read, f.of).Callers(f.callers...), Do: rpc.Func(p.getPasswordReset(f.of))},
		)
	}
	return rows
}

// onUsers asks for the action on users of one of the types.
func onUsers(do auth.Action, of []auth.UserType) auth.Rule {
	var any []auth.Privilege
	for _, t := range of {
		any = append(any, do.On(auth.UserObject(t)))
	}
	if len(any) == 1 {
		return auth.All(any...)
	}
	return auth.Any(any...)
}

// ResetTarget names the user. The tenant may be named; it must then be his.
type ResetTarget struct {
	OneUser
	EnterpriseUserID  rpc.ID `json:"enterpriseUserId" doc:"Instead of id."`
	EnterpriseID      rpc.ID `json:"enterpriseId"`
	EnterpriseProxyID rpc.ID `json:"enterpriseProxyId"`
	NetworkID         rpc.ID `json:"networkId"`
}

// SendReset is the params of the methods that mail a link.
type SendReset struct {
	ResetTarget
	MakeInactive rpc.Bool `json:"makeInactive" doc:"true is refused: disable the user with an update."`
}

// target checks what is named.
func (p Portal) target(ctx context.Context, by *auth.Principal, of []auth.UserType, in ResetTarget) (reset.Target, error) {
	if in.ID != 0 && in.EnterpriseUserID != 0 && in.ID != in.EnterpriseUserID {
		return reset.Target{}, auth.BadField("enterpriseUserId", "names another user than id")
	}
	in.ID = cmp.Or(in.ID, in.EnterpriseUserID)
	if err := in.check(); err != nil {
		return reset.Target{}, err
	}
	to := reset.Target{Of: of, ID: int64(in.ID), Username: in.Username, Tenants: make(map[auth.UserType]int64)}
	for _, t := range []struct {
		of    auth.UserType
		param string
		id    rpc.ID
	}{{auth.Enterprise, "enterpriseId", in.EnterpriseID}, {auth.MSP, "enterpriseProxyId", in.EnterpriseProxyID}, {auth.Operator, "networkId", in.NetworkID}} {
		if t.id == 0 || !slices.Contains(of, t.of) {
			continue
		}
		to.Tenants[t.of] = int64(t.id)
		if err := p.named(ctx, by, t.of, t.param, t.id); err != nil {
			return to, err
		}
	}
	return to, nil
}

func (p Portal) sendPasswordReset(of []auth.UserType) func(context.Context, *auth.Principal, SendReset) (Modified, error) {
	return func(ctx context.Context, by *auth.Principal, in SendReset) (Modified, error) {
		if in.MakeInactive {
			return Modified{}, auth.BadField("makeInactive", "is not supported: a disabled user's link is dead")
		}
		to, err := p.target(ctx, by, of, in.ResetTarget)
		if err != nil {
			return Modified{}, err
		}
		rows, err := p.resets.Send(ctx, by, to)
		return Modified{Rows: rows}, err
	}
}

// PasswordResetEmail is a mail before it is sent, as clients of the real portal expect it, and beside it what may be known
// of the link that was mailed last. They send the one back as email when they call send, where it is ignored: what is
// mailed, and to whom, is not for callers to say.
type PasswordResetEmail struct {
	From             *string  `json:"from"`
	ReplyTo          *string  `json:"replyTo"`
	To               *string  `json:"to" doc:"Null when the user has no address."`
	Subject          string   `json:"subject"`
	Message          string   `json:"message" doc:"Without the link's secret."`
	ResetPasswordURL *string  `json:"resetPasswordURL" doc:"Always null: only who reads the mail gets the link."`
	PasswordResetURL *string  `json:"passwordResetURL" doc:"Always null."`
	IsActive         rpc.Flag `json:"isActive" doc:"Of the user."`
	UserID           rpc.ID   `json:"userId"`

	Email      *string  `json:"email" doc:"Where the last mail went. Null, like all that follows, when there is none."`
	State      *string  `json:"state" enum:"OPEN|REDEEMED|DEAD" doc:"Of its link. DEAD: expired, or what it rested on has changed."`
	MailID     *rpc.ID  `json:"mailId"`
	MailState  *string  `json:"mailState" enum:"QUEUED|SENT|DEAD|DROPPED" doc:"Null also when the mail has been forgotten."`
	Created    rpc.Time `json:"created"`
	Sent       rpc.Time `json:"sent"`
	Expiration rpc.Time `json:"expiration"`
}

func (p Portal) getPasswordReset(of []auth.UserType) func(context.Context, *auth.Principal, ResetTarget) (*PasswordResetEmail, error) {
	return func(ctx context.Context, by *auth.Principal, in ResetTarget) (*PasswordResetEmail, error) {
		to, err := p.target(ctx, by, of, in)
		if err != nil {
			return nil, err
		}
		d, err := p.resets.Draft(ctx, by, to)
		if err != nil || d == nil {
			return nil, err
		}
		e := &PasswordResetEmail{
			From: text(d.From), ReplyTo: text(d.From), To: text(d.To), Subject: d.Subject, Message: d.Message,
			IsActive: rpc.Flag(d.User.IsActive), UserID: rpc.ID(d.User.ID),
		}
		if m := d.Last; m != nil {
			number := rpc.ID(m.Letter)
			e.Email, e.State, e.MailID, e.MailState = text(m.Address), text(string(m.State)), &number, text(string(m.Mail))
			e.Created, e.Sent, e.Expiration = rpc.At(m.Created), rpc.At(m.Sent), rpc.At(m.Expires)
		}
		return e, nil
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
