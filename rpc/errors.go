package rpc

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/portico-vco/portico/auth"
)

// This file alone knows the numbers of errors and their HTTP statuses.

// A code is the number of an error, as a client sees it.
type code int

const (
	codeParse          code = -32700
	codeRequest        code = -32600
	codeMethod         code = -32601
	codeParams         code = -32602
	codeInternal       code = -32603
	codeSession        code = -32000
	codePrivilege      code = -32002
	codeCaller         code = -32003
	codeTenant         code = -32004
	codeConflict       code = -32006
	codeImmutable      code = -32007
	codeManaged        code = -32008
	codeLimit          code = -32009
	codeRejected       code = -32010
	codeTLS            code = -32011
	codeVerifier       code = -32012
	codeBusy           code = -32013
	statusOfMethod          = http.StatusOK // on /portal a method's error is told in the body alone
	statusOfMethodREST      = http.StatusBadRequest
)

// An errorDoc is what documents say of a code.
type errorDoc struct {
	code    code
	name    string
	message string
	status  string // of the answer on the REST-like paths
}

// errorDocs are all codes, in the order of a reader.
var errorDocs = []errorDoc{
	{codeParse, "ParseError", "The body is not JSON.", "400"},
	{codeRequest, "InvalidRequest", "The request is not one: a wrong path, HTTP method, header, form, size or origin.", "400, 403, 404, 405 or 413"},
	{codeMethod, "MethodNotFound", "There is no such method.", "400"},
	{codeParams, "InvalidParams", "The params do not fit, or their values are not allowed; data says which.", "400"},
	{codeInternal, "InternalError", "The portal's own fault, or its store may not say yes just now; data has the number of the request, to be found in the log.", "500 or 503"},
	{codeSession, "Unauthenticated", "Not signed in: the session or the token is missing, dead or unknown.", "200, or 401 where portico.http.unauthorizedStatus is 401"},
	{codePrivilege, "Forbidden", "The role lacks the privilege, or the tenant has not delegated it.", "400"},
	{codeCaller, "WrongCaller", "The method does not take callers of this kind.", "400"},
	{codeTenant, "NotFound", "There is no such thing, or it is not the caller's to see.", "400"},
	{codeConflict, "Conflict", "The state of the record forbids it, or a unique name is taken.", "400"},
	{codeImmutable, "Immutable", "A field that never changes.", "400"},
	{codeManaged, "Managed", "The record is managed elsewhere.", "400"},
	{codeLimit, "Limit", "A limit of the portal is reached.", "400"},
	{codeRejected, "Rejected", "A login that was handed in is not good with whoever keeps it; data has the outcome.", "400"},
	{codeTLS, "TLSRequired", "It takes TLS: somebody on the way could have read along.", "400"},
	{codeVerifier, "Unverifiable", "Who knows whether a password is right cannot be asked: come again later.", "503"},
	{codeBusy, "Busy", "Too much at once: come again after the seconds of Retry-After.", "429"},
}

// kinds says how each kind of error leaves, and what those who count are told. Status 0 is that of any method's error.
var kinds = [...]struct {
	code   code
	status int
	reason string
}{
	auth.Internal:        {codeInternal, http.StatusInternalServerError, "internal"},
	auth.Invalid:         {codeParams, 0, "invalid"},
	auth.Unauthenticated: {codeSession, 0, "unauthenticated"},
	auth.Forbidden:       {codePrivilege, 0, "forbidden"},
	auth.WrongCaller:     {codeCaller, 0, "wrong_caller"},
	auth.NotFound:        {codeTenant, 0, "not_found"},
	auth.Conflict:        {codeConflict, 0, "conflict"},
	auth.Immutable:       {codeImmutable, 0, "immutable"},
	auth.Managed:         {codeManaged, 0, "managed"},
	auth.Limit:           {codeLimit, 0, "limit"},
	auth.Busy:            {codeBusy, http.StatusTooManyRequests, "busy"},
	auth.Unavailable:     {codeInternal, http.StatusServiceUnavailable, "unavailable"},
	auth.InTheClear:      {codeTLS, 0, "in_the_clear"},
	auth.Rejected:        {codeRejected, 0, "rejected"},
	auth.Unverifiable:    {codeVerifier, http.StatusServiceUnavailable, "unverifiable"},
}

// KindOf is what the number of an error tells a client.
func KindOf(number int) auth.Kind {
	for kind, k := range kinds {
		if k.code == code(number) {
			return auth.Kind(kind)
		}
	}
	return auth.Internal
}

// foreignStatuses are those of errors at other products' paths, where a method's is not 400. The credentials product has no
// 403: its clients know 401 for those who are not signed in and for those who may not.
var foreignStatuses = map[auth.Kind]int{
	auth.Unauthenticated: http.StatusUnauthorized,
	auth.Forbidden:       http.StatusUnauthorized,
	auth.WrongCaller:     http.StatusUnauthorized,
	auth.NotFound:        http.StatusNotFound,
}

func (f *fault) foreignStatus() int { return cmp.Or(foreignStatuses[f.kind], statusOfMethodREST) }

// A formError refuses a request for its form, before any method is concerned.
type formError struct {
	code   code
	status int // 0 as above
	reason string
	text   string
}

