package secret

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"io"
	"time"
)

// Codes of a second factor as RFC 6238 makes them, in the one form that all apps know: HMAC-SHA-1, six digits, a step of
// 30 seconds. They are forty lines of the standard library's HMAC; github.com/pquerna/otp was considered, and its bar codes
// and further algorithms would all go unused.

const (
	stepSeconds = 30
	seedBytes   = 20 // as many as RFC 4226 recommends
)

var seedText = base32.StdEncoding.WithPadding(base32.NoPadding)

// MintSeed makes the seed of a second factor, in the base32 that apps are told it in.
func MintSeed(random io.Reader) (Text, error) {
	var b [seedBytes]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fmt.Errorf("mint a seed: %w", err)
	}
	return Text(seedText.EncodeToString(b[:])), nil
}

// Step is the number of the time step that a moment lies in.
func Step(t time.Time) int64 { return t.Unix() / stepSeconds }

// CodeAt is the code of a step; "" for a seed that is none.
func CodeAt(seed Text, step int64) Text {
	key, err := seedText.DecodeString(string(seed))
	if err != nil || len(key) == 0 {
		return ""
	}
	h := hmac.New(sha1.New, key)
	_ = binary.Write(h, binary.BigEndian, step)
	sum := h.Sum(nil)
	at := sum[len(sum)-1] & 0xf
	n := binary.BigEndian.Uint32(sum[at:]) & 0x7fffffff
	return Text(fmt.Sprintf("%06d", n%1000000))
}

// MatchCode answers the step of the code if that is now's, the one before it or the one after, and comes after the last
// one used; else 0. All three are compared, in constant time.
func MatchCode(seed, code Text, now time.Time, last int64) (step int64) {
	for s := Step(now) - 1; s <= Step(now)+1; s++ {
		want := CodeAt(seed, s)
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 && want != "" && s > last {
			step = s
		}
	}
	return step
}
