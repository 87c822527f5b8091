package rpc

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

// pages are those that are the same for everybody.
var pages = map[door]string{home: homePage, reset: resetPage}

var (
	htmlType  = []string{"text/html; charset=utf-8"}
	noContent = []string{"default-src 'none'"}
)

// page serves the paths to GET.
func (x *exchange) page() {
	if x.route.door == endpoint {
		x.visit()
		return
	}
	h := x.w.Header()
	h["Content-Type"], h["Content-Security-Policy"] = htmlType, noContent
	x.out.WriteString(pages[x.route.door])
	x.endPage()
}

// endPage ends a request that makes no call.
func (x *exchange) endPage() {
	x.call = call{x: x, start: x.start}
	x.call.end(nil)
}
