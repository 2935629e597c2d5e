# Log lines in Grafana Loki, by its push API: one line a request.

iggy {
  username = "iggy"
  password = env("IGGY_PASSWORD")
}

sink "loki" {
  url     = "https://loki.internal/loki/api/v1/push"
  headers = { X-Scope-OrgID = "shop" } # the tenant, where Loki has several

  auth "basic" {
    username = "iggysink"
    password = env("LOKI_PASSWORD")
  }

  # Labels have few values: each set of them is a stream of its own. What differs from line to line is structured metadata.
  # Times are text, in nanoseconds.
  body = {
    streams = [{
      stream = { service_name = "shop", topic = message.topic }
      values = [["${message.timestamp}000", jsonencode(message.payload), { partition = tostring(message.partition), offset = tostring(message.offset) }]]
    }]
  }

  success_status_codes = [204]

  # Loki takes lines out of order within about an hour, so several requests of a partition may be under way.
  ordering      = "none"
  max_in_flight = 8

  dead_letter "file" {
    path = "dead/loki.ndjson"
  }

  stream "shop" {
    topics         = ["created"]
    consumer_group = "loki"
  }
}
