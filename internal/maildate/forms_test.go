package maildate

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/imaphaul/imaphaul/internal/mailtest/golden"
)

// Where imapsync sends a date that no server takes, or a wrong one, this is
// what we do instead; "" means: no date, use the INTERNALDATE.
var dateDeviations = map[string]string{
	"Wed, 24 Sept 1997 16:00:00 +0200":     "24-Sep-1997 16:00:00 +0200",
	"Saturday, December 14, 2002 12:00 PM": "14-Dec-2002 12:00:00 +0000",
	"Saturday, December 14, 2002 12:30 AM": "14-Dec-2002 00:30:00 +0000",
	"Tue, 24 Aug 110 16:00:00 +0200":       "24-Aug-2010 16:00:00 +0200",
	"Tue, 24 Aug 2010 16:00:60 +0200":      "24-Aug-2010 16:00:59 +0200",
	"24-Aug-2010 16:00:00 +9900":           "24-Aug-2010 16:00:00 +0000",
	"Tue, 24 Aug 2010 16:00:00 -9999":      "24-Aug-2010 16:00:00 +0000",
	"Wed Jan 24 11:58:38 CEST 2007":        "24-Jan-2007 11:58:38 +0000",
	"Wed Jan 24 11:58:38 +0100 2007":       "24-Jan-2007 11:58:38 +0100",
	"Tue, 24 aug 2010 16:00:00 +0200":      "24-Aug-2010 16:00:00 +0200",
	"Tue, 24 AUG 2010 16:00:00 +0200":      "24-Aug-2010 16:00:00 +0200",
	"24-AUG-2010 16:00:00 +0200":           "24-Aug-2010 16:00:00 +0200",
	"24-aug-2010 16:00:00 +0200":           "24-Aug-2010 16:00:00 +0200",
	"":                                     "",
	"nonsense":                             "",
	"Tue, 32 Aug 2010 16:00:00 +0200":      "",
	"Tue, 24 Aug 2010 25:00:00 +0200":      "",
	"Tue, 24 Aug 2010 16:60:00 +0200":      "",
	"Tue, 30 Feb 2010 16:00:00 +0200":      "",
	"Tue, 00 Aug 2010 16:00:00 +0200":      "",
	"Tue, 24 Foo 2010 16:00:00 +0200":      "",
	"24-Foo-2010 16:00:00 +0200":           "",
	"2010-08-24T16:00:00Z":                 "",
	"2010-08-24 16:00:00":                  "",
	"10/07/2015 11:05:59":                  "",
	"24.08.2010 16:00:00":                  "",
}

var fourLetters = strings.NewReplacer("-June-", "-Jun-", "-July-", "-Jul-")

func TestDatesAgreeWithImapsync(t *testing.T) {
	type row struct{ Input, Imapsync string }
	used := 0
	for _, r := range golden.Rows[row](t, "dates.jsonl", 200) {
		want, deviates := dateDeviations[r.Input]
		if !deviates {
			// Without a deviation imapsync's own date has to be a valid one,
			// but for the months of four letters, which it does not shorten.
			imapsync := fourLetters.Replace(r.Imapsync)
			if _, err := time.Parse(`"`+Layout+`"`, imapsync); err != nil {
				t.Errorf("%q: imapsync gives %s, which is no date; name what we give", r.Input, r.Imapsync)
				continue
			}
			want = imapsync[1 : len(imapsync)-1]
		} else {
			used++
			if r.Imapsync == `"`+want+`"` {
				t.Errorf("%q is no deviation", r.Input)
			}
		}
		for name, fix := range map[string]func(string) (string, bool){"INTERNALDATE": FixInternal, "Date:": FromHeader} {
			if got, ok := fix(r.Input); got != want || ok != (want != "") {
				t.Errorf("%s %q: got %q %v, want %q", name, r.Input, got, ok, want)
			}
		}
	}
	if used != len(dateDeviations) {
		t.Errorf("%d of %d deviations are in the table", used, len(dateDeviations))
	}
}

func TestParseKeepsInstantAndZone(t *testing.T) {
	got, ok := Parse("04-Aug-2010 16:00:00 -0730")
	want := time.Date(2010, 8, 4, 23, 30, 0, 0, time.UTC)
	if _, off := got.Zone(); !ok || !got.Equal(want) || off != -(7*3600+30*60) {
		t.Errorf("got %v %v", got, ok)
	}
	if _, ok := Parse("no date"); ok {
		t.Error("no date was parsed")
	}
}

var dateTime = regexp.MustCompile(`^\d\d-[A-Z][a-z]{2}-\d{4} \d\d:\d\d:\d\d [-+]\d{4}$`)

// Whatever comes in, what goes out is a date every server can read, and fixing
// it again changes nothing.
func FuzzDates(f *testing.F) {
	for d := range dateDeviations {
		f.Add(d)
	}
	f.Add("Tue, 24 Aug 1997 6:5:2 +0200")
	f.Add("99-Jan-0000 99:99:99 +9999")
	f.Fuzz(func(t *testing.T, in string) {
		for _, fix := range []func(string) (string, bool){FixInternal, FromHeader} {
			got, ok := fix(in)
			if ok == (got == "") {
				t.Fatalf("%q: %q %v", in, got, ok)
			}
			if !ok {
				continue
			}
			if _, valid := Parse(got); !valid || !dateTime.MatchString(got) {
				t.Fatalf("%q gives %q", in, got)
			}
			if again, ok := FixInternal(got); !ok || again != got {
				t.Fatalf("%q gives %q, and that %q", in, got, again)
			}
			if again, ok := FromHeader(got); !ok || again != got {
				t.Fatalf("%q gives %q, and as a field %q", in, got, again)
			}
		}
	})
}

func BenchmarkFixInternal(b *testing.B) {
	for name, in := range map[string]string{"canonical": "24-Aug-2010 16:00:00 +0200", "padded": " 4-Aug-2010 16:00:00 +0200"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, ok := FixInternal(in); !ok {
					b.Fatal(in)
				}
			}
		})
	}
}
