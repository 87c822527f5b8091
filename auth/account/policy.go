package account

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
)

// A Policy is what the portal asks of new passwords, and how long they are good. Off is -1, of excludeTop 0.
type Policy struct {
	Strength struct {
		Least        int  `json:"minlength"`
		Most         int  `json:"maxlength"`
		Number       bool `json:"requireNumber"`
		Lower        bool `json:"requireLower"`
		Upper        bool `json:"requireUpper"`
		Special      bool `json:"requireSpecial"`
		ExcludeTop   int  `json:"excludeTop"`                    // so many of the most common passwords
		Repeating    int  `json:"maxRepeatingCharacters"`        // longest run of one character
		Sequence     int  `json:"maxSequenceCharacters"`         // longest run such as abc or 321
		FromUsername int  `json:"disallowUsernameCharacters"`    // so many characters of the username in a row are too many
		Variation    int  `json:"variationValidationCharacters"` // least edits from the password before, where that is known
	} `json:"strength"`
	Expiry struct {
		Enable bool `json:"enable"`
		Days   int  `json:"days"`
	} `json:"expiry"`
	History struct {
		Enable bool `json:"enable"`
		Count  int  `json:"count"`
	} `json:"history"`
}

// defaultPolicy is the original's but for maxlength, there 32: NIST SP 800-63B wants at least 64 to be permitted, and a
// generated password or a sentence is the better for it.
const defaultPolicy = `{"strength":{"minlength":8,"maxlength":64,"requireNumber":true,"requireLower":true,"requireUpper":false,` +
	`"requireSpecial":false,"excludeTop":1000,"maxRepeatingCharacters":-1,"maxSequenceCharacters":-1,` +
	`"disallowUsernameCharacters":-1,"variationValidationCharacters":-1},"expiry":{"enable":false,"days":365},"history":{"enable":false,"count":3}}`

const policyDoc = `JSON {"strength":{minlength 8 to 256, maxlength, requireNumber, requireLower, requireUpper, requireSpecial, excludeTop 0 to 10000, ` +
	`maxRepeatingCharacters, maxSequenceCharacters, disallowUsernameCharacters, variationValidationCharacters (-1 is off)},` +
	`"expiry":{enable, days 1 to 3650},"history":{enable, count 1 to 10}}; what is left out has its default`

// A policySetting is a property that is a policy. What was read last is kept read.
type policySetting struct {
	*Setting
	last atomic.Pointer[readPolicy]
}

type readPolicy struct {
	text string
	Policy
}

func definePolicy(id int64, name, whose string) *policySetting {
	return &policySetting{Setting: define(Setting{id: id, name: name, dataType: "JSON", value: defaultPolicy,
		doc: whose + " passwords: " + policyDoc, restricted: true,
		check: func(s string) bool { _, err := parsePolicy(s); return err == nil }})}
}

var (
	tenantPolicy   = definePolicy(26, "vco.enterprise.authentication.passwordPolicy", "customers' and partners'")
	operatorPolicy = definePolicy(27, "vco.operator.authentication.passwordPolicy", "operators'")
)

// parsePolicy reads a policy and refuses unknown members and values out of bounds.
func parsePolicy(text string) (p Policy, err error) {
	if err := json.Unmarshal([]byte(defaultPolicy), &p); err != nil {
		return p, err
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return p, err
	}
	if _, err := d.Token(); err != io.EOF || strings.TrimSpace(text)[0] != '{' {
		return p, fmt.Errorf("not one object")
	}
	s := p.Strength
	for _, n := range []struct{ is, least, most int }{
		{s.Least, 8, 256}, {s.Most, s.Least, 256}, {s.ExcludeTop, 0, 10000}, {p.Expiry.Days, 1, 3650}, {p.History.Count, 1, 10},
		{s.Repeating, -1, 256}, {s.Sequence, -1, 256}, {s.FromUsername, -1, 256}, {s.Variation, -1, 256},
	} {
		if n.is < n.least || n.is > n.most || n.is == 0 && n.least < 0 {
			return p, fmt.Errorf("%d is not in %d to %d", n.is, n.least, n.most)
		}
	}
	return p, nil
}

func policyOf(t auth.UserType) *policySetting {
	if t == auth.Operator {
		return operatorPolicy
	}
	return tenantPolicy
}

