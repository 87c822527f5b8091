package store_test

import (
	"strings"
	"testing"

	"github.com/portico-vco/portico/store"
)

// A key whose length has rotted goes on into the value that lies behind it, which an error, and with it a log, must not say.
func TestDamagedKeysTellNoValue(t *testing.T) {
	key := []byte("session/r12345678" + `SUM.{"id":12,"created":"2026-11-22T10:00:00Z","mark":"what nobody may read"}`)
	for _, value := range []string{"", "a value without its sum"} {
		_, err := store.Unseal(key, []byte(value))
		if err == nil || strings.Contains(err.Error(), "nobody may read") || !strings.Contains(err.Error(), `"session/r12345678`) {
			t.Errorf("got %v", err)
		}
	}
}
