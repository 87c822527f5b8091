package account

import (
	"cmp"
	"context"
	"crypto/subtle"
	"encoding/base32"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
)

// The second factor: a code of the user's app (RFC 6238), or one of ten recovery codes, each good once. Who has enrolled one is
// always asked for it; properties say who must. DisableSecondFactor exempts a user from both.

// A secondFactor is what is kept of a user's. Its seed must be read again, so it is sealed; the recovery codes are not.
type secondFactor struct {
	ID       int64           `json:"id"` // the user's
	Seed     string          `json:"seed,omitempty"`
	Pending  string          `json:"pending,omitempty"` // the seed of an enrolment that is not confirmed
	Began    time.Time       `json:"began,omitzero"`    // that enrolment
	LastStep int64           `json:"lastStep,omitempty"`
	Recovery []secret.Digest `json:"recovery,omitempty"`
	Created  time.Time       `json:"created,omitzero"`
}

var secondFactors = store.NewCollection("secondfactor", func(f *secondFactor) *int64 { return &f.ID })

// Who must have one. Either of the system properties asks it of all users of the kind: the offer, which the original calls
// enable, always stands here. The tenants' own ask it of theirs.
var (
	operatorFactor   = define(Setting{id: 33, name: "vco.operator.authentication.twoFactor.enable", dataType: "BOOLEAN", value: "false", doc: "true asks every operator for a second factor; who has one is asked anyway"})
	operatorRequire  = define(Setting{id: 303, name: "vco.operator.authentication.twoFactor.require", dataType: "BOOLEAN", value: "false", doc: "the same"})
	tenantFactor     = define(Setting{id: 32, name: "vco.enterprise.authentication.twoFactor.enable", dataType: "BOOLEAN", value: "false", doc: "true asks every user of customers and partners for a second factor; who has one is asked anyway"})
	tenantRequire    = define(Setting{id: 302, name: "vco.enterprise.authentication.twoFactor.require", dataType: "BOOLEAN", value: "false", doc: "the same"})
	enterpriseFactor = defineTenant(TenantSetting{of: auth.Enterprise, name: "vco.enterprise.authentication.twoFactor.enable", dataType: "BOOLEAN", value: "false"})
	partnerFactor    = defineTenant(TenantSetting{of: auth.MSP, name: "vco.enterprise.proxy.authentication.twoFactor.enable", dataType: "BOOLEAN", value: "false"})
)

const (
	recoveryCodes   = 10
	enrolmentExpiry = time.Hour
)

// needsFactor says whether the properties ask a second factor of the user.
func (a *Accounts) needsFactor(tx store.Tx, u *User) (bool, error) {
	if u.DisableSecondFactor || !u.LogsIn() {
		return false, nil
	}
	system := []*Setting{tenantFactor, tenantRequire}
	own := enterpriseFactor
	switch u.Type {
	case auth.Operator:
		system, own = []*Setting{operatorFactor, operatorRequire}, nil
	case auth.MSP:
		own = partnerFactor
	}
	for _, s := range system {
		if on, err := a.Flag(tx, s); err != nil || on {
			return on, err
		}
	}
	if own == nil {
		return false, nil
	}
	text, err := a.tenantText(tx, auth.Tenant{Type: u.Type, ID: u.TenantID()}, own)
	on, _ := parseBool(text)
	return on, err
}

// Due says what the user has to do before his session is good for anything else, as things are now.
func (a *Accounts) Due(tx store.Tx, u *User) (auth.Due, error) {
	p, err := a.policy(tx, u.Type)
	if err != nil {
		return auth.NothingDue, err
	}
	if p.outlived(u, a.Now()) {
		return auth.PasswordDue, nil
	}
	needs, err := a.needsFactor(tx, u)
	if err != nil || !needs {
		return auth.NothingDue, err
	}
	if f, err := secondFactors.Get(tx, u.ID); err != nil || f != nil && f.Seed != "" {
		return auth.NothingDue, err
	}
	return auth.SecondFactorDue, nil
}

// A CheckedFactor is a second factor that was right, and is used up when it is put.
type CheckedFactor struct {
	f        *secondFactor
	recovery bool
}

