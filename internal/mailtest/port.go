package mailtest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
)

// firstPort and lastPort bound the ports of servers: below the range from which
// the system takes the ports of outgoing connections.
const (
	firstPort = 12000
	lastPort  = 31999
)

// ReservePort finds a port of 127.0.0.1 on which nothing listens and keeps other
// test processes from choosing it: until release, this process listens on the
// same port of 127.0.0.2. A port that the system gave and that was closed again is
// soon another server's.
func ReservePort() (port int, release func(), err error) {
	for range 200 {
		port := firstPort + rand.IntN(lastPort-firstPort+1)
		mark, err := net.Listen("tcp", fmt.Sprintf("127.0.0.2:%d", port))
		if err != nil {
			continue
		}
		ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			mark.Close()
			continue
		}
		ln.Close()
		return port, func() { mark.Close() }, nil
	}
	return 0, nil, errors.New("reserve a port: none of 200 tried was free")
}
