package account

import "sync"

// A textBook keeps what was read from texts, so that no text is read for each call. It is no source of truth.
type textBook[K comparable, V any] struct {
	mu    sync.RWMutex
	known map[K]V
	size  int // of the texts
}

// maxTextBook bounds one, in bytes of text; a full one is begun anew.
const maxTextBook = 4 << 20

// look answers what is read from a text of so many bytes. A text that cannot be read is read each time.
func (b *textBook[K, V]) look(text K, size int, read func(K) (V, error)) (V, error) {
	b.mu.RLock()
	v, ok := b.known[text]
	b.mu.RUnlock()
	if ok {
		return v, nil
	}
	v, err := read(text)
	if err != nil {
		return v, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.known == nil || b.size+size > maxTextBook {
		b.known, b.size = make(map[K]V), 0
	}
	b.known[text] = v
	b.size += size
	return v, nil
}
