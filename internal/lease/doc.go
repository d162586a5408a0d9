// Package lease is the right to change something for a limited time: whoever holds one
// asks Check immediately before each change, and changes nothing once it is over
// (docs/scale-out.md, "What a lease does"). Another may take over only when the longest
// time has passed in which the holder could still believe to have it.
//
// Time is counted by a Clock that goes on while the machine is suspended, so that a
// process which was stopped, or slept with its machine, finds its lease over when it
// wakes.
package lease
