// Package secret owns what is done to secrets: minting, digesting, comparing, hashing passwords, signing tokens, sealing.
// It works on bytes and must not know a record, a rule, a file or a clock; it is small so that it can be reviewed alone.
package secret
