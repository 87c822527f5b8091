package account

import (
	"net/mail"
	"strings"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/store"
)

// The settings of mail: where letters are handed over, and as whom.
var (
	MailHost       = define(Setting{id: 60, name: "mail.smtp.host", dataType: "STRING", doc: "the relay that mail is handed to; while it is empty, mail waits", restricted: true, check: isMailHost, left: (*Accounts).forgetMailPassword})
	MailPort       = define(Setting{id: 61, name: "mail.smtp.port", dataType: "NUMBER", value: "587", doc: "the relay's port, 1 to 65535", restricted: true, check: between(1, 65535)})
	MailSecure     = define(Setting{id: 62, name: "mail.smtp.secure", dataType: "STRING", value: "starttls", doc: "starttls, tls (from the first byte, usually port 465), or none (loopback relays alone)", restricted: true, check: func(s string) bool { return s == "starttls" || s == "tls" || s == "none" }})
	MailUser       = define(Setting{id: 63, name: "mail.smtp.user", dataType: "STRING", doc: "the user at the relay; empty: none is needed", restricted: true, check: oneLine})
	MailPassword   = define(Setting{id: 64, name: "mail.smtp.password", dataType: "STRING", doc: "his password; it is forgotten when another relay takes the place of this one", restricted: true, password: true, check: oneLine})
	MailFrom       = define(Setting{id: 65, name: "mail.from", dataType: "STRING", doc: "the address that mail comes from", restricted: true, check: func(s string) bool { return s == "" || IsMailAddress(s) }})
	MailRetainDays = define(Setting{id: 66, name: "portico.mail.retentionDays", dataType: "NUMBER", value: "30", doc: "days after which mail that was sent or given up is forgotten, 0 to 3650", check: between(0, 3650)})
)

// forgetMailPassword: a password is for the relay that it was set for, and is not shown to another one. It is not looked at,
// so it goes also where it cannot be unsealed.
func (a *Accounts) forgetMailPassword(tx store.Tx, by *auth.Principal) error {
	p, err := properties.Get(tx, MailPassword.id)
	if err != nil || p == nil {
		return err
	}
	if _, err := properties.Delete(tx, p.ID); err != nil {
		return err
	}
	return a.propertyEvent(tx, by, "UPDATE_SYSTEM_PROPERTY", p, p)
}

// The settings of links that set a password anew.
var (
	EnterpriseResetSeconds     = define(Setting{id: 28, name: "vco.enterprise.resetPassword.token.expirySeconds", dataType: "NUMBER", value: "86400", doc: "life of a customer's or partner's reset link in seconds, 60 to 2592000", check: between(60, 2592000)})
	OperatorResetSeconds       = define(Setting{id: 29, name: "vco.operator.resetPassword.token.expirySeconds", dataType: "NUMBER", value: "86400", doc: "life of an operator's reset link in seconds, 60 to 2592000", check: between(60, 2592000)})
	EnterpriseSelfReset        = define(Setting{id: 30, name: "vco.enterprise.selfResetPassword.enabled", dataType: "BOOLEAN", value: "false", doc: "self-service reset for customer and partner users", restricted: true})
	OperatorSelfReset          = define(Setting{id: 31, name: "vco.operator.selfResetPassword.enabled", dataType: "BOOLEAN", value: "false", doc: "self-service reset for operator users", restricted: true})
	EnterpriseSelfResetSeconds = define(Setting{id: 67, name: "vco.enterprise.selfResetPassword.token.expirySeconds", dataType: "NUMBER", value: "3600", doc: "life of a link that a customer or partner user asked for, in seconds, 60 to 2592000", restricted: true, check: between(60, 2592000)})
	OperatorSelfResetSeconds   = define(Setting{id: 68, name: "vco.operator.selfResetPassword.token.expirySeconds", dataType: "NUMBER", value: "3600", doc: "life of a link that an operator user asked for, in seconds, 60 to 2592000", restricted: true, check: between(60, 2592000)})
)

// IsMailAddress says whether s is an address as it stands, without a name around it. Nothing that could end a header, or
// begin another, is in such an address.
func IsMailAddress(s string) bool {
	if len(s) > 254 || !oneLine(s) || strings.ContainsAny(s, " ,;<>\"") {
		return false
	}
	a, err := mail.ParseAddress(s)
	return err == nil && a.Name == "" && a.Address == s
}

// isMailHost takes a name or an address without a port.
func isMailHost(s string) bool {
	return len(s) <= 253 && oneLine(s) && !strings.ContainsAny(s, " /@[]")
}

// oneLine says whether a text is free of control characters.
func oneLine(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}
