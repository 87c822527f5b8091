package portal

import (
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/rpc"
)

func (p Portal) secondFactorRows() []rpc.Method {
	own := auth.SignedIn.WhileDue(auth.SecondFactorDue).Humans()
	return []rpc.Method{
		{Name: "secondFactor/get", Doc: "Tells the caller whether he has a second factor, and whether he must.",
			Rule: own, Do: rpc.Func(p.getSecondFactor)},
		{Name: "secondFactor/enroll", Doc: "Begins the enrolment of the caller's second factor; its seed is shown this once.",
			Rule: own, Do: rpc.Func(p.enrollSecondFactor), Once: true},
		{Name: "secondFactor/confirm", Doc: "Ends the enrolment with a code; the ten recovery codes are shown this once.",
			Rule: own, Do: rpc.Func(p.confirmSecondFactor), Once: true},
		{Name: "secondFactor/remove", Doc: "Removes the caller's second factor.",
			Rule: auth.SignedIn.Humans(), Do: rpc.Func(p.removeSecondFactor)},
		{Name: "secondFactor/reset", Doc: "Removes the second factor of another user, who has lost it.",
			Rule: auth.Any(auth.Update.On(auth.OperatorUser), auth.Update.On(auth.ProxyUser), auth.Update.On(auth.EnterpriseUser)), Do: rpc.Func(p.resetSecondFactor)},
		{Name: "password/change", Doc: "Changes the caller's password; all his sessions end.",
			Rule: auth.SignedIn.WhileDue(auth.PasswordDue).Humans(), Do: rpc.Func(p.changePassword)},
	}
}

// SecondFactorState is what a user may know of his second factor.
type SecondFactorState struct {
	IsEnrolled        bool     `json:"isEnrolled"`
	IsRequired        bool     `json:"isRequired"`
	Created           rpc.Time `json:"created"`
	RecoveryCodesLeft int      `json:"recoveryCodesLeft"`
}

func (p Portal) getSecondFactor(ctx context.Context, by *auth.Principal, _ None) (SecondFactorState, error) {
	s, err := p.accounts.SecondFactor(ctx, by)
	return SecondFactorState{IsEnrolled: s.Enrolled, IsRequired: s.Required, Created: rpc.At(s.Since), RecoveryCodesLeft: s.Recovery}, err
}

// ByPassword is the params of what takes the caller's password.
type ByPassword struct {
	CurrentPassword string `json:"currentPassword" rpc:"required"`
}

// Enrollment is what an app needs to know.
type Enrollment struct {
	URI  string `json:"uri" doc:"The seed as an otpauth URI, to be shown as a QR code."`
	Seed string `json:"seed" doc:"The seed in base32."`
}

func (p Portal) enrollSecondFactor(ctx context.Context, by *auth.Principal, in ByPassword) (Enrollment, error) {
	e, err := p.accounts.EnrolSecondFactor(ctx, by, secret.Text(in.CurrentPassword))
	return Enrollment{URI: string(e.URI), Seed: string(e.Seed)}, err
}

// ConfirmSecondFactor is the params of secondFactor/confirm.
type ConfirmSecondFactor struct {
	Code string `json:"code" rpc:"required" doc:"A code that the app shows now."`
}

// RecoveryCodes are shown once.
type RecoveryCodes struct {
	RecoveryCodes []string `json:"recoveryCodes" doc:"Each opens one login, in the place of a code."`
}

func (p Portal) confirmSecondFactor(ctx context.Context, by *auth.Principal, in ConfirmSecondFactor) (RecoveryCodes, error) {
	codes, err := p.accounts.ConfirmSecondFactor(ctx, by, secret.Text(in.Code))
	out := RecoveryCodes{make([]string, len(codes))}
	for i, c := range codes {
		out.RecoveryCodes[i] = string(c)
	}
	return out, err
}

func (p Portal) removeSecondFactor(ctx context.Context, by *auth.Principal, in ByPassword) (Modified, error) {
	rows, err := p.accounts.RemoveSecondFactor(ctx, by, secret.Text(in.CurrentPassword))
	return Modified{Rows: rows}, err
}

func (p Portal) resetSecondFactor(ctx context.Context, by *auth.Principal, in OneUser) (Modified, error) {
	if err := in.check(); err != nil {
		return Modified{}, err
	}
	rows, err := p.accounts.ResetSecondFactor(ctx, by, int64(in.ID), in.Username)
	return Modified{Rows: rows}, err
}

// ChangePassword is the params of password/change.
type ChangePassword struct {
	ByPassword
	Password  string `json:"password" rpc:"required"`
	Password2 string `json:"password2" rpc:"required" doc:"The same once more."`
}

// changePassword is one's own update of any kind of user, of his password alone.
func (p Portal) changePassword(ctx context.Context, by *auth.Principal, in ChangePassword) (Modified, error) {
	up := account.UserUpdate{Password: hidden(&in.Password), Password2: hidden(&in.Password2), CurrentPassword: secret.Text(in.CurrentPassword)}
	rows, err := p.accounts.UpdateUser(ctx, by, auth.Update.On(auth.UserObject(by.UserType)), by.UserID, "", up)
	return Modified{Rows: rows}, err
}
