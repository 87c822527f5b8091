package secret

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync/atomic"

	"golang.org/x/crypto/argon2"
)

// Cost is what one password hash costs: argon2id's memory in KiB, passes and lanes.
type Cost struct {
	MemoryKiB uint32
	Passes    uint32
	Lanes     uint8
}

// OWASP is the least that the OWASP Password Storage Cheat Sheet recommends for argon2id.
var OWASP = Cost{MemoryKiB: 19456, Passes: 2, Lanes: 1}

// AtLeast says whether c costs no less than other, in every part.
func (c Cost) AtLeast(other Cost) bool {
	return c.MemoryKiB >= other.MemoryKiB && c.Passes >= other.Passes && c.Lanes >= other.Lanes
}

// ErrBusy is answered when too many hashes are under way and waiting.
var ErrBusy = errors.New("too many password checks at once")

const (
	saltLen = 16
	keyLen  = 32
	queue   = 64 // hashes that may wait for each that runs
)

// A Passwords hashes and verifies passwords: a processor's worth at once, a bounded number waiting, the rest refused.
// Each hash takes much memory and time on purpose; without the bound a stranger could take all of both.
type Passwords struct {
	cost    Cost
	random  io.Reader
	slots   chan struct{}
	inside  atomic.Int64
	hashes  atomic.Int64
	refused atomic.Int64
	dummy   string
}

// NewPasswords makes a hasher.
func NewPasswords(c Cost, random io.Reader) *Passwords {
	p := &Passwords{cost: c, random: random, slots: make(chan struct{}, runtime.GOMAXPROCS(0))}
	p.dummy = encode(c, make([]byte, saltLen), make([]byte, keyLen))
	return p
}

// Hashes tells how many hashes were computed; tests count the work by it.
func (p *Passwords) Hashes() int64 { return p.hashes.Load() }

// A Load is how much work there is, and how much was refused.
type Load struct {
	Running, Waiting int
	Refused          int64
}

// Load tells how busy the hasher is now.
func (p *Passwords) Load() Load {
	running := len(p.slots)
	return Load{Running: running, Waiting: max(int(p.inside.Load())-running, 0), Refused: p.refused.Load()}
}

// Hash answers the PHC string of a password with a new salt.
func (p *Passwords) Hash(ctx context.Context, password Text) (string, error) {
	salt := make([]byte, saltLen)
	if _, err := io.ReadFull(p.random, salt); err != nil {
		return "", fmt.Errorf("hash: %w", err)
	}
	key, err := p.derive(ctx, password, p.cost, salt, keyLen)
	if err != nil {
		return "", err
	}
	return encode(p.cost, salt, key), nil
}

// Verify says whether the password belongs to the PHC string. An empty string costs the same work and matches nothing:
// so an unknown user takes as long as a known one.
func (p *Passwords) Verify(ctx context.Context, phc string, password Text) (bool, error) {
	known := phc != ""
	if !known {
		phc = p.dummy
	}
	cost, salt, want, err := decode(phc)
	if err != nil {
		return false, err
	}
	key, err := p.derive(ctx, password, cost, salt, uint32(len(want)))
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(key, want) == 1 && known, nil
}

// Outdated says whether a stored hash costs less than a new one would.
func (p *Passwords) Outdated(phc string) bool {
	cost, _, _, err := decode(phc)
	return err == nil && !cost.AtLeast(p.cost)
}

func (p *Passwords) derive(ctx context.Context, password Text, c Cost, salt []byte, n uint32) (key []byte, err error) {
	err = p.Run(ctx, func() {
		p.hashes.Add(1)
		key = argon2.IDKey([]byte(password), salt, c.Passes, c.MemoryKiB, c.Lanes, n)
	})
	return key, err
}

// Run does other work that is as dear as a hash, such as stretching a passphrase, in its turn among the hashes.
func (p *Passwords) Run(ctx context.Context, work func()) error {
	defer p.inside.Add(-1)
	if p.inside.Add(1) > int64(cap(p.slots)*(1+queue)) {
		p.refused.Add(1)
		return ErrBusy
	}
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-p.slots }()
	work()
	return nil
}

func encode(c Cost, salt, key []byte) string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s",
		argon2.Version, c.MemoryKiB, c.Passes, c.Lanes, b64(salt), b64(key))
}

var errPHC = errors.New("stored password hash is not an argon2id PHC string")

func decode(phc string) (c Cost, salt, key []byte, err error) {
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return c, nil, nil, errPHC
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.MemoryKiB, &c.Passes, &c.Lanes); err != nil {
		return c, nil, nil, errPHC
	}
	if c.Passes == 0 || c.Lanes == 0 || c.MemoryKiB > 1<<21 || c.Passes > 1<<10 {
		return c, nil, nil, errPHC // argon2 panics on zero, and a damaged record must not eat the machine
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	key, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(key) < 16 {
		return c, nil, nil, errPHC
	}
	return c, salt, key, nil
}
