package rpc

import (
	"net/http"
	"strings"
)

// A Page is what a path answers to a GET, the same for everybody.
type Page struct {
	Header http.Header // Content-Type among it
	Body   []byte
	Gzip   func() []byte // answers Body compressed; nil where that is not worth it
	ETag   string
}

// homePage is where the login pages lead to.
const homePage = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Portico</title>
<p>This is Portico. Calls go to <code>POST /portal</code>; the call <code>rpc.discover</code> tells which there are.</p>
</html>
`

// resetPage is where the links lead that set a new password. What stands behind the # of such a link never leaves the
// browser, so this page is the same for everybody, and neither a log nor a proxy sees the secret.
const resetPage = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Portico: set a new password</title>
<p>The text behind the # in the address of this page is the <em>token</em> that sets your new password, once. There is no
form here yet. Send it with the new password, twice, to the method <code>login/redeemPasswordReset</code>:</p>
<pre>POST /portal/rest/login/redeemPasswordReset
{"token":"...","password":"...","password2":"..."}</pre>
<p>Give the token to nobody.</p>
</html>
`

// builtIn are the pages of a server that was given no others for their paths.
var builtIn = map[string]*Page{"": plainPage(homePage), "reset": plainPage(resetPage)}

func plainPage(html string) *Page {
	return &Page{
		Header: http.Header{"Content-Type": {"text/html; charset=utf-8"}, "Content-Security-Policy": {"default-src 'none'"}},
		Body:   []byte(html),
	}
}

// pageAt finds the page of a path without slashes at its ends; nil is none.
func (s *Server) pageAt(path string) *Page {
	if p := s.o.Pages[path]; p != nil {
		return p
	}
	return builtIn[path]
}

// get serves the paths to GET.
func (x *exchange) get() {
	if x.route.door == endpoint {
		x.visit()
		return
	}
	x.show(x.route.page)
	x.endPage()
}

// show answers a page, unless the caller says that he has it.
func (x *exchange) show(p *Page) {
	h := x.w.Header()
	for name, values := range p.Header {
		h[name] = values
	}
	if p.ETag != "" {
		h["Etag"] = []string{p.ETag}
	}
	if p.Gzip != nil {
		h["Vary"] = varies
	}
	switch {
	case p.ETag != "" && has(x.r.Header["If-None-Match"], p.ETag):
		x.status = http.StatusNotModified
	case p.Gzip != nil && takesGzip(x.r.Header["Accept-Encoding"]):
		h["Content-Encoding"] = gzipped
		x.out.Write(p.Gzip())
	default:
		x.out.Write(p.Body)
	}
}

// has says whether a caller has the page of an ETag, which is weak and has no comma in it.
func has(headers []string, etag string) bool {
	for _, h := range headers {
		for word := range strings.SplitSeq(h, ",") {
			if word = strings.TrimSpace(word); word == etag || word == "*" {
				return true
			}
		}
	}
	return false
}

// endPage ends a request that makes no call.
func (x *exchange) endPage() {
	x.call = call{x: x, start: x.start}
	x.call.end(nil)
}
