// Package client owns the proof that clients can be generated from the OpenAPI document: one is, by oapi-codegen, into api, and its test
// calls a portal with it. It is a module of its own, so that the portal's does not know of the generator.
package client

//go:generate go tool oapi-codegen -package api -generate types,client -o api/api.gen.go api/openapi.json
