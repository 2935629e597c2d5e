// Package examples holds configurations to start from, each in native syntax and, in a file that ends in .json, in JSON: a
// test holds the two together. Each of them is validated and run by a test; `iggysink dev` runs
// Quickstart when no file is given, so that the installed program needs no other file.
//
// The folder recipes holds one configuration for each service of somebody else. Its tests send messages to endpoints that
// judge as those services do, and compare every byte with the transcripts in golden/recipes.
package examples

import "embed"

// Files are the configurations of this folder and of recipes. It is read only.
//
//go:embed *.hcl *.hcl.json recipes/*.hcl recipes/*.hcl.json
var Files embed.FS

// Quickstart is the name of the configuration that `iggysink dev` runs by default.
const Quickstart = "quickstart.hcl"
