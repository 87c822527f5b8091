//go:build !unix

package main

func giveToOwnerOf(dir, path string) error { return nil }
