//go:build !unix

package main

func becomeProgram(path string, argv []string) (int, error) { return runProgram(path, argv) }
