// Package verify has tests only: what sinkhttp sends is judged by those who receive such requests, and not by the code that
// makes them. The verifiers are libraries of others. They bring large trees along, so this is a module of its own, and the
// product's go.mod stays small.
//
// A test goes the way of a user: a configuration in HCL, loaded by hclconfig, a sink made of it, and a delivery to a server
// of net/http.
package verify
