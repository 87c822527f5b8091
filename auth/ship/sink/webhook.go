package sink

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/portico-vco/portico/auth/hook/post"
	"github.com/portico-vco/portico/auth/ship"
)

// A webhook posts lines of JSON. Any 2xx says that they are kept; whatever else is answered, they are posted again.
type webhook struct {
	url    string
	keys   [][]byte
	now    func() time.Time
	client *http.Client
}

func toWebhook(u *url.URL, o Options) *webhook {
	w := &webhook{url: u.String(), now: o.Now, client: &http.Client{
		Transport: &http.Transport{
			TLSClientConfig: o.tls(), ForceAttemptHTTP2: true, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: post.MaxHeader,
		},
		CheckRedirect: post.Stay,
	}}
	if len(o.Secret) > 0 {
		w.keys = [][]byte{o.Secret}
	}
	return w
}

func (w *webhook) Close() error {
	w.client.CloseIdleConnections()
	return nil
}

// Send posts the events.
func (w *webhook) Send(ctx context.Context, events []ship.Event) error {
	body := lines(events)
	m := post.Message{ID: post.IDOf(body), Time: w.now(), Type: "application/x-ndjson", Body: body}
	_, err := post.Send(ctx, w.client, w.url, m, w.keys...)
	var answer *post.AnswerError
	if errors.As(err, &answer) && answer.After > 0 {
		err = &ship.LaterError{Err: err, After: answer.After}
	}
	return err
}
