// Package reference owns the reference of the API for readers: a page in Markdown and one in HTML, made of the OpenRPC document. It
// must not know any method.
package reference
