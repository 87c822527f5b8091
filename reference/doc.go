// Package reference owns the reference of the API for readers: a page in Markdown and one in HTML, made of the OpenRPC document, and
// of fixtures, made of their JSON Schema. It must not know any method, nor what a fixture has.
package reference
