package auth

import "slices"

// A Due is what a user has to do before his session is good for anything else.
type Due uint8

const (
	NothingDue      Due = iota
	PasswordDue         // his password has expired
	SecondFactorDue     // he must have a second factor, and has none
)

// dues say what is due, and by which method it is done.
var dues = [...]string{"", "a password change, by password/change", "a second factor, by secondFactor/enroll and secondFactor/confirm"}

func (d Due) String() string { return dues[d] }

// WhileDue leaves a method open to sessions in which one of these is due. Every other rule but Public is closed to them.
func (r Rule) WhileDue(d ...Due) Rule { r.due = d; return r }

// Overdue is the refusal of everything else.
func (p *Principal) Overdue() error {
	return Errorf(Forbidden, "privilege withheld in method [%s]: due first is %s", p.Method, p.Due)
}

// waits says whether the rule is closed to the caller for what is due.
func (r Rule) waits(p *Principal) bool { return p.Due != NothingDue && !slices.Contains(r.due, p.Due) }
