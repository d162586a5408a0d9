package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/imaphaul/imaphaul/internal/hubserver"
)

// drillHub is the program of a hub in tests: "drillhub LISTEN STORE" serves until it is
// killed.
func drillHub() {
	s, err := hubserver.Start(hubserver.Options{Listen: os.Args[1], Store: os.Args[2]})
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		return
	}
	_, _ = fmt.Fprintln(os.Stdout, s.URL())
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM)
	<-end
	s.Close()
}
