package secret

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
)

// A Sealer also marks what anybody may read and nobody else may write: with HMAC-SHA256, under a key that is derived from the
// sealing key (HKDF-SHA256) and so lies apart from the store, too. Of the two keys neither tells the other.

func markKey(sealKey []byte) ([]byte, error) {
	return hkdf.Key(sha256.New, sealKey, nil, "portico marks", sha256.Size)
}

// Mark answers the mark of a message for one purpose.
func (s *Sealer) Mark(purpose string, message []byte) []byte {
	h := hmac.New(sha256.New, s.marks)
	h.Write([]byte(purpose))
	h.Write([]byte{0}) // no purpose runs into a message
	h.Write(message)
	return h.Sum(nil)
}

// Marked says whether mark is that of the message for the purpose.
func (s *Sealer) Marked(purpose string, message, mark []byte) bool {
	return hmac.Equal(mark, s.Mark(purpose, message))
}

// MarkID names the key of the marks without telling it.
func (s *Sealer) MarkID() string {
	return base64.RawURLEncoding.EncodeToString(s.Mark("id", nil)[:9])
}
