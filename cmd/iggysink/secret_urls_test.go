package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// A url that a service gives out as a secret is one for import, which writes it out, as for validate, which warns of it.
func TestImportAndValidateAgreeOnSecretURLs(t *testing.T) {
	for service, url := range map[string]string{
		"Slack":       "https://hooks.slack.com/services/T0/B0/hiddenpart",
		"Discord":     "https://discord.com/api/webhooks/1/hiddenpart",
		"Teams":       "https://contoso.webhook.office.com/webhookb2/a@b/IncomingWebhook/hiddenpart/d",
		"Power Auto":  "https://prod-1.westus.logic.azure.com/workflows/1/triggers/manual/paths/invoke?api-version=1&sig=hiddenpart",
		"Google Chat": "https://chat.googleapis.com/v1/spaces/A/messages?key=hiddenpart&token=t",
		"Zapier":      "https://hooks.zapier.com/hooks/catch/1/hiddenpart",
		"IFTTT":       "https://maker.ifttt.com/trigger/order/with/key/hiddenpart",
		"Telegram":    "https://api.telegram.org/bot1:hiddenpart/sendMessage",
		"Make":        "https://hook.eu1.make.com/hiddenpart",
		"a parameter": "https://h.example/in?access_token=hiddenpart",
		"none":        "https://h.example/orders?region=eu",
	} {
		t.Run(service, func(t *testing.T) {
			t.Chdir(t.TempDir())
			isSecret := service != "none"
			writeFile(t, "runtime.toml", "[iggy]\naddress = \"127.0.0.1:8090\"\nusername = \"iggy\"\npassword = \"x\"\n")
			writeFile(t, "http.toml", "type = \"sink\"\nkey = \"orders\"\nenabled = true\nversion = 0\nname = \"o\"\n"+
				"path = \"libiggy_connector_http_sink\"\n[[streams]]\nstream = \"shop\"\ntopics = [\"created\"]\nschema = \"json\"\n"+
				"consumer_group = \"g\"\n[plugin_config]\nurl = \""+url+"\"\n")
			code, output := captured(t, "import", "runtime.toml", "http.toml", "--out", "imported.hcl")
			if code != exitOK {
				t.Fatal(output)
			}
			text, err := os.ReadFile("imported.hcl")
			if err != nil {
				t.Fatal(err)
			}
			imported := string(text)
			if strings.Contains(imported+output, "hiddenpart") || strings.Contains(imported, `url = "`+url) != !isSecret {
				t.Errorf("import writes\n%s", imported)
			}
			writeFile(t, "written.hcl", fmt.Sprintf("iggy {\n  username = \"iggy\"\n  password = env(\"P\")\n}\n"+
				"sink \"a\" {\n  url = %q\n  stream \"s\" {\n    topics = [\"t\"]\n    consumer_group = \"g\"\n  }\n}\n", url))
			_, output = captured(t, "validate", "written.hcl")
			if strings.Contains(output, "[literal-secret]") != isSecret || strings.Contains(output, "hiddenpart") {
				t.Errorf("validate says\n%s", output)
			}
			if _, output = captured(t, "validate", "imported.hcl"); strings.Contains(output, "[literal-secret]") {
				t.Errorf("validate says of what import writes\n%s", output)
			}
		})
	}
}
