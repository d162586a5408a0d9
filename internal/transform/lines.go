package transform

import "bytes"

// LineScanner looks at the lines of a message that is written to it in pieces.
// The zero value is ready.
type LineScanner struct {
	size    int64
	line    int64 // bytes of the line under way
	longest int64
	lf      int64
	bareLF  int64
	cr      int64
	nul     int64
	eight   bool
	lastCR  bool // the last byte was a CR
}

// Write takes the next bytes of the message. It never fails.
func (s *LineScanner) Write(p []byte) (int, error) {
	n := len(p)
	s.size += int64(n)
	s.cr += int64(bytes.Count(p, crByte))
	s.nul += int64(bytes.Count(p, nulByte))
	s.eight = s.eight || !isASCII(p)
	for len(p) > 0 {
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			s.line += int64(len(p))
			s.longest = max(s.longest, s.line)
			s.lastCR = p[len(p)-1] == '\r'
			break
		}
		if i > 0 {
			s.lastCR = p[i-1] == '\r'
		}
		if !s.lastCR {
			s.bareLF++
		}
		s.lf++
		s.lastCR = false
		s.longest = max(s.longest, s.line+int64(i)+1)
		s.line = 0
		p = p[i+1:]
	}
	return n, nil
}

var (
	crByte  = []byte{'\r'}
	nulByte = []byte{0}
)

// Longest is the length in bytes of the longest line, its LF and CR counted, as
// imapsync counts for --maxlinelength.
func (s *LineScanner) Longest() int64 { return s.longest }

// BareLF counts the LFs without a CR before them.
func (s *LineScanner) BareLF() int64 { return s.bareLF }

// LoneCR counts the CRs without a LF after them.
func (s *LineScanner) LoneCR() int64 { return s.cr - (s.lf - s.bareLF) }

// NUL counts the NUL bytes.
func (s *LineScanner) NUL() int64 { return s.nul }

// EightBit reports whether any byte is above 0x7F.
func (s *LineScanner) EightBit() bool { return s.eight }

// CRLFSize is the size in bytes the message has after NewCRLFReader.
func (s *LineScanner) CRLFSize() int64 { return s.size + s.bareLF }

// isASCII tells whether no byte of p is above 0x7F.
func isASCII(p []byte) bool {
	for len(p) >= 8 {
		if (p[0]|p[1]|p[2]|p[3]|p[4]|p[5]|p[6]|p[7])&0x80 != 0 {
			return false
		}
		p = p[8:]
	}
	for _, c := range p {
		if c&0x80 != 0 {
			return false
		}
	}
	return true
}