// CheckSecondFactor says whether the code, which may be a recovery code, is right for the user. One without a second factor
// needs none.
func (a *Accounts) CheckSecondFactor(tx store.Tx, u *User, code secret.Text) (c CheckedFactor, ok bool, err error) {
	if u.DisableSecondFactor {
		return c, true, nil
	}
	f, err := secondFactors.Get(tx, u.ID)
	if err != nil || f == nil || f.Seed == "" {
		return c, err == nil, err
	}
	typed := plain(code)
	if seed, err := a.Sealer.Open(seedPurpose(u.ID), f.Seed); err == nil { // without the key the recovery codes are left
		if step := secret.MatchCode(seed, typed, a.Now(), f.LastStep); step != 0 {
			f.LastStep = step
			return CheckedFactor{f: f}, true, nil
		}
	}
	if i := f.recoveryAt(typed); i >= 0 {
		f.Recovery = slices.Delete(f.Recovery, i, i+1)
		return CheckedFactor{f, true}, true, nil
	}
	return c, false, nil
}

// recoveryAt compares with every code that is left.
func (f *secondFactor) recoveryAt(typed secret.Text) int {
	at, d := -1, recoveryDigest(f.ID, typed)
	for i, one := range f.Recovery {
		if subtle.ConstantTimeCompare(one, d) == 1 {
			at = i
		}
	}
	return at
}

// useUp sees to it that the code opens nothing again.
func (a *Accounts) useUp(tx store.Tx, by *auth.Principal, u *User, c CheckedFactor) error {
	if c.f == nil {
		return nil
	}
	if err := secondFactors.Put(tx, c.f); err != nil || !c.recovery {
		return err
	}
	in, _, err := a.TenantIn(tx, u.Type, u.TenantID())
	if err != nil {
		return err
	}
	h := factorEvent("USE_RECOVERY_CODE", u)
	h.Detail["left"] = len(c.f.Recovery)
	return a.Record(tx, u.Principal(by.Call, auth.NoMeans, 0, time.Time{}), in, h)
}

func seedPurpose(id int64) string { return fmt.Sprintf("user/%d/totp", id) }

// recoveryDigest is bound to the user: a digest moved to another opens nothing. A code has 80 random bits, so a plain
// digest is enough.
func recoveryDigest(id int64, code secret.Text) secret.Digest {
	return secret.DigestOf(secret.Text(fmt.Sprintf("user/%d/recovery/%s", id, string(code))))
}

// readable has no letters that are taken for others: i, l, o, u.
var readable = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

var misread = strings.NewReplacer(" ", "", "-", "", "\t", "", "o", "0", "i", "1", "l", "1")

// plain is a code without what people put into it.
func plain(code secret.Text) secret.Text {
	if len(code) > 64 {
		return ""
	}
	return secret.Text(misread.Replace(fold(string(code))))
}

// mintRecovery makes the codes as they are shown, and their digests.
func (a *Accounts) mintRecovery(id int64) (shown []secret.Text, digests []secret.Digest, err error) {
	for range recoveryCodes {
		var b [10]byte
		if _, err := io.ReadFull(a.random, b[:]); err != nil {
			return nil, nil, err
		}
		s := readable.EncodeToString(b[:])
		shown = append(shown, secret.Text(strings.Join([]string{s[:4], s[4:8], s[8:12], s[12:]}, "-")))
		digests = append(digests, recoveryDigest(id, secret.Text(s)))
	}
	return shown, digests, nil
}

func factorEvent(name string, u *User) Happening {
	return Happening{
		Name: name, Category: OfSecurity, Severity: Notice, Message: "second factor of " + u.Username,
		Detail: map[string]any{"userId": u.ID, "username": u.Username},
	}
}

// An Enrolment is shown once: the seed, and the same in the form that apps read.
type Enrolment struct {
	Seed secret.Text
	URI  secret.Text
}

