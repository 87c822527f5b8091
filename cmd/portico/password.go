package main

import (
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"os"
	"strings"

	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/secret"
)

// readable is an alphabet without the letters that are taken for others: i, l, o, u.
var readable = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// newPassword makes a password of 100 random bits that can be read out and typed: four groups of five characters.
// It has a digit and a letter, as password policies want.
func newPassword() secret.Text {
	for {
		var b [13]byte
		_, _ = rand.Read(b[:]) // never fails
		s := readable.EncodeToString(b[:])[:20]
		if strings.ContainsAny(s, "0123456789") && strings.ContainsAny(s, "abcdefghjkmnpqrstvwxyz") {
			return secret.Text(strings.Join([]string{s[:5], s[5:10], s[10:15], s[15:]}, "-"))
		}
	}
}

// A password is one of a first start, and how to tell whoever started it.
type password struct {
	text   secret.Text
	source string // where a given one came from
}

// told is what is printed of it: a generated password itself, of a given one where it came from.
func (p password) told() string {
	if p.source != "" {
		return "password: the one from " + p.source
	}
	return "password: " + string(p.text)
}

// checkFirst refuses what cannot be the first operator before anything is made.
func (c *Config) checkFirst() error {
	fresh, err := c.fresh()
	if err != nil || !fresh {
		return err
	}
	p, err := c.operatorPassword()
	if err == nil {
		err = account.CheckOperator(c.Operator, p.text)
	}
	if err != nil {
		return &statusError{exitUsage, fmt.Errorf("the first operator: %w", err)}
	}
	return nil
}

// operatorPassword is the given one, or a new one; the same however often it is asked for.
func (c *Config) operatorPassword() (password, error) {
	if c.first.text != "" {
		return c.first, nil
	}
	switch {
	case c.OperatorPassword != "":
		c.first = password{c.OperatorPassword, "PORTICO_OPERATOR_PASSWORD"}
	case c.OperatorPasswordFile == "":
		c.first = password{text: newPassword()}
	default:
		text, err := passwordIn(c.OperatorPasswordFile)
		if err != nil {
			return password{}, fmt.Errorf("--operator-password-file: %w", err)
		}
		c.first = password{text, c.OperatorPasswordFile}
	}
	return c.first, nil
}

// passwordIn reads a password from a file; its last line break does not count.
func passwordIn(path string) (secret.Text, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	return secret.Text(strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")), nil
}
