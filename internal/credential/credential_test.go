package credential

import (
	"net/url"
	"testing"
)

// What services give out as webhooks is a secret, whatever part of it is; what names something is none.
func TestInURL(t *testing.T) {
	for text, want := range map[string]Part{
		"https://hooks.slack.com/services/T0000/B0000/abcd":                                Path,
		"https://discord.com/api/webhooks/1234/abcd":                                       Path,
		"https://contoso.webhook.office.com/webhookb2/a@b/IncomingWebhook/c/d":             Path,
		"https://outlook.office.com/webhook/a@b/IncomingWebhook/c/d":                       Path,
		"https://chat.googleapis.com/v1/spaces/AAAA/messages?key=k&token=t":                Path,
		"https://hooks.zapier.com/hooks/catch/1/abc":                                       Path,
		"https://maker.ifttt.com/trigger/order/with/key/abcd":                              Path,
		"https://api.telegram.org/bot1:abc/sendMessage":                                    Path,
		"https://hook.eu1.make.com/abcd":                                                   Path,
		"https://n8n.example/webhook/123e4567-e89b-12d3-a456-426614174000":                 Path,
		"https://prod-01.westus.logic.azure.com/workflows/1/triggers/manual?sp=x&sig=abc":  Query,
		"https://h.example/a?api_key=1":                                                    Query,
		"https://h.example/a?key=1":                                                        Query,
		"https://h.example/a?q=Ab3Ab3Ab3Ab3Ab3Ab3Ab3":                                      Query,
		"https://h.example/0123456789abcdef0123456789abcdef":                               Path,
		"https://h.example/tenants/123e4567-e89b-12d3-a456-426614174000/orders":            None,
		"https://h.example/a?token=":                                                       None,
		"https://h.example/a?token=*":                                                      None,
		"https://hooks.slack.com/":                                                         None,
		"https://hooks.slack.com/*":                                                        None,
		"https://make.com/pricing":                                                         None,
		"https://api.example.com/v1/customer-orders-by-region-2026/events?partition_key_=": None,
		"https://example.com/a-long-name-of-something-with-many-words":                     None,
	} {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := InURL(u, "*"); got != want {
			t.Errorf("%s: %q, not %q", text, got, want)
		}
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string][2]bool{
		"Authorization": {true, true}, "X-Api-Key": {true, true}, "access_token": {true, true}, "session": {false, true},
		"key": {false, true}, "sig": {false, true}, "X-Routing-Key": {false, true}, "monkey": {false, false}, "region": {false, false},
	} {
		if got := [2]bool{Named(name), Parameter(name)}; got != want {
			t.Errorf("%s: %v, not %v", name, got, want)
		}
	}
}

func TestTokensAreToldFromWords(t *testing.T) {
	for _, token := range []string{
		"XXXXXXXXXXXX0123456789ab", "0123456789abcdef0123456789abcdef", "bot123456:ABC-DEF1234ghIkl",
		"123e4567-e89b-12d3-a456-426614174000", "eyJhbGciOiJIUzI1NiJ9.e30.abc-DEF_0",
	} {
		if !IsRandom(token) {
			t.Errorf("%s is taken for words", token)
		}
	}
	for _, words := range []string{"", "ingest", "2015-03-31", "my-function-name-prod-2-europe-west-1", "orders_v2_warehouse_load", "12345678901234567890"} {
		if IsRandom(words) {
			t.Errorf("%s is taken for a secret", words)
		}
	}
}
