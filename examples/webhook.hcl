# A webhook of somebody else: the payload as it was sent, a secret URL, an endpoint that limits its callers.

iggy {
  username = "iggy"
  password = env("IGGY_PASSWORD")
}

sink "chat" {
  url     = env("CHAT_WEBHOOK_URL") # the secret is in the URL: it prints as scheme and host
  timeout = "5s"

  # raw sends the payload's own bytes, one message a request, without an envelope.
  batch_mode       = "raw"
  include_metadata = false
  content_type     = "application/json"

  # This endpoint answers 200 to everything, and 404 once the webhook was deleted. Nothing is lost then: 404 pauses the
  # sink, and it goes on when the URL works again. 429 with Retry-After holds every request back until then.
  success_status_codes = [200]
  max_retries          = 5
  retry_delay          = "500ms"
  max_retry_after      = "10m"

  # The probe starts 10 s after the sink was paused, then at growing distances.
  circuit_breaker {
    cooldown     = "10s"
    max_cooldown = "5m"
  }

  stream "ops" {
    topics         = ["alerts"]
    consumer_group = "chat"
    start_from     = "latest" # alerts of the past are of no use
  }
}
