package portal

import (
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/mail"
	"github.com/portico-vco/portico/rpc"
)

// The methods on the portal's own mail are ours. Who may look at the properties of the system may look at its mail.
func (p Portal) mailRows() []rpc.Method {
	return []rpc.Method{
		{Name: "system/getMail", Doc: "Lists the mail that waits, was sent or was given up, newest first; never what is in it.",
			Rule: auth.All(auth.Read.On(auth.SystemProperty)).Callers(auth.Operator), Do: rpc.Func(p.getMail)},
		{Name: "system/retryMail", Doc: "Tries to send a waiting mail at once.",
			Rule: auth.All(auth.Update.On(auth.SystemProperty)).Callers(auth.Operator), Do: rpc.Func(p.retryMail)},
		{Name: "system/deleteMail", Doc: "Deletes a mail; one that waits is not sent.",
			Rule: auth.All(auth.Delete.On(auth.SystemProperty)).Callers(auth.Operator), Do: rpc.Func(p.deleteMail)},
	}
}

// GetMail is the params of system/getMail.
type GetMail struct {
	State        *string `json:"state" enum:"QUEUED|SENT|DEAD|DROPPED"`
	Limit        *int    `json:"limit" doc:"1 to 2048; the default is 500."`
	NextPageLink string  `json:"nextPageLink" doc:"From metaData of the page before."`
}

// Mail is a letter as the list shows it.
type Mail struct {
	ID         rpc.ID   `json:"id"`
	MessageID  string   `json:"messageId"`
	To         string   `json:"to" doc:"Without what stands before the @, unless the caller may read the recipient."`
	Subject    string   `json:"subject"`
	State      string   `json:"state" enum:"QUEUED|SENT|DEAD|DROPPED" doc:"DROPPED: it was no longer wanted."`
	Tries      int      `json:"tries"`
	LastError  *string  `json:"lastError"`
	Created    rpc.Time `json:"created"`
	Modified   rpc.Time `json:"modified"`
	NextTry    rpc.Time `json:"nextTry" doc:"Of one that waits."`
	Expiration rpc.Time `json:"expiration" doc:"From then on it is not worth sending."`
}

// Mails is a page of them.
type Mails struct {
	MetaData MetaData `json:"metaData"`
	Data     []Mail   `json:"data"`
}

func (p Portal) getMail(ctx context.Context, by *auth.Principal, in GetMail) (Mails, error) {
	state := mail.State("")
	if in.State != nil {
		state = mail.State(*in.State)
	}
	page, err := p.letters.List(ctx, by, state, in.Limit, in.NextPageLink)
	out := Mails{MetaData: MetaData{Limit: page.Limit, More: page.More}, Data: make([]Mail, len(page.Letters))}
	if page.More {
		out.MetaData.NextPageLink = page.Next
	}
	for i, l := range page.Letters {
		out.Data[i] = Mail{
			ID: rpc.ID(l.ID), MessageID: l.MessageID, To: l.To, Subject: l.Subject, State: string(l.State), Tries: l.Tries,
			LastError: text(l.LastError), Created: rpc.At(l.Created), Modified: rpc.At(l.Modified), Expiration: rpc.At(l.Until),
		}
		if l.State == mail.Queued {
			out.Data[i].NextTry = rpc.At(l.Due)
		}
	}
	return out, err
}

// OneMail names a mail.
type OneMail struct {
	ID rpc.ID `json:"id" rpc:"required"`
}

func (p Portal) retryMail(ctx context.Context, by *auth.Principal, in OneMail) (Modified, error) {
	rows, err := p.letters.RetryLetter(ctx, by, int64(in.ID))
	return Modified{Rows: rows}, err
}

func (p Portal) deleteMail(ctx context.Context, by *auth.Principal, in OneMail) (Modified, error) {
	rows, err := p.letters.DeleteLetter(ctx, by, int64(in.ID))
	return Modified{Rows: rows}, err
}