// EnrolSecondFactor begins the caller's enrolment, and forgets one that he began before. It takes his password and his session:
// who has found the one or an API token of his must not be able to lock him out. One who has a second factor gets a Conflict.
func (a *Accounts) EnrolSecondFactor(ctx context.Context, by *auth.Principal, current secret.Text) (e Enrolment, err error) {
	if e.Seed, err = secret.MintSeed(a.random); err != nil {
		return e, err
	}
	sealed, err := a.Sealer.Seal(seedPurpose(by.UserID), e.Seed)
	if err != nil {
		return e, err
	}
	err = a.changeFactor(ctx, by, &current, func(tx store.Tx, u *User, in auth.Tenant, f *secondFactor) error {
		if f.Seed != "" {
			return auth.Errorf(auth.Conflict, "you have a second factor: remove it before you enrol another")
		}
		f.Pending, f.Began = sealed, a.Now()
		issuer, err := a.Text(tx, PublicAddress)
		e.URI = otpauth(issuer, u.Username, e.Seed)
		return cmp.Or(err, secondFactors.Put(tx, f))
	})
	if err != nil {
		return Enrolment{}, err
	}
	return e, nil
}

func otpauth(issuer, username string, seed secret.Text) secret.Text {
	issuer = strings.ReplaceAll(issuer, ":", " ") // it would end the issuer
	q := strings.ReplaceAll(url.Values{"secret": {string(seed)}, "issuer": {issuer}}.Encode(), "+", "%20")
	return secret.Text("otpauth://totp/" + url.PathEscape(issuer) + ":" + url.PathEscape(username) + "?" + q)
}

// ConfirmSecondFactor ends the caller's enrolment with a code of his app: from now on he is asked for one. The recovery
// codes are shown this once.
func (a *Accounts) ConfirmSecondFactor(ctx context.Context, by *auth.Principal, code secret.Text) ([]secret.Text, error) {
	shown, digests, err := a.mintRecovery(by.UserID)
	if err != nil {
		return nil, err
	}
	err = a.changeFactor(ctx, by, nil, func(tx store.Tx, u *User, in auth.Tenant, f *secondFactor) error {
		if f.Pending == "" || !a.Now().Before(f.Began.Add(enrolmentExpiry)) {
			return auth.Errorf(auth.Conflict, "no enrolment of a second factor has begun within the hour")
		}
		seed, err := a.Sealer.Open(seedPurpose(u.ID), f.Pending)
		if err != nil {
			return err
		}
		step := secret.MatchCode(seed, plain(code), a.Now(), 0)
		if step == 0 {
			return auth.BadField("code", "is wrong")
		}
		f.Seed, f.Pending, f.Began, f.LastStep, f.Recovery, f.Created = f.Pending, "", time.Time{}, step, digests, a.Now()
		if err := secondFactors.Put(tx, f); err != nil {
			return err
		}
		return a.Record(tx, by, in, factorEvent("ENABLE_SECOND_FACTOR", u))
	})
	if err != nil {
		return nil, err
	}
	return shown, nil
}

// RemoveSecondFactor takes the caller's away. It needs his password.
func (a *Accounts) RemoveSecondFactor(ctx context.Context, by *auth.Principal, current secret.Text) (rows int, err error) {
	err = a.changeFactor(ctx, by, &current, func(tx store.Tx, u *User, in auth.Tenant, f *secondFactor) error {
		rows, err = a.dropFactor(tx, by, in, u, "DISABLE_SECOND_FACTOR")
		return err
	})
	return rows, err
}

// dropFactor removes what is kept of a user's second factor; rows is 0 when there is nothing.
func (a *Accounts) dropFactor(tx store.Tx, by *auth.Principal, in auth.Tenant, u *User, event string) (rows int, err error) {
	had, err := secondFactors.Delete(tx, u.ID)
	if err != nil || !had {
		return 0, err
	}
	return 1, a.Record(tx, by, in, factorEvent(event, u))
}

