package ldap

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"github.com/portico-vco/portico/auth/verify"
)

// windows are the reasons of Active Directory, by the Windows error in the text of a refusal.
var windows = map[uint64]verify.Outcome{
	0x525: verify.Invalid,    // no such user
	0x52e: verify.Invalid,    // wrong password
	0x530: verify.Disabled,   // not at this time
	0x531: verify.Disabled,   // not from this machine
	0x532: verify.Expired,    // the password
	0x533: verify.Disabled,   // the account
	0x701: verify.Expired,    // the account
	0x773: verify.MustChange, // the password, at the next logon
	0x775: verify.Locked,     // after wrong passwords
}

// policies are the reasons of a server that knows password policies, such as OpenLDAP (draft-behera-ldap-password-policy).
var policies = map[int8]verify.Outcome{
	ldap.BeheraPasswordExpired:  verify.Expired,
	ldap.BeheraAccountLocked:    verify.Locked,
	ldap.BeheraChangeAfterReset: verify.MustChange,
}

// outcome reads the answer to a bind. The text of a refusal is the server's, and may say more than a log ought to know: of what is
// not understood the log has the number.
func outcome(r *ldap.SimpleBindResult, err error) (verify.Outcome, error) {
	reason, given := policy(r)
	var refused *ldap.Error
	switch {
	case err == nil && given:
		return reason, nil
	case err == nil:
		return verify.OK, nil
	case !errors.As(err, &refused) || refused.ResultCode >= ldap.ErrorNetwork: // not the server's word
		return verify.Unavailable, err
	case refused.ResultCode != ldap.LDAPResultInvalidCredentials:
		return verify.Unavailable, fmt.Errorf("LDAP result %d, %s", refused.ResultCode, ldap.LDAPResultCodeMap[refused.ResultCode])
	case given:
		return reason, nil
	}
	return diagnosed(refused.Err.Error()), nil
}

// policy is the reason in the password policy control, if one is given. A user who is let in for one of the last times
// with a password that is over shall change it, not have it used.
func policy(r *ldap.SimpleBindResult) (verify.Outcome, bool) {
	if r == nil {
		return "", false
	}
	c, ok := ldap.FindControl(r.Controls, ldap.ControlTypeBeheraPasswordPolicy).(*ldap.ControlBeheraPasswordPolicy)
	if !ok {
		return "", false
	}
	if c.Error < 0 && c.Grace >= 0 {
		return verify.Expired, true
	}
	o, ok := policies[c.Error]
	return o, ok
}

// diagnosed reads the text with which Active Directory refuses:
//
//	80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data 52e, v4563
//
// Other servers say nothing more than that they refuse.
func diagnosed(text string) verify.Outcome {
	_, rest, _ := strings.Cut(text, "AcceptSecurityContext error, data ")
	code, _, _ := strings.Cut(rest, ",")
	n, err := strconv.ParseUint(code, 16, 32)
	if o, ok := windows[n]; ok && err == nil {
		return o
	}
	return verify.Invalid
}