func (e *formError) Error() string { return e.text }

var (
	errMethod     = &formError{codeMethod, 0, "unknown_method", "methodError"}
	errTooLarge   = &formError{codeRequest, http.StatusRequestEntityTooLarge, "too_large", "the body is too large"}
	errCrossSite  = &formError{codeRequest, http.StatusForbidden, "cross_site", "cross-site requests are refused"}
	errNotHere    = &formError{codeRequest, http.StatusNotFound, "unknown_path", "there is nothing at this path"}
	errVerb       = &formError{codeRequest, http.StatusMethodNotAllowed, "wrong_verb", "this path does not take this HTTP method"}
	errTwoHeaders = &formError{codeRequest, 0, "two_credentials", "more than one Authorization header"}
	errLongBatch  = &formError{codeLimit, 0, "large_batch", "the answers of this batch are too large together"}
	errBody       = &formError{codeParse, http.StatusBadRequest, "no_body", "the body could not be read"}
	errGone       = &formError{codeRequest, http.StatusBadRequest, "canceled", "the caller stopped sending before the answer was made"}
)

func parseError(err error) error {
	return &formError{codeParse, 0, "not_json", "parse error: " + err.Error()}
}

func badRequest(text string) error {
	return &formError{codeRequest, 0, "bad_request", "invalid request: " + text}
}

// A fault is an error as it leaves.
type fault struct {
	Code    code   `json:"code"`
	Message string `json:"message"`
	Data    any    `json:"data,omitempty"`

	status int
	kind   auth.Kind
	cause  error         // what lies behind, for the log
	after  time.Duration // when to come again, if that is known
	reason string        // what it is counted as, a word of this file
	word   string
	bare   string // the message without what JSON-RPC clients look for in it
}

// verdict is the published form of data: what is wrong with which parameter.
type verdict struct {
	Valid   bool     `json:"valid"`
	Error   []remark `json:"error"`
	Warning []remark `json:"warning"`
}

type remark struct {
	Code    string `json:"code"` // a word: the published shape has a string where the error itself has a number
	Message string `json:"message"`
	Path    string `json:"path"`
}

// ours is the data of an error that is our own fault: nothing but the number of the request, to be found in the log.
type ours struct {
	RequestID string `json:"requestId"`
}

// faultOf turns an error into what leaves the house. The text of an error that is our fault stays inside. A call that was given up,
// as its caller seemed to be gone, is nobody's fault; one who has closed only his half of the connection reads so.
func faultOf(err error, requestID string) *fault {
	if errors.Is(err, context.Canceled) {
		err = errGone
	}
	var form *formError
	if errors.As(err, &form) {
		return &fault{Code: form.code, Message: form.text, status: form.status, kind: auth.Invalid, reason: form.reason, bare: form.text}
	}
	var e *auth.Error
	if !errors.As(err, &e) || int(e.Kind) >= len(kinds) {
		e = &auth.Error{Kind: auth.Internal}
	}
	k := kinds[e.Kind]
	text := shown(e)
	f := &fault{Code: k.code, Message: text, status: k.status, kind: e.Kind, cause: e.Unwrap(), after: e.After, reason: k.reason, word: e.Word, bare: text}
	switch e.Kind {
	case auth.Internal:
		f.Data = ours{requestID}
	case auth.Unauthenticated:
		f.Message = "tokenError [" + text + "]"
	case auth.Invalid:
		f.Data = judge(e.Fields)
	case auth.Busy:
		if e.After > 0 {
			f.reason = RateLimited
		}
	}
	if e.Word != "" {
		f.Data = verdict{Error: []remark{{Code: e.Word, Message: e.Text}}, Warning: []remark{}}
	}
	return f
}

// shown is the text of an error as far as it may be told.
func shown(e *auth.Error) string {
	switch e.Kind {
	case auth.Internal:
		return "internal error"
	case auth.Unavailable:
		return "unavailable"
	}
	return e.Text
}

// A foreignFault is an error in the form of the credentials product.
type foreignFault struct {
	Message string              `json:"message"`
	Fields  map[string][]string `json:"modelState,omitempty"`
	Code    string              `json:"code,omitempty"` // ours
}

func (f *fault) foreign() foreignFault {
	out := foreignFault{Message: f.bare, Code: f.word}
	if v, ok := f.Data.(verdict); ok && f.word == "" {
		out.Fields = make(map[string][]string, len(v.Error))
		for _, e := range v.Error {
			out.Fields[e.Path] = append(out.Fields[e.Path], e.Message)
		}
	}
	return out
}

func judge(fields []auth.Field) any {
	if len(fields) == 0 {
		return nil
	}
	v := verdict{Error: make([]remark, len(fields)), Warning: []remark{}}
	for i, f := range fields {
		v.Error[i] = remark{"BAD_PARAM", f.Message, f.Path}
	}
	return v
}

// loginText is what a login page says of a failure. Clients look for the word Invalid.
func loginText(err error) string {
	var e *auth.Error
	if errors.As(err, &e) && strings.HasPrefix(e.Text, "Invalid") {
		return e.Text
	}
	return "Invalid request"
}
