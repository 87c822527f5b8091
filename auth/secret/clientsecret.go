package secret

import (
	"crypto/subtle"
	"fmt"
	"hash/crc32"
	"io"
	"math/big"
	"strings"
)

// The form of a client's secret: what it is for, 43 characters of base62 for 256 random bits, and 6 of a CRC-32 over both. A
// scanner recognises it wherever it was left lying, and garbage is told from it without looking anything up. It has only
// letters, digits and _, so that its form-encoding (RFC 6749, 2.3.1) is itself.
const (
	base62    = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	bodyLen   = 43
	checkLen  = 6
	shownLen  = 4 // characters of the body that its owner may be shown again
	secretLen = 32
)

// MintMarked makes a secret of 256 random bits that says what it is for.
func MintMarked(random io.Reader, mark string) (Text, error) {
	var b [secretLen]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fmt.Errorf("mint: %w", err)
	}
	text := mark + inBase62(new(big.Int).SetBytes(b[:]), bodyLen)
	return Text(text + checkOf(text)), nil
}

// Marked says whether a text has the form of a secret for that: whether it can be one at all.
func Marked(t Text, mark string) bool {
	if len(t) != len(mark)+bodyLen+checkLen || !strings.HasPrefix(string(t), mark) {
		return false
	}
	text, check := string(t[:len(t)-checkLen]), string(t[len(t)-checkLen:])
	return subtle.ConstantTimeCompare([]byte(check), []byte(checkOf(text))) == 1
}

// Shown is the beginning of a marked secret, by which its owner tells one from another.
func Shown(t Text, mark string) string { return string(t[:len(mark)+shownLen]) }

func checkOf(text string) string {
	return inBase62(big.NewInt(int64(crc32.ChecksumIEEE([]byte(text)))), checkLen)
}

func inBase62(n *big.Int, digits int) string {
	out, base, digit := make([]byte, digits), big.NewInt(int64(len(base62))), new(big.Int)
	for i := digits - 1; i >= 0; i-- {
		n.DivMod(n, base, digit)
		out[i] = base62[digit.Int64()]
	}
	return string(out)
}
