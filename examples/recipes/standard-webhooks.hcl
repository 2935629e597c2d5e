# A receiver of Standard Webhooks: signed, with an id that stays the same for every attempt.

iggy {
  username = "iggy"
  password = env("IGGY_PASSWORD")
}

sink "webhooks" {
  url     = "https://hooks.example.com/orders"
  timeout = "15s" # what the specification gives a receiver

  # During a rotation both secrets sign, and the receiver takes either.
  signature "standard_webhooks" {
    secrets = [env("WEBHOOK_SECRET"), env("WEBHOOK_SECRET_OLD")]
  }

  body = {
    type      = "order.${message.payload.event}"
    timestamp = timeadd("1970-01-01T00:00:00Z", "${message.timestamp}us")
    data      = message.payload
  }

  # 5 s, 10 s, 20 s and so on; then the partition waits, and tries again once a cool-down. 410 stops it.
  max_retries     = 5
  retry_delay     = "5s"
  max_retry_delay = "1m"

  dead_letter "file" {
    path = "dead/webhooks.ndjson"
  }

  stream "shop" {
    topics         = ["created"]
    consumer_group = "webhooks"
  }
}
