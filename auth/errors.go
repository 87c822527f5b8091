package auth

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// A Kind says what a caller can do about an error. A new kind is worth having only when a caller would act differently.
type Kind uint8

const (
	Internal        Kind = iota // our fault; the text never leaves the house
	Invalid                     // the params do not fit, or their values are not allowed
	Unauthenticated             // not signed in: missing, dead or unknown session or token
	Forbidden                   // the role lacks the privilege, or the tenant has not delegated it
	WrongCaller                 // the principal or user type is not admitted
	NotFound                    // no such thing, or not the caller's to see: one answer for both
	Conflict                    // the record's state forbids it, or a unique name is taken
	Immutable                   // a field that never changes
	Managed                     // the record is managed elsewhere
	Limit                       // a limit of the portal is reached
	Busy                        // too much at once: come again in a few seconds
	Unavailable                 // the store may not say yes
	InTheClear                  // it takes TLS: somebody on the way could have read along
	Rejected                    // a login that was handed in is not good with whoever keeps it
	Unverifiable                // who knows whether a password is right cannot be asked: come again later
)

// An Error is a refusal that may be shown to the caller.
type Error struct {
	Kind   Kind
	Text   string
	Word   string        // what the refusal is known by to programs, where its kind says too little
	Fields []Field       // with Invalid: one entry per field
	After  time.Duration // with Busy, where it is known: before that time the same call has no hope
	cause  error
}

// A Field says what is wrong with one parameter.
type Field struct {
	Path    string // as the caller wrote it, such as _update.roleId
	Message string
}

// Error is the text; of what is Unavailable, whose text says nothing, it is why, for logs.
func (e *Error) Error() string {
	if e.Kind == Unavailable && e.cause != nil {
		return e.cause.Error()
	}
	return e.Text
}

// Unwrap answers what lies behind the refusal; it is for logs, never for the caller.
func (e *Error) Unwrap() error { return e.cause }

// Errorf makes an error of a kind. Its text is meant for the caller: it names the thing, never a secret.
func Errorf(k Kind, format string, args ...any) *Error {
	return &Error{Kind: k, Text: fmt.Sprintf(format, args...)}
}

// Because makes an error of a kind which keeps its cause.
func Because(k Kind, cause error, format string, args ...any) *Error {
	e := Errorf(k, format, args...)
	e.cause = cause
	return e
}

// BadField refuses one parameter.
func BadField(path, format string, args ...any) *Error {
	return BadFields(Field{Path: path, Message: fmt.Sprintf(format, args...)})
}

// BadFields refuses several parameters at once; the text is that of the first.
func BadFields(f ...Field) *Error {
	return &Error{Kind: Invalid, Text: f[0].Path + ": " + f[0].Message, Fields: f}
}

// TooMany refuses a call that is one too many now.
func TooMany(after time.Duration) *Error {
	e := Errorf(Busy, "too many calls: come again in %d seconds", int64((after+time.Second-1)/time.Second))
	e.After = after
	return e
}

// Within says that the fields of a refusal stand inside another, except those that are named.
func Within(path string, err error, except ...string) error {
	var e *Error
	if !errors.As(err, &e) || len(e.Fields) == 0 {
		return err
	}
	in := make([]Field, len(e.Fields))
	for i, f := range e.Fields {
		if !slices.Contains(except, f.Path) {
			f.Path = path + "." + f.Path
		}
		in[i] = f
	}
	return BadFields(in...)
}

// Reason is why there was an error, for records: what lies behind it, where that says more than the caller is told.
func Reason(err error) string {
	if cause := errors.Unwrap(err); cause != nil {
		return cause.Error()
	}
	return err.Error()
}

// KindOf tells an error's kind; a plain error is Internal.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}
