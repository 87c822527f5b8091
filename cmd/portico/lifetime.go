package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// lifetime is a flag of a time that may be told in days.
type lifetime time.Duration

const day = 24 * time.Hour

func (l *lifetime) Type() string { return "time" }

func (l *lifetime) String() string {
	switch d := time.Duration(*l); {
	case d == 0:
		return ""
	case d%day == 0:
		return fmt.Sprintf("%dd", d/day)
	default:
		return d.String()
	}
}

func (l *lifetime) Set(s string) error {
	if days, is := strings.CutSuffix(s, "d"); is {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil {
			*l = lifetime(time.Duration(n) * day)
			return nil
		}
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return fmt.Errorf("%q is not a time such as 90d, 12h or 30m", s)
	}
	*l = lifetime(d)
	return nil
}
