package hclconfig_test

import (
	"fmt"

	"iggysink/hclconfig"
)

// Load takes files and folders. Texts stands in for the disk, as for an editor's buffer, and Unknowns checks a
// configuration on a machine that lacks its secrets.
func ExampleLoad() {
	text := `iggy {
  username = "iggy"
  password = env("IGGY_PASSWORD")
}

sink "orders" {
  url     = "https://api.example.com/orders"
  timeout = "30 seconds"

  stream "shop" {
    topics         = ["created"]
    consumer_group = "orders"
  }
}
`
	result, findings := hclconfig.Load([]string{"orders.hcl"}, hclconfig.Options{
		Texts:    map[string][]byte{"orders.hcl": []byte(text)},
		Env:      func(string) (string, bool) { return "", false },
		Unknowns: true,
	})
	for _, f := range findings {
		fmt.Printf("%s:%d: %s: %s [%s]\n", f.Range.Filename, f.Range.Start.Line, f.Severity, f.Summary, f.Rule)
	}
	for _, need := range result.Needs {
		fmt.Println("a run needs:", need.Kind, need.Name)
	}
	// Output:
	// orders.hcl:8: error: invalid duration [invalid-duration]
	// a run needs: env IGGY_PASSWORD
}
