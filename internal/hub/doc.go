// Package hub is what workers on several machines share: the queue of rows, the leases
// on accounts, the states of rows, the copies of journals, and what a host bears, all kept
// by NATS JetStream (docs/hub.md).
//
// Nothing that is done twice does harm: a row that is loaded twice is there once, and of
// two workers that believe to have a row only the one with the newest revision of its lease
// can write its state. JetStream takes a late acknowledgement of a dead worker without an
// error, so acknowledgements decide nothing here.
//
// The package knows neither options nor mail: whoever calls it says how a row is run.
package hub
