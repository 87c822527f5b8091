package ship

import (
	"crypto/sha256"
	"fmt"

	"github.com/portico-vco/portico/auth/account"
)

// appendLine writes an event as it leaves. The text of the event comes last and is that of the store, byte for byte, so that its
// SHA-256 is the digest, and that the one in the chain of events.
//
// With the links of all events from the first one on, the hash of any link can be computed, and compared with a head of the chain:
//
//	SHA-256("portico event link\n", link, hash of the link before, first number, for each event: its scope, its digest)
//
// where numbers are 8 bytes, the scope is 1, and the hash before the first link is 32 zeros; see package account.
func appendLine(b []byte, portal string, e account.StoredEvent) []byte {
	b = fmt.Appendf(b, `{"portal":%q,"number":%d,"link":%d,"digest":"%x","event":`, portal, e.ID, e.Link, sha256.Sum256(e.Stored))
	return append(append(b, e.Stored...), '}')
}
