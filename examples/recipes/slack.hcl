# A Slack channel by an incoming webhook: a line of text for each message, one a second.

iggy {
  username = "iggy"
  password = env("IGGY_PASSWORD")
}

sink "slack" {
  url     = env("SLACK_WEBHOOK_URL") # whoever knows it can post; it prints as scheme and host
  timeout = "10s"

  # Slack reads &, < and > as marks of its own, so they are escaped: a payload cannot call <!channel>. It shows at most
  # 40,000 characters; 3,000 are enough for people.
  body = jsonencode({
    text = replace(replace(replace(
      substr("*Order ${message.payload.id}* ${message.payload.event}: ${message.payload.customer} pays ${message.payload.amount}", 0, 3000),
    "&", "&amp;"), "<", "&lt;"), ">", "&gt;")
  })

  # Every success is 200 with the text "ok".
  success_status_codes = [200]

  # A webhook takes one message a second; what is faster is answered 429.
  rate_limit {
    requests = 1
    per      = "1s"
  }

  dead_letter "file" {
    path = "dead/slack.ndjson"
  }

  stream "shop" {
    topics         = ["created"]
    consumer_group = "slack"
    start_from     = "latest" # nobody reads the past in a chat
  }
}
