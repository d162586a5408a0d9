package transform

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// dateLayout is RFC 3501's date-time, without its quotes.
const dateLayout = "02-Jan-2006 15:04:05 -0700"

// FixInternalDate turns an INTERNALDATE, as a server sent it without quotes,
// into a valid date-time for APPEND ("02-Jan-2006 15:04:05 -0700", no quotes).
// Instant and zone stay; a missing zone is +0000. ok is false if it is no date
// in any known form: then send none and say so.
func FixInternalDate(raw string) (date string, ok bool) {
	if canonical(raw) {
		return raw, true
	}
	// The day padded with a space is the other form RFC 3501 knows.
	if len(raw) > 0 && raw[0] == ' ' {
		if padded := "0" + raw[1:]; canonical(padded) {
			return padded, true
		}
	}
	return fixDate(raw)
}

// FromDateHeader does the same for the value of a Date: field
// (--idatefromheader). If ok is false, use the INTERNALDATE.
func FromDateHeader(value string) (date string, ok bool) {
	return fixDate(value)
}

// ParseDate gives the instant, in its zone, of a date that FixInternalDate or
// FromDateHeader gave.
func ParseDate(date string) (time.Time, bool) {
	t, err := time.Parse(dateLayout, date)
	return t, err == nil
}

// ImplausibleDate reports whether a date that FixInternalDate gave is what
// servers show when they lost it: in the first day of the Unix epoch or before
// it, or beyond its 32nd bit. The Date: field is the better source then.
func ImplausibleDate(date string) bool {
	t, ok := ParseDate(date)
	return !ok || t.Unix() <= 24*60*60 || t.Unix() >= 1<<32-24*60*60
}

// canonical tells whether raw is a valid date-time already, cheaply: nearly
// every INTERNALDATE is.
func canonical(raw string) bool {
	if len(raw) != len(dateLayout) {
		return false
	}
	for i := range len(raw) {
		c := raw[i]
		switch i {
		case 2, 6:
			if c != '-' {
				return false
			}
		case 3, 4, 5: // looked up below
		case 11, 20:
			if c != ' ' {
				return false
			}
		case 14, 17:
			if c != ':' {
				return false
			}
		case 21:
			if c != '+' && c != '-' {
				return false
			}
		default:
			if c < '0' || c > '9' {
				return false
			}
		}
	}
	two := func(i int) int { return int(raw[i]-'0')*10 + int(raw[i+1]-'0') }
	month := monthOf(raw[3:6])
	return month != 0 && raw[3:6] == monthNames[month] &&
		two(0) >= 1 && two(0) <= daysIn(month, two(7)*100+two(9)) &&
		two(12) < 24 && two(15) < 60 && two(18) < 60 &&
		two(22) <= maxZoneHour && two(24) < 60
}

// The forms of dates seen in INTERNALDATE and Date: (imapsync-messages.md 5.2).
// The first that is found anywhere in the text decides. A form without zone, or
// with a zone in letters, is taken for +0000, as in imapsync.
var dateForms = []*regexp.Regexp{
	// 24-Aug-2010 16:00:00 +0200: INTERNALDATE
	form(`(?P<day>\d{1,2})-(?P<mon>[A-Za-z]{3,9})-(?P<year>\d{4})\s+(?P<h>\d{2}):(?P<m>\d{2}):(?P<s>\d{2})(?:\s+(?P<zone>[-+]\d{4}))?`),
	// Tue, 24 Aug 2010 16:00:00 +0200: RFC 5322, and its relatives with a
	// comma more, two-digit year, points for colons, no seconds
	form(`(?P<day>\d{1,2}),?\s+(?P<mon>\w{3,})\s+(?P<year>\d{2,4})\s+(?P<h>\d{1,2})[:.](?P<m>\d{1,2})(?:[:.](?P<s>\d{1,2}))?\s*(?P<zone>[-+]\d{4})?`),
	// Sun Aug 20 11:55:09 2006, Wed Jan 24 11:58:38 MST 2007: ctime
	form(`(?P<mon>[A-Za-z]{3})\s+(?P<day>\d{1,2})\s(?P<h>\d{1,2}):(?P<m>\d{1,2}):(?P<s>\d{1,2})\s(?:(?P<zone>[-+]\d{4})|\w{3,4})?\s?(?P<year>\d{4})`),
	// 2015/07/10 11:05:59: RCS
	form(`(?P<year>\d{4})/(?P<num>\d{2})/(?P<day>\d{2})\s(?P<h>\d{2}):(?P<m>\d{2}):(?P<s>\d{2})`),
	// 02/06/09 22:18:08: month first
	form(`(?P<num>\d{2})/(?P<day>\d{2})/(?P<yy>\d{2})\s(?P<h>\d{2}):(?P<m>\d{2}):(?P<s>\d{2})`),
	// Saturday, December 14, 2002 05:00 PM
	form(`\w{6,},\s(?P<mon>[A-Za-z]{3,})\s+(?P<day>\d{1,2}),\s(?P<year>\d{4})\s(?P<h>\d{2}):(?P<m>\d{2})\s(?P<half>AM|PM)`),
	// Dec 14 2002 05:00:00 +0100
	form(`(?P<mon>[A-Za-z]{3})\s(?P<day>\d{1,2})\s(?P<year>\d{4})\s(?P<h>\d{2}):(?P<m>\d{2}):(?P<s>\d{2})\s(?P<zone>[-+]\d{4})`),
	// 21-Jun-2001: a day without time, which is put at 11:11:11
	form(`(?P<day>\d{1,2})-(?P<mon>[A-Za-z]{3,9})-(?P<year>\d{4})`),
}

