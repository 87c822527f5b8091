package rpc

import (
	"cmp"

	"github.com/portico-vco/portico/auth"
)

// admit asks the limits for one more call of its caller. What is no call is counted too, as one of the place that it came
// from, for nobody was asked who sent it.
//
// It stands behind the question who calls: whoever is counted as a user has shown that he is that user. A call that is made once more
// is asked for again only if it is another's then.
func (c *call) admit() error {
	if c.by == nil {
		c.by = &auth.Principal{Call: c.about()}
	}
	if c.passed && c.passedAs == c.by.Type {
		return nil
	}
	claims, logOnly, err := c.x.s.o.Authority.Limits(c.context(), c.by, c.name)
	if err != nil || len(claims) == 0 {
		return err
	}
	l := c.x.s.users
	if c.by.Type == auth.Nobody {
		l = c.x.s.strangers
	}
	c.pass.Release()
	pass, wait := l.Admit(claims)
	if c.pass, c.passed, c.passedAs = pass, wait == 0, c.by.Type; c.passed {
		return nil
	}
	c.overLimit = true
	if err := c.x.s.o.Authority.Limited(c.context(), c.by, logOnly); err != nil || logOnly {
		return err
	}
	return auth.TooMany(wait)
}

// garbage counts what is no call, and answers the error that it gets.
func (c *call) garbage(err error) error {
	err = cmp.Or(c.admit(), err)
	c.pass.Release()
	return err
}

// garbage is that of a request as a whole.
func (x *exchange) garbage(err error) error {
	x.call = call{x: x}
	return x.call.garbage(err)
}
