// Package rpc owns how a call arrives and leaves: JSON-RPC 2.0, its REST-like twin, login pages, cookies, the numbers of
// errors, HTTP. It must not know what can be called (rpc/portal), who may do what (auth), or a store.
//
// # A method is one row
//
// A Method has a name, a sentence, a rule and a function; NewTable checks rows, New makes an http.Handler of a table and an
// Authority. The signature of the function says the rest: its params decide what is read and in which tenant the method
// works (InEnterprise, InProxy, InNetwork), its result what is written. No function sees an HTTP request or writer; those
// that sign in and out say so by their result (SessionStarted, SessionEnded).
//
// # The way of a call
//
//	Server.ServeHTTP                   one exchange: one request, one answer, one write
//	    routeOf                        the path, by hand: no redirect ever; an Endpoint answers for itself
//	    exchange.post
//	        read                       the body, up to 1 MiB
//	        credentialsOf              header or cookie; cross-site refusals
//	        portal | twin | foreign    the form: JSON-RPC 2.0, the bare params of a REST-like or login path, or a Path
//	            doc.parse              ONE strict pass over the bytes; later readers walk its nodes
//	            call.dispatch          through gorilla/rpc, which asks the call for each step:
//	                call.Method        signed in? within the limits? method known? admitted by its rule?
//	                call.ReadRequest   params read, at a Path made of the request; tenant found, seen by the caller, and open to him
//	                desk.Enter         the row's function
//	                WriteResponse, WriteError   kept, not encoded
//	            call.finish            the answer, encoded once, behind those before it in a batch
//	            call.end               one line in the log, one Observation
//	    exchange.send                  headers, Content-Length, gzip if it pays, the write
//
// The steps of gorilla's codec are thus the order in which calls are refused: a caller without the privilege learns nothing
// of the params. The limits come so early because calls that are refused cost, too, and no earlier because only who has shown
// who he is can be counted as that. Each call of a batch is authenticated anew, so a token revoked by the first is refused
// in the second. None of gorilla's hooks are used: it skips them for unknown methods and bad params. It gets no real
// http.Request either, but one whose body is the call, which spares a context and a copy of the request for each call.
//
// A Path is one of another product's API. It decides nothing but forms: which method is called, what of the request becomes
// its params, and how its result and its errors look. What is answered by a second method (After, Before) is no call of its
// own: the rules of both are asked before either runs, and limits and the log know the first alone.
//
// encoding/json decodes neither envelopes nor params: it folds letter case, keeps the last of two members of one name, and
// mends bad UTF-8. Results leave through it.
package rpc
