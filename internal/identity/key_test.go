package identity

import (
	"encoding/binary"
	"fmt"
	"math"
	"testing"
	"unsafe"
)

func TestKeyString(t *testing.T) {
	k := Key{Sum: [16]byte{0x4c, 0x0c, 0x44, 0xe2, 0xd9, 0x23, 0x78, 0x11, 0x54, 0x1e, 0xf2, 0x5e, 0x00, 0x87, 0x40, 0x20}}
	for _, tt := range []struct {
		k    Key
		want string
	}{
		{k, "TAxE4tkjeBFUHvJeAIdAIA"},
		{k.WithSize(1234), "TAxE4tkjeBFUHvJeAIdAIA:1234"},
		{k.WithSize(0), "TAxE4tkjeBFUHvJeAIdAIA:0"},
		{k.WithRank(3), "TAxE4tkjeBFUHvJeAIdAIA#3"},
		{k.WithSize(12).WithRank(1), "TAxE4tkjeBFUHvJeAIdAIA:12#1"},
		{k.WithRank(1).WithSize(12).WithRank(2), "TAxE4tkjeBFUHvJeAIdAIA:12#2"},
		{k.WithRank(9).Base(), "TAxE4tkjeBFUHvJeAIdAIA"},
	} {
		if got := tt.k.String(); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
		b, _ := tt.k.AppendBinary(nil)
		back, err := keyFromBinary(b)
		if err != nil || back != tt.k {
			t.Errorf("%s: stored as %x, read as %v, %v", tt.want, b, back, err)
		}
	}
	if s := unsafe.Sizeof(k); s > 24 {
		t.Errorf("a key takes %d bytes", s)
	}
}

// Parts beyond their room must not spill into each other.
func TestKeyLimits(t *testing.T) {
	var k Key
	for _, size := range []int64{-1, 0, 1, math.MaxUint32, maxSize, maxSize + 1, math.MaxInt64} {
		for _, rank := range []int{-1, 0, 1, maxRank, maxRank + 1, math.MaxInt32} {
			got := k.WithSize(size).WithRank(rank)
			if want := min(max(rank, 0), maxRank); got.Rank() != want {
				t.Errorf("size %d rank %d: rank %d, want %d", size, rank, got.Rank(), want)
			}
			if got.Base() != k.WithSize(size) {
				t.Errorf("size %d rank %d: the rank changed the size", size, rank)
			}
		}
	}
	if k.WithSize(0) == k {
		t.Error("size 0 and no size are the same key")
	}
}

func TestKeyFromBinaryRefuses(t *testing.T) {
	for _, n := range []int{0, 1, 15, 17, 23, 25} {
		if _, err := keyFromBinary(make([]byte, n)); err == nil {
			t.Errorf("%d bytes accepted", n)
		}
	}
}

// keyFromBinary reads what AppendBinary wrote: 16 or 24 bytes.
func keyFromBinary(b []byte) (Key, error) {
	var k Key
	if len(b) != 16 && len(b) != 24 {
		return k, fmt.Errorf("message key of %d bytes: want 16 or 24", len(b))
	}
	copy(k.Sum[:], b)
	if len(b) == 24 {
		k.extra = binary.BigEndian.Uint64(b[16:])
	}
	return k, nil
}
