package rpc

import (
	"net/http"
	"strings"
)

// A door is a way in: what is at a path.
type door uint8

const (
	nowhere  door = iota
	atPage        // GET: a page
	portal        // JSON-RPC 2.0
	rest          // the REST-like twin
	signIn        // a login page
	signOut       // a logout page
	endpoint      // in the form of another standard
	foreign       // a path of another product's API, answered by a method
)

// A route is where a path leads.
type route struct {
	door   door
	method string // of a REST-like or a login path
	leads  bool   // the answer leads to a page (302) instead of telling the result

	page     *Page
	endpoint *Endpoint

	resource *resource // of a foreign path
	path     *pathRow  // nil: none for this verb
	ids      []string  // as they stand in the path
}

// get says whether the path is one to GET.
func (r route) get() bool {
	return r.door == atPage || r.door == endpoint && r.endpoint.Verb == http.MethodGet
}

// limit is how many bytes a body may have.
func (r route) limit() int64 {
	if r.door == endpoint && r.endpoint.Limit > 0 {
		return int64(r.endpoint.Limit)
	}
	return maxBody
}

// verbs are the HTTP methods that the path takes, for the header Allow.
func (r route) verbs() string {
	switch {
	case r.door == foreign:
		return r.resource.allow
	case r.get():
		return "GET, HEAD, OPTIONS"
	}
	return "POST"
}

const (
	operatorLogin   = "login/operatorLogin"
	enterpriseLogin = "login/enterpriseLogin"
	logout          = "logout"
)

// routes are the paths without slashes at their ends.
var routes = map[string]route{
	"portal":                         {door: portal},
	"logout":                         {door: signOut, method: logout, leads: true},
	"portal/rest/logout":             {door: signOut, method: logout},
	"login/operatorLogin":            {door: signIn, method: operatorLogin, leads: true},
	"login/enterpriseLogin":          {door: signIn, method: enterpriseLogin, leads: true},
	"login/doOperatorLogin.html":     {door: signIn, method: operatorLogin, leads: true},
	"login/doLogin.html":             {door: signIn, method: enterpriseLogin, leads: true},
	"portal/login/operatorLogin":     {door: signIn, method: operatorLogin, leads: true},
	"portal/login/enterpriseLogin":   {door: signIn, method: enterpriseLogin, leads: true},
	"portal/rest/" + operatorLogin:   {door: signIn, method: operatorLogin},
	"portal/rest/" + enterpriseLogin: {door: signIn, method: enterpriseLogin},
}

// routeOf finds what is at a path, endpoints and other products' paths left aside. It is done by hand because http.ServeMux answers
// a doubled slash with a redirect, and a redirect makes most clients turn their POST into a GET.
func routeOf(path string) route {
	if path == "/portal/" || path == "/portal" { // the two that matter, first
		return route{door: portal}
	}
	path = oneSlash(path)
	if r, ok := routes[path]; ok {
		return r
	}
	if name, ok := strings.CutPrefix(path, "portal/rest/"); ok {
		return route{door: rest, method: name}
	}
	if _, name, ok := strings.Cut(path, "/"); ok && (name == operatorLogin || name == enterpriseLogin) {
		return routes[name] // behind the name of a tenant, as some clients log in
	}
	return route{}
}

// oneSlash drops the slashes at both ends of a path and those that follow another.
func oneSlash(path string) string {
	path = strings.Trim(path, "/")
	for strings.Contains(path, "//") {
		path = strings.ReplaceAll(path, "//", "/")
	}
	return path
}
