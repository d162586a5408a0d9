package journal

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// bbolt guards its meta pages with a checksum and nothing else, so every value
// carries its own: a CRC-32C over key and value, which finds flipped bits as well
// as a value under a foreign key.

const sealSize = 4

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var errSeal = errors.New("checksum of a value does not match")

// seal appends the checksum of key and value to value.
func seal(key, value []byte) []byte {
	return binary.LittleEndian.AppendUint32(value, checksum(key, value))
}

// unseal returns the value without its checksum, or errSeal.
func unseal(key, sealed []byte) ([]byte, error) {
	n := len(sealed) - sealSize
	if n < 0 || binary.LittleEndian.Uint32(sealed[n:]) != checksum(key, sealed[:n]) {
		return nil, errSeal
	}
	return sealed[:n:n], nil
}

func checksum(key, value []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, value)
}
