//go:build unix && !linux

package imapconn

const kernelShare = 1
