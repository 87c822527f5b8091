package smtp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"

	gomail "github.com/wneessen/go-mail"

	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/mail"
)

// compose writes the message. Addresses are checked again: what is in them ends up in headers.
func compose(r mail.Relay, m mail.Message) (*gomail.Msg, error) {
	if !account.IsMailAddress(r.From) {
		return nil, errors.New("mail.from is not set")
	}
	if !account.IsMailAddress(m.To) {
		return nil, fmt.Errorf("%w: the recipient is not an address", mail.ErrRefused)
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := errors.Join(msg.From(r.From), msg.To(m.To)); err != nil {
		return nil, fmt.Errorf("%w: %w", mail.ErrRefused, err)
	}
	msg.Subject(m.Subject)
	msg.SetMessageIDWithValue(m.ID)
	msg.SetDateWithValue(m.Date)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no out-of-office replies
	msg.SetBodyString(gomail.TypeTextPlain, string(m.Body))
	return msg, nil
}

// stages are what the relay refused, in the words of whoever reads the list of letters.
var stages = map[gomail.SendErrReason]string{
	gomail.ErrSMTPMailFrom: "the relay refuses the sender", gomail.ErrSMTPRcptTo: "the relay refuses the recipient",
	gomail.ErrSMTPData: "the relay refuses the message", gomail.ErrSMTPDataClose: "the relay refuses the message",
}

// explained says what went wrong, and whether for good: a recipient or a message that is refused with a 5xx. A sender that
// is refused is a setting, and settings can be mended.
func explained(ctx context.Context, err error) error {
	var n net.Error
	if ctx.Err() != nil || errors.As(err, &n) && n.Timeout() {
		return fmt.Errorf("the relay took too long: %w", cmp.Or(ctx.Err(), err))
	}
	var refused *gomail.SendError
	if !errors.As(err, &refused) || stages[refused.Reason] == "" {
		return err
	}
	err = fmt.Errorf("%s: %w", stages[refused.Reason], err)
	if refused.ErrorCode() >= 500 && refused.Reason != gomail.ErrSMTPMailFrom {
		return errors.Join(err, mail.ErrRefused)
	}
	return err
}
