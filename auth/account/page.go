package account

import (
	"encoding/base64"
	"encoding/binary"
	"math"

	"github.com/portico-vco/portico/auth"
)

// A PageQuery asks for a part of a list: at most Limit records behind those of the page before. The zero query asks for the
// whole list.
type PageQuery struct {
	Limit *int   // 1 to MaxPage; nil is MaxPage where Next is given
	Next  string // Page.Next of the page before
}

// MaxPage is the most that a page of a list may be asked to hold.
const MaxPage = 2048

// A Page says how what was read lies in its list. Of a whole list it is zero.
type Page struct {
	Limit int
	More  bool
	Next  string
}

// A Pager cuts a page out of a list while it is read. A place in a list is a few numbers which never change as long as the
// record lives, so pages stay true while other records come and go. Next is such a place, and whose list is read is decided by
// the call: nothing is to be had with a place of another list.
type Pager struct {
	Page
	after []int64
	taken int
}

// Pager begins a page of a list whose places have so many numbers.
func (q PageQuery) Pager(numbers int) (*Pager, error) {
	p := &Pager{after: make([]int64, numbers)}
	switch {
	case q.Limit == nil && q.Next == "":
		return p, nil
	case q.Limit == nil:
		p.Limit = MaxPage
	case *q.Limit < 1 || *q.Limit > MaxPage:
		return nil, auth.BadField("limit", "is not between 1 and %d", MaxPage)
	default:
		p.Limit = *q.Limit
	}
	return p, p.resume(q.Next)
}

func (p *Pager) resume(next string) error {
	if next == "" {
		return nil
	}
	b, err := base64.RawURLEncoding.DecodeString(next)
	if err != nil || len(b) != 8*len(p.after) {
		return auth.BadField("nextPageLink", "is not from an earlier answer")
	}
	for i := range p.after {
		p.after[i] = int64(binary.BigEndian.Uint64(b[8*i:]) & math.MaxInt64)
	}
	return nil
}

// After is the i-th number of the place at which the page before ended; 0 for the first page.
func (p *Pager) After(i int) int64 { return p.after[i] }

// Left is how many records the page still takes.
func (p *Pager) Left() int {
	if p.Limit == 0 {
		return math.MaxInt - 1 // one more must be countable
	}
	return p.Limit - p.taken
}

// Take says whether the record at that place is of the page. If not, the page is full, and nothing more need be read.
func (p *Pager) Take(place ...int64) bool {
	if p.Left() == 0 {
		p.More = true
		return false
	}
	p.taken++
	if p.Limit > 0 {
		p.endAt(place)
	}
	return true
}

// Stop ends a page short behind the record at that place, which need not be of it: enough was read.
func (p *Pager) Stop(place ...int64) {
	p.More = true
	p.endAt(place)
}

func (p *Pager) endAt(place []int64) {
	b := make([]byte, 0, 8*len(place))
	for _, n := range place {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	p.Next = base64.RawURLEncoding.EncodeToString(b)
}

// Done answers the page once all that is wanted has been read.
func (p *Pager) Done() Page {
	if !p.More {
		p.Next = ""
	}
	return p.Page
}
