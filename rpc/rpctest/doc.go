// Package rpctest owns the playing of conversations: it says to a server what a text file says, over a real listener, and
// holds the answers against the file. It must not know any method, nor how a user signs in.
//
// A conversation is lines of text:
//
//	# One token, downloaded once.
//	as acme-admin
//	--> /portal {"jsonrpc":"2.0","id":1,"method":"apiToken/create",
//	    "params":{"name":"ci","lifetimeMs":60000}}
//	<-- {"jsonrpc":"2.0","result":{"id":"<id>","rows":1},"id":1}
//	--> /portal/rest/apiToken/download {"id":$id}
//	<-- {"token":"<text>"}
//	as token $text
//	--> /portal/rest/apiToken/get {"id":0}
//	<-- 400 {"error":{"code":-32602,"...":"<any>"}}
//	<-h Content-Type: application/json
//	<-h Expires: -
//
// "as WHO" signs in as WHO, by the function that the test gives; "as nobody" brings nothing, "as token TEXT" an
// Authorization header. "-->" has a path and a body; a verb other than POST may stand before the path. "-->h" adds a header
// to the call above it. "<--" has a status, 200 when there is none, and a body; "<-h" a header, where - is one that must
// not be there. An indented line goes on where the last one ended.
//
// In an expected value "<any>" is anything, and "<name>" is anything the first time and that same value from then on; a
// later $name, wherever it stands, is replaced by it. An object has the members that are written and no others, unless one
// of them is "...". In a header <any> and <name> may stand inside the text.
//
// Every result is also held against the schema that the server's own OpenRPC document gives for the method, and told to the
// test, which may hold it against another's.
package rpctest