func form(expr string) *regexp.Regexp { return regexp.MustCompile(expr) }

// maxDateText bounds the text that is searched for a date, in bytes.
const maxDateText = 512

func fixDate(text string) (string, bool) {
	if len(text) > maxDateText {
		text = text[:maxDateText]
	}
	for _, f := range dateForms {
		if m := f.FindStringSubmatch(text); m != nil {
			return buildDate(f, m)
		}
	}
	return "", false
}

// buildDate makes a date-time of the named parts of a form; ok is false if they
// are not those of a real day and time.
func buildDate(f *regexp.Regexp, parts []string) (date string, ok bool) {
	var day, hour, minute, second, year int
	var month time.Month
	zone := "+0000"
	timed := false
	for i, name := range f.SubexpNames() {
		p := parts[i]
		if name == "" || p == "" {
			continue
		}
		n, _ := strconv.Atoi(p) // digits by the form, where it is used
		switch name {
		case "day":
			day = n
		case "mon":
			month = monthOf(p)
		case "num":
			month = time.Month(n)
		case "year":
			year = fullYear(n, len(p))
		case "yy":
			year = 2000 + n
		case "h":
			hour, timed = n, true
		case "m":
			minute = n
		case "s":
			second = n
		case "half":
			hour %= 12
			if p == "PM" {
				hour += 12
			}
		case "zone":
			zone = p
		}
	}
	if !timed {
		hour, minute, second = 11, 11, 11
	}
	if second == 60 {
		// A leap second is allowed by RFC 5322 and refused by servers.
		second = 59
	}
	if month < time.January || month > time.December ||
		day < 1 || day > daysIn(month, year) || year < 1 ||
		hour > 23 || minute > 59 || second > 59 {
		return "", false
	}
	zh, _ := strconv.Atoi(zone[1:3])
	zm, _ := strconv.Atoi(zone[3:])
	if zh > maxZoneHour || zm > 59 {
		// No such zone; what is left is the time on somebody's clock.
		zone = "+0000"
	}
	return fmt.Sprintf("%02d-%s-%04d %02d:%02d:%02d %s", day, monthNames[month], year, hour, minute, second, zone), true
}

// maxZoneHour is the greatest distance from UTC in use: +14 in Kiribati.
const maxZoneHour = 14

// fullYear completes a year of that many digits: 70-99 are of the 20th century,
// other pairs of the 21st; three digits count from 1900 (RFC 5322 section 4.3).
func fullYear(n, digits int) int {
	switch {
	case digits == 2 && n >= 70, digits == 3:
		return 1900 + n
	case digits == 2:
		return 2000 + n
	}
	return n
}

var monthNames = [...]string{"", "Jan", "Feb", "Mar", "Apr", "May", "Jun",
	"Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}

// monthOf knows a month by its first three letters, so that September and Sept
// are Sep; 0 is none.
func monthOf(name string) time.Month {
	if len(name) < 3 {
		return 0
	}
	for i := 1; i < len(monthNames); i++ {
		if strings.EqualFold(name[:3], monthNames[i]) {
			return time.Month(i)
		}
	}
	return 0
}

func daysIn(m time.Month, year int) int {
	return time.Date(year, m+1, 0, 0, 0, 0, 0, time.UTC).Day()
}
