package maildate

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// The fast way gives what time.Parse gives, and refuses what that refuses.
func TestPlainIsParse(t *testing.T) {
	same := func(s string) {
		t.Helper()
		want, err := time.Parse(Layout, s)
		seconds, zone, ok := plain(s)
		if !ok {
			return
		}
		_, off := want.Zone()
		if err != nil || seconds != want.Unix() || int(zone) != off/60 {
			t.Errorf("%q: %d %d, want %v (%v)", s, seconds, zone, want, err)
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		at := time.Unix(random.Int64N(1<<36)-1<<35, 0).In(time.FixedZone("", (random.IntN(28*4)-14*4)*15*60))
		s := at.Format(Layout)
		if len(s) != 26 || at.Year() < 1 {
			continue
		}
		if _, _, ok := plain(s); !ok {
			t.Fatalf("%q is not read", s)
		}
		same(s)
	}
	for _, s := range []string{
		"29-Feb-2024 00:00:00 +0000", "29-Feb-2023 00:00:00 +0000", "29-Feb-1900 00:00:00 +0000", "29-Feb-2000 00:00:00 +0000",
		"31-Apr-2020 00:00:00 +0000", "00-Jan-2020 00:00:00 +0000", " 1-Jan-2020 00:00:00 +0000", "01-jan-2020 00:00:00 +0000",
		"01-Jan-2020 24:00:00 +0000", "01-Jan-2020 23:60:00 +0000", "01-Jan-2020 23:59:60 +0000", "01-Jan-2020 23:59:59 0000 ",
		"01-Jan-2020 23:59:59 +9999", "01-Jan-2020 2:59:599 +0000", "31-Dec-9999 23:59:59 -1200", "01-Jan-0001 00:00:00 +0000",
		"0/-Jan-2020 00:00:00 +0000", "0:-Jan-2020 00:00:00 +0000", "01-Jan-2020 00:00:00 -0000", "",
	} {
		same(s)
	}
	for day := range 400 * 366 {
		want := time.Date(1800, 1, 1+day, 0, 0, 0, 0, time.UTC)
		if got := daysSince1970(int64(want.Year()), int64(want.Month()), int64(want.Day())); got != want.Unix()/86400 && want.Unix()%86400 == 0 {
			t.Fatalf("%v: %d", want, got)
		}
	}
}

func FuzzPlain(f *testing.F) {
	f.Add("02-Jan-2006 15:04:05 -0700")
	f.Add("29-Feb-2024 23:59:59 +1400")
	f.Fuzz(func(t *testing.T, s string) {
		seconds, zone, ok := plain(s)
		if !ok {
			return
		}
		want, err := time.Parse(Layout, s)
		if err != nil || want.Unix() != seconds || want.Format("-0700") != fmt.Sprintf("%+03d%02d", zone/60, max(zone%60, -(zone%60))) && zone > 0 {
			t.Errorf("%q: %d %d, want %v, %v", s, seconds, zone, want, err)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, _, ok := Read("03-Nov-2026 10:11:12 +0100"); !ok {
			b.Fatal("not read")
		}
	}
}
