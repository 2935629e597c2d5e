# A receiver that checks signatures as those of GitHub's webhooks: a keyed hash of the body in a header.

iggy {
  username = "iggy"
  password = env("IGGY_PASSWORD")
}

sink "hooks" {
  url = "https://ci.example.com/hooks/orders"
  headers = {
    X-GitHub-Event    = message.payload.event
    X-GitHub-Delivery = message.id
  }

  # The payload as it was published, without an envelope.
  include_metadata = false

  signature "hmac" {
    header    = "X-Hub-Signature-256"
    secret    = env("HOOK_SECRET")
    algorithm = "sha256"
    encoding  = "hex"
    format    = "sha256={signature}"
  }

  # GitHub gives a receiver ten seconds and 25 MB.
  timeout                = "10s"
  max_payload_size_bytes = 25000000

  dead_letter "file" {
    path = "dead/hooks.ndjson"
  }

  stream "shop" {
    topics         = ["created"]
    consumer_group = "hooks"
  }
}
