package store

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// A stored value is framed: four bytes of CRC-32C over key and value, then the value.
const frame = 4

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func sum(key, value []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, value)
}

// Seal copies key and value into a Write of its own, in one piece of memory.
func Seal(key, value []byte) Write {
	b := make([]byte, 0, len(key)+frame+len(value))
	b = append(b, key...)
	b = binary.BigEndian.AppendUint32(b, sum(key, value))
	b = append(b, value...)
	n := len(key)
	return Write{Key: b[:n:n], Value: b[n:]}
}

// Unseal checks a stored value and takes it out of its frame, or fails with ErrDamaged. The value is never nil, and appending
// to it never writes into the engine's memory. What the engine's Reader shows is unsealed by this package; an engine does it
// to trust a key that it does not show.
func Unseal(key, framed []byte) ([]byte, error) {
	if len(framed) < frame {
		return nil, Damage(fmt.Sprintf("the value of key %s has no checksum", KeyText(key)))
	}
	value := framed[frame:len(framed):len(framed)]
	if binary.BigEndian.Uint32(framed) != sum(key, value) {
		return nil, Damage(fmt.Sprintf("the value of key %s fails its checksum", KeyText(key)))
	}
	return value, nil
}
