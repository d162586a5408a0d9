package maildate

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The forms of dates seen in INTERNALDATE and Date: (RFC 3501 date-time, RFC
// 5322 section 3.3 and 4.3).
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

func fix(text string) (string, bool) {
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
		day < 1 || int64(day) > daysIn(int64(month), int64(year)) || year < 1 ||
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
