// Findings loads a configuration and prints its findings.
package main

import (
	"fmt"
	"log"
	"os"

	"iggysink/hclconfig"
)

func main() {
	result, findings := hclconfig.Load(os.Args[1:], hclconfig.Options{Env: os.LookupEnv})
	if err := findings.WriteText(os.Stdout, false); err != nil {
		log.Fatal(err)
	}
	if findings.HasErrors() {
		os.Exit(1)
	}
	for _, sink := range result.Config.Sinks {
		fmt.Println("sink", sink.Name, "delivers to", sink.URL)
	}
}
