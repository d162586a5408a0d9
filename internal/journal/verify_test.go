package journal

import (
	"bytes"
	"math/rand/v2"
	"os"
	"testing"
)

// TestVerifyFindsUnsoundPages breaks one thing at a time that bbolt would trust, and
// leaves the checksums of values alone.
func TestVerifyFindsUnsoundPages(t *testing.T) {
	j := mustOpen(t, t.TempDir())
	f := attach(t, j, "A", "A", 1, 1)
	if err := f.Put(mailbox(j, rand.New(rand.NewPCG(1, 1)), 40_000, 1)...); err != nil {
		t.Fatal(err)
	}
	if err := f.Drop(mailboxUIDs(1, 3000)...); err != nil { // makes free pages
		t.Fatal(err)
	}
	if err := f.Put(Entry{UID1: 1}); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(j.Path())
	if err != nil {
		t.Fatal(err)
	}
	m, err := readMeta(bytes.NewReader(good))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := verify(bytes.NewReader(good), int64(len(good))); err != nil {
		t.Fatalf("a good file: %v", err)
	}
	root, free := int(m.root)*pageSize, int(m.freelist)*pageSize
	// The bucket with all the messages, its root, and the first leaf under that.
	var branch, leaf int
	if err := elements(good[root:root+pageSize], nil, nil, func(e element) error {
		if string(e.key) == string(entries.bucket) {
			branch = int(native.Uint64(e.value)) * pageSize
		}
		return nil
	}); err != nil || native.Uint16(good[branch+8:]) != kindBranch {
		t.Fatalf("no branch page in the test's file: %v", err)
	}
	for leaf = branch; native.Uint16(good[leaf+8:]) == kindBranch; {
		leaf = int(native.Uint64(good[leaf+pageHeaderSize+8:])) * pageSize
	}
	put16 := func(at int, v uint16) func([]byte) { return func(b []byte) { native.PutUint16(b[at:], v) } }
	put32 := func(at int, v uint32) func([]byte) { return func(b []byte) { native.PutUint32(b[at:], v) } }
	put64 := func(at int, v uint64) func([]byte) { return func(b []byte) { native.PutUint64(b[at:], v) } }
	first := pageHeaderSize
	for name, damage := range map[string]func([]byte){
		"foreign page number":      put64(leaf, 3),
		"kind nobody knows":        put16(leaf+8, 0x40),
		"free list among leaves":   put16(leaf+8, kindFreelist),
		"more elements than fit":   put16(leaf+10, 0xFFFF),
		"branch without children":  put16(branch+10, 0),
		"continues far":            put32(leaf+12, 1<<31),
		"continues into others":    put32(leaf+12, 3),
		"child out of range":       put64(branch+first+8, 1<<40),
		"child is the meta page":   put64(branch+first+8, 1),
		"child is its own parent":  put64(branch+first+8, uint64(branch/pageSize)),
		"child twice":              put64(branch+first+elementSize+8, native.Uint64(good[branch+first+8:])),
		"key outside the page":     put32(leaf+first+4, pageSize),
		"key of no length":         put32(leaf+first+8, 0),
		"value outside the page":   put32(leaf+first+12, 1<<31),
		"keys out of order":        func(b []byte) { swap(b[leaf+first+elementSize*2+4:], b[leaf+first+elementSize+4:]) },
		"bucket in a bucket":       put32(leaf+first, elementIsBucket),
		"value among buckets":      put32(root+first, 0),
		"bucket out of range":      func(b []byte) { copy(b[root:], bytes.ReplaceAll(b[root:root+pageSize], le(uint64(branch)), le(1<<50))) },
		"free list is a leaf":      put64(free+8, kindLeaf),
		"free page out of range":   put64(free+first, m.highPage),
		"free page in use":         put64(free+first, uint64(leaf/pageSize)),
		"free page twice":          put64(free+first, native.Uint64(good[free+first+8:])),
		"more free pages than fit": put16(free+10, 0xFFFE),
		"free pages counted wide":  func(b []byte) { put16(free+10, 0xFFFF)(b); put64(free+first, 1<<60)(b) },
	} {
		t.Run(name, func(t *testing.T) {
			b := bytes.Clone(good)
			damage(b)
			if bytes.Equal(b, good) {
				t.Fatal("nothing was broken")
			}
			if s, err := verify(bytes.NewReader(b), int64(len(b))); err == nil && s.valueErr == nil {
				t.Error("called sound")
			} else if err != nil && !isDamage(err) {
				t.Errorf("%v is no damage", err)
			}
		})
	}
}

// le is a page's number as the file has it.
func le(at uint64) []byte { return native.AppendUint64(nil, at/pageSize) }

// swap exchanges the places of two keys in their elements, adjusted for the
// distance between those.
func swap(later, earlier []byte) {
	a, b := native.Uint32(later), native.Uint32(earlier)
	native.PutUint32(later, b-elementSize)
	native.PutUint32(earlier, a+elementSize)
}