// policy is that for users of a type. One that an older portal let pass and this one cannot read counts as the default.
func (a *Accounts) policy(tx store.Tx, t auth.UserType) (Policy, error) {
	s := policyOf(t)
	text, err := a.Text(tx, s.Setting)
	if err != nil {
		return Policy{}, err
	}
	if last := s.last.Load(); last != nil && last.text == text {
		return last.Policy, nil
	}
	p, err := parsePolicy(text)
	if err != nil {
		p, err = parsePolicy(defaultPolicy)
	}
	s.last.Store(&readPolicy{text, p})
	return p, err
}

// outlived says whether the user's password has to be changed before anything else.
func (p *Policy) outlived(u *User, now time.Time) bool {
	return p.Expiry.Enable && u.HasPassword() && !now.Before(u.PasswordModified.Add(time.Duration(p.Expiry.Days)*24*time.Hour))
}

// kept is how many earlier passwords are remembered.
func (p *Policy) kept() int {
	if !p.History.Enable {
		return 0
	}
	return p.History.Count
}

// check refuses a password for what can be seen of it; known are earlier ones that the caller has shown to know.
func (p *Policy) check(u *User, password secret.Text, known []secret.Text) error {
	text, s := []rune(string(password)), p.Strength
	if len(text) == 0 {
		return auth.BadField("password", "is required")
	}
	if len(text) > s.Most {
		return auth.BadField("password", "has more than %d characters", s.Most) // the rest is work
	}
	var wrong error
	refuse := func(bad bool, format string, args ...any) {
		if bad && wrong == nil {
			wrong = auth.BadField("password", format, args...)
		}
	}
	refuse(len(text) < s.Least, "has fewer than %d characters", s.Least)
	has := func(is func(rune) bool) bool { return strings.ContainsFunc(string(password), is) }
	refuse(s.Number && !has(unicode.IsDigit), "has no number")
	refuse(s.Lower && !has(unicode.IsLower), "has no lower case letter")
	refuse(s.Upper && !has(unicode.IsUpper), "has no upper case letter")
	refuse(s.Special && !has(special), "has no special character")
	lower := []rune(fold(string(password)))
	refuse(rank(string(lower)) < s.ExcludeTop, "is one of the most common passwords")
	refuse(s.Repeating > 0 && longestRun(text, 0) > s.Repeating, "repeats a character more than %d times", s.Repeating)
	refuse(s.Sequence > 0 && max(longestRun(lower, 1), longestRun(lower, -1)) > s.Sequence, "has a sequence of more than %d characters", s.Sequence)
	refuse(s.FromUsername > 0 && u != nil && shares(lower, []rune(fold(u.Username)), s.FromUsername), "has %d characters of the username in a row", s.FromUsername)
	for _, old := range known {
		refuse(s.Variation > 0 && edits(text, []rune(string(old))) < s.Variation, "differs from the password before in fewer than %d characters", s.Variation)
	}
	return wrong
}

func special(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }

// longestRun is the length of the longest run in which each character is the one before plus step; but for repetitions,
// of letters and digits alone.
func longestRun(text []rune, step rune) int {
	longest, run := min(len(text), 1), 1
	for i := 1; i < len(text); i++ {
		if text[i] == text[i-1]+step && (step == 0 || !special(text[i]) && !special(text[i-1])) {
			run++
		} else {
			run = 1
		}
		longest = max(longest, run)
	}
	return longest
}

// shares says whether n characters of name in a row are in the text.
func shares(text, name []rune, n int) bool {
	for i := 0; i+n <= len(name); i++ {
		if strings.Contains(string(text), string(name[i:i+n])) {
			return true
		}
	}
	return false
}

// edits is how many characters must be put in, taken out or replaced to get from a to b.
func edits(a, b []rune) int {
	if len(b) > 256 { // no such password was ever set
		return len(b)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		last := row[0]
		row[0] = i + 1
		for j := range b {
			replaced := last
			if a[i] != b[j] {
				replaced++
			}
			last = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

//go:embed common.txt
var commonText string

// common are the most common passwords with their ranks, from 0.
var common = func() map[string]int {
	ranks := make(map[string]int)
	for line := range strings.Lines(commonText) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			ranks[line] = len(ranks)
		}
	}
	return ranks
}()

// rank is a lower-case password's place among the most common ones, behind all of them when it is not there.
func rank(lower string) int {
	if n, ok := common[lower]; ok {
		return n
	}
	return 1 << 30
}
