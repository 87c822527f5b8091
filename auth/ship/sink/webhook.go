package sink

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/portico-vco/portico/auth/ship"
)

// A webhook posts lines of JSON. Any 2xx says that they are kept; whatever else is answered, they are posted again.
type webhook struct {
	url    string
	secret []byte
	now    func() time.Time
	client *http.Client
}

// maxHeader and maxBody are how much of an answer is read.
const (
	maxHeader = 64 << 10
	maxBody   = 4 << 10
)

func toWebhook(u *url.URL, o Options) *webhook {
	return &webhook{url: u.String(), secret: o.Secret, now: o.Now, client: &http.Client{
		Transport: &http.Transport{
			TLSClientConfig: o.tls(), ForceAttemptHTTP2: true, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: maxHeader,
		},
		// Elsewhere might be anywhere, and in the clear.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (w *webhook) Close() error {
	w.client.CloseIdleConnections()
	return nil
}

// Send posts the events.
func (w *webhook) Send(ctx context.Context, events []ship.Event) error {
	body := lines(events)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(body))
	if err != nil {
		return errAddress
	}
	r.Header.Set("Content-Type", "application/x-ndjson")
	r.Header.Set("User-Agent", "Portico")
	w.sign(r.Header, body)
	answer, err := w.client.Do(r)
	if err != nil {
		return explained(err)
	}
	defer answer.Body.Close()
	_, _ = io.CopyN(io.Discard, answer.Body, maxBody) // so that the connection can be used again
	if answer.StatusCode/100 == 2 {
		return nil
	}
	err = fmt.Errorf("the webhook answers %d", answer.StatusCode)
	if after := w.retryAfter(answer.Header.Get("Retry-After")); after > 0 {
		err = &ship.LaterError{Err: err, After: after}
	}
	return err
}

// sign adds the headers of Standard Webhooks (standardwebhooks.com). The id is that of the content: the same in every try.
func (w *webhook) sign(h http.Header, body []byte) {
	digest := sha256.Sum256(body)
	id, at := fmt.Sprintf("msg_%x", digest[:16]), strconv.FormatInt(w.now().Unix(), 10)
	h.Set("webhook-id", id)
	h.Set("webhook-timestamp", at)
	if len(w.secret) == 0 {
		return
	}
	m := hmac.New(sha256.New, w.secret)
	fmt.Fprintf(m, "%s.%s.", id, at)
	m.Write(body)
	h.Set("webhook-signature", "v1,"+base64.StdEncoding.EncodeToString(m.Sum(nil)))
}

// ParseSecret reads a secret as Standard Webhooks writes it: whsec_ and 24 to 64 bytes in base64.
func ParseSecret(text []byte) ([]byte, error) {
	b64, ok := strings.CutPrefix(strings.TrimSpace(string(text)), "whsec_")
	key, err := base64.StdEncoding.DecodeString(b64)
	if !ok || err != nil || len(key) < 24 || len(key) > 64 {
		return nil, errors.New("is not whsec_ and 24 to 64 bytes in base64")
	}
	return key, nil
}

// retryAfter reads seconds or a date.
func (w *webhook) retryAfter(s string) time.Duration {
	if n, err := strconv.ParseUint(s, 10, 31); err == nil {
		return time.Duration(n) * time.Second
	}
	if at, err := http.ParseTime(s); err == nil {
		return at.Sub(w.now())
	}
	return 0
}

// explained says what went wrong. The address is not repeated, and no text of the other side's, which has seen it.
func explained(err error) error {
	var (
		u           *url.Error
		line        *net.OpError
		certificate *tls.CertificateVerificationError
	)
	if errors.As(err, &u) {
		err = u.Err
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return errors.New("the webhook took too long")
	case errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &line), errors.As(err, &certificate):
		return err
	}
	return errors.New("the webhook's answer cannot be understood")
}
