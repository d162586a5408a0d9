package maildate

// plain reads the one form that RFC 3501 allows, "02-Jan-2006 15:04:05 -0700",
// as nearly every server sends it, twenty times as fast as time.Parse does. What
// is odd about a date is left to the general way.
func plain(s string) (seconds int64, zone int16, ok bool) {
	if len(s) != 26 || s[2] != '-' || s[6] != '-' || s[11] != ' ' || s[14] != ':' || s[17] != ':' || s[20] != ' ' {
		return 0, 0, false
	}
	valid := true
	two := func(i int) int64 {
		a, b := s[i]-'0', s[i+1]-'0'
		valid = valid && a <= 9 && b <= 9
		return int64(a)*10 + int64(b)
	}
	day, year := two(0), two(7)*100+two(9)
	hour, minute, second := two(12), two(15), two(18)
	east, past := two(22), two(24)
	month := monthNamed(s[3:6])
	if !valid || month == 0 || day < 1 || day > 28 && day > daysIn(month, year) || year < 1 || hour > 23 || minute > 59 || second > 59 || east > maxZoneHour || past > 59 {
		return 0, 0, false
	}
	off := east*60 + past
	switch s[21] {
	case '+':
	case '-':
		off = -off
	default:
		return 0, 0, false
	}
	return ((daysSince1970(year, month, day)*24+hour)*60+minute-off)*60 + second, int16(off), true
}

// monthNamed is the number of a month by its name as RFC 3501 writes it, or 0.
func monthNamed(name string) int64 {
	switch name {
	case "Jan":
		return 1
	case "Feb":
		return 2
	case "Mar":
		return 3
	case "Apr":
		return 4
	case "May":
		return 5
	case "Jun":
		return 6
	case "Jul":
		return 7
	case "Aug":
		return 8
	case "Sep":
		return 9
	case "Oct":
		return 10
	case "Nov":
		return 11
	case "Dec":
		return 12
	}
	return 0
}

func daysIn(month, year int64) int64 {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// daysSince1970 counts days of the Gregorian calendar. Years are taken to begin
// in March, so that the leap day is their last.
func daysSince1970(year, month, day int64) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	// The months from March on have 30 or 31 days in a pattern that (153m+2)/5
	// adds up.
	return year*365 + year/4 - year/100 + year/400 + (153*(month-3)+2)/5 + day - 1 - 719468
}
