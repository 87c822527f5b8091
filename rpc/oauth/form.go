package oauth

import (
	"bytes"
	"net/url"
	"unicode/utf8"

	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/rpc"
)

// A form is the parameters of a request that are known and not empty. Any of them may be a secret, or may have been sent in
// place of one.
type form map[string]secret.Text

// known are the parameters there are. Others are ignored, as RFC 6749 3.2 wants.
var known = []string{
	"grant_type", "client_id", "client_secret", "client_assertion", "client_assertion_type",
	"scope", "orgId", "resource", "accessTokenValiditySeconds", "token", "api_token", "refresh_token",
}

// formSchema is that of a form with a parameter that must be there, and others that may. Where words are given it is one of them.
func formSchema(needed string, words []string, others ...string) rpc.Schema {
	is := rpc.Schema{"type": "string"}
	if words != nil {
		is["enum"] = words
	}
	props := rpc.Schema{needed: is}
	for _, name := range others {
		props[name] = rpc.Schema{"type": "string"}
	}
	return rpc.Schema{"type": "object", "required": []string{needed}, "properties": props}
}

// formOf reads the body, whatever it is labelled as. What stands in the address is in the log of every proxy on the way, so
// parameters there are refused.
func formOf(r *rpc.Request) (form, error) {
	address, _ := url.ParseQuery(r.Query)
	for _, name := range known {
		if address.Has(name) {
			return nil, bad("invalid_request", "the parameter "+name+" must be in the body, not in the address")
		}
	}
	if bytes.HasPrefix(bytes.TrimSpace(r.Body), []byte("{")) {
		return nil, bad("invalid_request", "the body must be a form (application/x-www-form-urlencoded), not JSON")
	}
	values, err := url.ParseQuery(string(r.Body))
	if err != nil {
		return nil, bad("invalid_request", "the body is not a form (application/x-www-form-urlencoded)")
	}
	f := make(form)
	for _, name := range known {
		v := values[name]
		switch {
		case len(v) > 1 && name == "resource":
			return nil, bad("invalid_target", "a token is for one resource")
		case len(v) > 1:
			return nil, bad("invalid_request", "the parameter "+name+" is there more than once")
		case len(v) == 0 || v[0] == "":
		case !utf8.ValidString(v[0]):
			return nil, bad("invalid_request", "the parameter "+name+" is not UTF-8")
		default:
			f[name] = secret.Text(v[0])
		}
	}
	return f, nil
}

// text is a parameter that is no secret.
func (f form) text(name string) string { return string(f[name]) }

// one is a parameter that must be there.
func (f form) one(name string) (secret.Text, error) {
	if f[name] == "" {
		return "", bad("invalid_request", "the parameter "+name+" is missing")
	}
	return f[name], nil
}