// changeFactor lets f change the caller's second factor, once he has proved his current password if that is asked for.
func (a *Accounts) changeFactor(ctx context.Context, by *auth.Principal, current *secret.Text, f func(store.Tx, *User, auth.Tenant, *secondFactor) error) error {
	if by.Means != auth.BySession {
		return auth.Errorf(auth.WrongCaller, "method [%s] needs a session", by.Method)
	}
	u, in, err := a.FindUser(ctx, by, by.UserID, "")
	if err != nil || u == nil {
		return cmp.Or(err, errNobody)
	}
	if current != nil {
		if err := a.provePassword(ctx, by, u, in, *current); err != nil {
			return err
		}
	}
	seen := u
	return a.Store.Update(ctx, func(tx store.Tx) error {
		u, in, err := a.findUser(tx, by, by.UserID, "")
		if err != nil || u == nil || !u.asProved(seen) {
			return cmp.Or(err, errNobody)
		}
		if current != nil {
			if ok, err := a.admit(tx, attempt(by, u)); err != nil || !ok {
				return cmp.Or(err, errCurrentPassword)
			}
		}
		factor, err := secondFactors.Get(tx, u.ID)
		if err != nil {
			return err
		}
		if factor == nil {
			factor = &secondFactor{ID: u.ID}
		}
		return f(tx, u, in, factor)
	})
}

var errNobody error = auth.Errorf(auth.Unauthenticated, "user not active")

// ResetSecondFactor takes somebody else's away, for one who lost it: he logs in by password alone then, and enrols anew
// where one is asked for. Who may change the user may do it; a superuser's, only a superuser. One's own is a Conflict.
func (a *Accounts) ResetSecondFactor(ctx context.Context, by *auth.Principal, id int64, name string) (rows int, err error) {
	err = a.Store.Update(ctx, func(tx store.Tx) error {
		rows = 0
		u, in, err := a.findUser(tx, by, id, name)
		if err != nil || u == nil {
			return err
		}
		switch v := auth.Update.On(auth.UserObject(u.Type)); {
		case u.ClientID != 0:
			return u.Managed()
		case u.ID == by.UserID:
			return auth.Errorf(auth.Conflict, "your own second factor is removed by secondFactor/remove")
		case !by.May(v, in):
			return auth.Lacks(by, v)
		case u.IsSuper() && !by.IsSuper():
			return auth.Errorf(auth.Forbidden, "the privilege of a superuser is required to change a superuser in method [%s]", by.Method)
		}
		rows, err = a.dropFactor(tx, by, in, u, "RESET_SECOND_FACTOR")
		return err
	})
	return rows, err
}

// A FactorState is what a user may know of his second factor.
type FactorState struct {
	Enrolled, Required bool
	Since              time.Time
	Recovery           int // codes left
}

// SecondFactor tells the caller about his own.
func (a *Accounts) SecondFactor(ctx context.Context, by *auth.Principal) (s FactorState, err error) {
	err = a.Store.View(ctx, func(tx store.Tx) error {
		u, err := a.UserIn(tx, by.UserID)
		if err != nil || u == nil {
			return cmp.Or(err, errNobody)
		}
		if s.Required, err = a.needsFactor(tx, u); err != nil {
			return err
		}
		f, err := secondFactors.Get(tx, u.ID)
		if f != nil && f.Seed != "" {
			s.Enrolled, s.Since, s.Recovery = true, f.Created, len(f.Recovery)
		}
		return err
	})
	return s, err
}

// spentFactors is how many second factors SpendCodes changes at once.
const spentFactors = 80

// SpendCodes ends a step of the enrolments that are under way, and makes all codes up to now useless: some may have been used already in
// a time that the store knows nothing of. It says how many users that concerned.
func (a *Accounts) SpendCodes(tx store.Tx) (n int, more bool, err error) {
	step := secret.Step(a.Now()) + 1 // codes of the next one are good already
	var spent []*secondFactor
	err = secondFactors.Scan(tx, 0, func(f *secondFactor) (bool, error) {
		if f.LastStep < step || f.Pending != "" {
			spent = append(spent, f)
		}
		return len(spent) < spentFactors, nil
	})
	for _, f := range spent {
		f.LastStep, f.Pending, f.Began = max(f.LastStep, step), "", time.Time{}
		if err == nil {
			err = secondFactors.Put(tx, f)
		}
	}
	return len(spent), len(spent) == spentFactors, err
}
