# An API behind OAuth2 that keeps a resource for each order.

iggy {
  username = "iggy"
  password = env("IGGY_PASSWORD")
}

sink "orders" {
  # The id is percent-encoded and cannot leave its segment. 404 is about one order then, and no reason to pause.
  url    = "https://api.example.com/v1/orders/${message.payload.id}"
  method = "PUT"

  auth "oauth2" {
    token_url     = "https://login.example.com/oauth/token"
    client_id     = "iggysink"
    client_secret = env("OAUTH_CLIENT_SECRET")
    scopes        = ["orders.write"]
    audience      = "https://api.example.com"
  }

  # The payload as it was published, without an envelope, with a key that is the same for every attempt.
  include_metadata = false
  idempotency_key  = "Idempotency-Key"

  dead_letter "file" {
    path = "dead/orders.ndjson"
  }

  stream "shop" {
    topics         = ["created"]
    consumer_group = "orders"
  }
}
