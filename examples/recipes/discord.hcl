# A Discord channel by a webhook: a message of text for each message.

iggy {
  username = "iggy"
  password = env("IGGY_PASSWORD")
}

sink "discord" {
  # Without wait=true Discord answers 204 before it has stored the message, and a message that it then refuses is lost.
  url     = "${env("DISCORD_WEBHOOK_URL")}?wait=true"
  timeout = "10s"

  # A content of more than 2,000 characters is refused. Without allowed_mentions a payload could call @everyone.
  body = jsonencode({
    content          = substr("**Order ${message.payload.id}** ${message.payload.event}: ${message.payload.customer} pays ${message.payload.amount}", 0, 1900)
    allowed_mentions = { parse = [] }
  })

  success_status_codes = [200]

  # A webhook takes about five messages at once and thirty a minute. Where Discord wants less it says so with 429 and a
  # Retry-After, which holds all requests back and costs no retry.
  rate_limit {
    requests = 30
    per      = "1m"
    burst    = 5
  }

  dead_letter "file" {
    path = "dead/discord.ndjson"
  }

  stream "shop" {
    topics         = ["created"]
    consumer_group = "discord"
    start_from     = "latest" # nobody reads the past in a chat
  }
}
