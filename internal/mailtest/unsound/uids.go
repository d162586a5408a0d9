package unsound

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// appendUID is the code that an APPEND is answered with, and a blank.
func (s *Server) appendUID(to folder, validity, next uint32, uids []uint32) string {
	fault := s.faults.AppendUID
	if fault != Right && !s.due("AppendUID", max(1, s.faults.AppendUIDEvery)) {
		fault = Right
	}
	validity, told := s.wrong(fault, to, validity, next, uids)
	if len(told) == 0 {
		return ""
	}
	if fault == Exchanged {
		return fmt.Sprintf("[APPENDUID %s %d] ", uidSet(told), validity)
	}
	return fmt.Sprintf("[APPENDUID %d %s] ", validity, uidSet(told))
}

// copied is the code that a COPY is answered with, and a blank. The folder is not
// known here: a COPY names it, a MOVE's code stands apart.
func (c *session) copied(validity, from, to string) string {
	f := &c.s.faults
	if f.hides("UIDPLUS") || f.CopyUID == Missing {
		return ""
	}
	if f.CopyUID != Right {
		c.s.note("CopyUID")
	}
	v, uids := number(validity), readSet(to)
	v, told := c.s.wrong(f.CopyUID, folder{c.user, "COPY"}, v, uids[0], uids)
	if f.CopyUID == Exchanged {
		return fmt.Sprintf("[COPYUID %s %s %d] ", from, uidSet(told), v)
	}
	if len(told) == 0 {
		return fmt.Sprintf("[COPYUID %d %s] ", v, from)
	}
	return fmt.Sprintf("[COPYUID %d %s %s] ", v, from, uidSet(told))
}

// wrong is what is told of UIDs; next is the first of them that is not older than
// the command.
func (s *Server) wrong(fault UIDFault, in folder, validity, next uint32, uids []uint32) (uint32, []uint32) {
	s.mu.Lock()
	last := s.told[in]
	s.told[in] = uids[len(uids)-1]
	s.mu.Unlock()
	told := slices.Clone(uids)
	switch fault {
	case Missing:
		return validity, nil
	case Repeated:
		if last != 0 {
			for i := range told {
				told[i] = last
			}
			s.mu.Lock()
			s.told[in] = last
			s.mu.Unlock()
		}
	case OfAnother:
		other := uint32(0)
		s.each(in, false, func(uid uint32, _ []byte) {
			if other == 0 {
				other = uid
			}
		})
		if other != 0 {
			told[0] = other
		}
	case BelowNext:
		if next > 1 {
			told[0] = next - 1
		}
	case FarAbove:
		for i := range told {
			told[i] += 1000
		}
	case OneAbove:
		for i := range told {
			told[i]++
		}
	case OneBelow:
		for i := range told {
			told[i] = max(1, told[i]-1)
		}
	case WrongValidity:
		validity += 7
	case TooFew:
		told = told[:len(told)-1]
	case TooMany:
		told = append(told, told[len(told)-1]+1)
	case Unordered:
		slices.Reverse(told)
	case Right, Exchanged:
	}
	return validity, told
}

// uidSet writes UIDs in their order.
func uidSet(uids []uint32) string {
	var out []string
	for i := 0; i < len(uids); {
		j := i
		for j+1 < len(uids) && uids[j+1] == uids[j]+1 {
			j++
		}
		if j > i {
			out = append(out, fmt.Sprintf("%d:%d", uids[i], uids[j]))
		} else {
			out = append(out, strconv.FormatUint(uint64(uids[i]), 10))
		}
		i = j + 1
	}
	return strings.Join(out, ",")
}

// readSet reads a set of UIDs as the sound server writes it.
func readSet(text string) []uint32 {
	var out []uint32
	for _, part := range strings.Split(text, ",") {
		from, to, isRange := strings.Cut(part, ":")
		if !isRange {
			to = from
		}
		for uid := number(from); uid <= number(to); uid++ {
			out = append(out, uid)
		}
	}
	return out
}
