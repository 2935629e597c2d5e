// Command gen turns the JSON Schemas of the contract into Go, Markdown and an editor schema.
package main

func main() {}
