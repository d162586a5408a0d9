package cli

import (
	"math"
	"regexp"
	"strconv"
	"strings"
)

// amountForm is a number with a unit behind it, as people write sizes and ages.
var amountForm = regexp.MustCompile(`^([0-9][0-9_]*(?:\.[0-9]+)?|\.[0-9]+) ?([A-Za-z]+)$`)

// sizeUnits are the suffixes of a size in bytes. All of them are powers of 1,024.
var sizeUnits = map[string]float64{
	"b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40,
}

// ageUnits are the suffixes of an age in days. There is no "m": it would be minutes
// for some and months for others.
var ageUnits = map[string]float64{
	"h": 1.0 / 24, "hour": 1.0 / 24, "hours": 1.0 / 24,
	"d": 1, "day": 1, "days": 1,
	"w": 7, "week": 7, "weeks": 7,
	"mo": 30, "month": 30, "months": 30,
	"y": 365, "year": 365, "years": 365,
}

// expand writes a value with a suffix as the plain number that it stands for. What
// it does not understand it gives back, to be refused by the form of numbers.
func (u Unit) expand(value string) string {
	m := amountForm.FindStringSubmatch(value)
	if u == Plain || m == nil {
		return value
	}
	number, ok := parseFloat(m[1])
	suffix := strings.ToLower(m[2])
	factor, known := ageUnits[suffix]
	if u == Bytes {
		if s := strings.TrimSuffix(strings.TrimSuffix(suffix, "b"), "i"); s != "" {
			suffix = s // KB and KiB are K
		}
		factor, known = sizeUnits[suffix]
	}
	if !ok || !known {
		return value
	}
	if u == Days {
		return strconv.FormatFloat(number*factor, 'f', -1, 64)
	}
	if n := math.Round(number * factor); n < 1<<62 {
		return strconv.FormatInt(int64(n), 10)
	}
	return value
}

// examples are what a refusal of a value shows.
func (u Unit) examples() string {
	switch u {
	case Bytes:
		return "give bytes, or a size such as 500K, 10M, 1.5G (powers of 1,024)"
	case Days:
		return "give days, or an age such as 12h, 30d, 2w, 6mo, 1y"
	}
	return "give a number, such as 100"
}
