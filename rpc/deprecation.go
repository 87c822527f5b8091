package rpc

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// A Deprecation says that a method goes on working and shall not be used any more. The OpenRPC document says so, and answers
// to calls of the method bear the header Deprecation (RFC 9745). A param is deprecated by a tag of its field,
// deprecated:"use name instead"; then the document alone says so, for the method is still good.
type Deprecation struct {
	Since string // a date, such as 2026-11-21
	Use   string // what to do now, such as "use enterprise/getEnterprise"
}

// since is the time that the header tells; that of the zero Deprecation is zero.
func (d Deprecation) since() (time.Time, error) {
	if d == (Deprecation{}) {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.DateOnly, d.Since)
	if err == nil && d.Use == "" {
		err = errors.New("deprecated, and nothing said of what to use")
	}
	return at, err
}

func (d Deprecation) String() string {
	if d == (Deprecation{}) {
		return ""
	}
	return fmt.Sprintf("Deprecated since %s: %s.", d.Since, d.Use)
}

// deprecate notes that a call was of a method that is deprecated. The header is that of the whole answer, so for a batch it
// tells of the method that has been deprecated for longest.
func (x *exchange) deprecate(r *row) {
	if at := r.deprecated; !at.IsZero() && (x.deprecated.IsZero() || at.Before(x.deprecated)) {
		x.deprecated = at
	}
}

// structured is a time as a Date of structured fields (RFC 9651).
func structured(at time.Time) string { return "@" + strconv.FormatInt(at.Unix(), 10) }
