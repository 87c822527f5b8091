// Package post owns how a webhook is posted: signed as Standard Webhooks say (standardwebhooks.com), and what its answer means. It must
// not know what the message tells, nor to whom it may go.
package post

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
	"time"

	"github.com/portico-vco/portico/auth/secret"
)

// MaxHeader and maxBody are how much of an answer is read.
const (
	MaxHeader = 64 << 10
	maxBody   = 4 << 10
)

// A Message is what is posted.
type Message struct {
	ID   string // the same in every try
	Time time.Time
	Type string // of the body
	Body []byte
}

// IDOf makes an id of a content, so that the same content has the same one.
func IDOf(content []byte) string {
	digest := sha256.Sum256(content)
	return fmt.Sprintf("msg_%x", digest[:16])
}

// Stay is for a client that posts: elsewhere might be anywhere, and in the clear.
func Stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// An AnswerError is an answer that does not say that the message was taken.
type AnswerError struct {
	Status int
	After  time.Duration // when it wants to be asked again; 0: it does not say
}

func (e *AnswerError) Error() string { return fmt.Sprintf("the webhook answers %d", e.Status) }

// What else may go wrong, apart from errors of the network and of certificates, which are answered as they are.
var (
	ErrAddress = errors.New("the webhook's address is none")
	ErrSlow    = errors.New("the webhook took too long")
	ErrAnswer  = errors.New("the webhook's answer cannot be understood")
)

// Send posts a message. Any 2xx says that it was taken; any other answer is an AnswerError. It is signed with each of the keys.
// Errors repeat neither the address, nor a text of the other side's, which has seen it.
func Send(ctx context.Context, c *http.Client, to string, m Message, keys ...[]byte) (status int, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(m.Body))
	if err != nil {
		return 0, ErrAddress
	}
	r.Header.Set("Content-Type", m.Type)
	r.Header.Set("User-Agent", "Portico")
	m.sign(r.Header, keys)
	answer, err := c.Do(r)
	if err != nil {
		return 0, explained(err)
	}
	defer answer.Body.Close()
	_, _ = io.CopyN(io.Discard, answer.Body, maxBody) // so that the connection can be used again
	if answer.StatusCode/100 == 2 {
		return answer.StatusCode, nil
	}
	return answer.StatusCode, &AnswerError{answer.StatusCode, retryAfter(answer.Header.Get("Retry-After"), m.Time)}
}

// sign adds the headers. Several signatures are one beside the other, of which a receiver needs to know one.
func (m Message) sign(h http.Header, keys [][]byte) {
	at := strconv.FormatInt(m.Time.Unix(), 10)
	h.Set("webhook-id", m.ID)
	h.Set("webhook-timestamp", at)
	signatures := ""
	for _, key := range keys {
		s := hmac.New(sha256.New, key)
		fmt.Fprintf(s, "%s.%s.", m.ID, at)
		s.Write(m.Body)
		signatures += " v1," + base64.StdEncoding.EncodeToString(s.Sum(nil))
	}
	if signatures != "" {
		h.Set("webhook-signature", signatures[1:])
	}
}

// retryAfter reads seconds or a date.
func retryAfter(s string, now time.Time) time.Duration {
	if n, err := strconv.ParseUint(s, 10, 31); err == nil {
		return time.Duration(n) * time.Second
	}
	if at, err := http.ParseTime(s); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

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
		return ErrSlow
	case errors.Is(err, context.Canceled), errors.As(err, &line), errors.As(err, &certificate):
		return err
	}
	return ErrAnswer
}

const (
	secretMark   = "whsec_"
	secretLength = 32
)

// NewSecret mints a secret in the form of Standard Webhooks: whsec_ and bytes in base64.
func NewSecret(random io.Reader) (secret.Text, error) {
	key := make([]byte, secretLength)
	if _, err := io.ReadFull(random, key); err != nil {
		return "", fmt.Errorf("a secret of a webhook: %w", err)
	}
	return secret.Text(secretMark + base64.StdEncoding.EncodeToString(key)), nil
}

// ParseSecret answers the key that a secret is, white space around it aside. It has 24 to 64 bytes.
func ParseSecret(text secret.Text) ([]byte, error) {
	b64, ok := bytes.CutPrefix(bytes.TrimSpace([]byte(text)), []byte(secretMark))
	key, err := base64.StdEncoding.AppendDecode(nil, b64)
	if !ok || err != nil || len(key) < 24 || len(key) > 64 {
		return nil, errors.New("is not whsec_ and 24 to 64 bytes in base64")
	}
	return key, nil
}
