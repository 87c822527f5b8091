package store

import (
	"fmt"
	"runtime"
)

// Damage is the error for damage, told by p, or for a panic of an engine. It says what to do.
func Damage(p any) error {
	if fault(p) {
		p = "a part of what is stored cannot be read"
	}
	return fmt.Errorf("%w: %v; check the disk, then restore the store from a backup", ErrDamaged, p)
}

// KeyText is a key as an error says it. Of a long one it says the beginning: a damaged key may be longer than it was, and what lies
// behind it is the value.
func KeyText(key []byte) string {
	const enough = 48
	if len(key) > enough {
		return fmt.Sprintf("%q...", key[:enough])
	}
	return fmt.Sprintf("%q", key)
}

// fault tells a memory fault (see debug.SetPanicOnFault) from other panics. A file that was cut off under its memory map
// faults where its bytes are looked at, and that may be in the caller's function: it is the store's trouble all the same.
func fault(p any) bool {
	_, ok := p.(interface {
		runtime.Error
		Addr() uintptr
	})
	return ok
}
