package rpc

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/portico-vco/portico/auth"
)

// end tells of a call whose answer was made.
func (c *call) end(f *fault) {
	took := c.x.s.o.Now().Sub(c.start)
	c.observe(f, took)
	c.log(f, took)
}

// log writes the one line of a call: who, what, and how it ended. Params, results and credentials stay out of it.
func (c *call) log(f *fault, took time.Duration) {
	x := c.x
	e := x.s.o.Log.Info()
	switch {
	case f == nil:
	case f.kind == auth.Internal:
		e = x.s.o.Log.Error()
		trouble(e, c.err)
	case f.cause != nil && f.kind != auth.Busy:
		e = x.s.o.Log.Warn().AnErr("cause", f.cause)
	}
	if f != nil && f.kind == auth.Unavailable {
		e = x.s.o.Log.Error().Err(c.err) // which says what to do
	}
	if e == nil {
		return
	}
	e.Str("requestId", x.id).Str("method", c.printed()).Str("source", x.source).Int("status", x.status)
	if p := x.route.path; p != nil {
		e.Str("path", p.Verb+" /"+p.Pattern)
	}
	switch {
	case f == nil:
	case x.route.door == endpoint:
		e.Str("refusal", f.word)
	default:
		e.Int("code", int(f.Code))
	}
	if c.overLimit {
		e.Bool("overLimit", true)
	}
	if p := c.by; p != nil && p.Type != auth.Nobody {
		e.Stringer("principal", p.Type).Int64("userId", p.UserID).Stringer("userType", p.UserType).
			Stringer("means", p.Means).Int64("meansId", p.MeansID)
	}
	e.Dur("took", took).Msg("call")
}

// printed is the method's name as logs and events may bear it. One that we do not know is the caller's text, and may be
// anything, a token included.
func (c *call) printed() string {
	if c.name == "" || c.row != nil || c.x.route.door == endpoint {
		return c.name
	}
	return "unknown"
}

// trouble tells of an error that is our own fault.
func trouble(e *zerolog.Event, err error) {
	var p *panicError
	if errors.As(err, &p) {
		e.Str("stack", p.stack)
	}
	e.Err(err)
}

// A panicError is a panic in a method. Its text names the type of what was thrown, unless the runtime threw it: a value
// might hold a param.
type panicError struct{ what, stack string }

func (p *panicError) Error() string { return "panic: " + p.what }

func panicked(v any) error {
	p := &panicError{what: fmt.Sprintf("%T", v), stack: stack()}
	if r, ok := v.(runtime.Error); ok {
		p.what = r.Error()
	}
	return p
}

// stack is where a panic came from, without the arguments that debug.Stack prints.
func stack() string {
	var pcs [32]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(4, pcs[:])])
	var b strings.Builder
	for {
		f, more := frames.Next()
		fmt.Fprintf(&b, "%s %s:%d\n", f.Function, f.File, f.Line)
		if !more {
			return b.String()
		}
	}
}
