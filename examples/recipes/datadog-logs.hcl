# Logs in Datadog, by the intake of version 2.

iggy {
  username = "iggy"
  password = env("IGGY_PASSWORD")
}

sink "datadog" {
  url     = "https://http-intake.logs.datadoghq.com/api/v2/logs" # other sites have other hosts, such as datadoghq.eu
  headers = { DD-API-KEY = env("DD_API_KEY") }

  batch_mode = "json_array"
  body = {
    ddsource  = "iggy"
    ddtags    = "topic:${message.topic},partition:${message.partition}"
    service   = "shop"
    timestamp = floor(message.timestamp / 1000)
    message   = "order ${message.payload.id} ${message.payload.event}"
    order     = message.payload
  }

  success_status_codes = [202]

  # One request has at most 5 MB, uncompressed, and 1,000 logs.
  max_payload_size_bytes = 5000000
  compression {
    algorithm = "gzip"
  }

  dead_letter "file" {
    path = "dead/datadog.ndjson"
  }

  stream "shop" {
    topics         = ["created"]
    consumer_group = "datadog"
    batch_length   = 1000
    batch_wait     = "1s"
  }
}
