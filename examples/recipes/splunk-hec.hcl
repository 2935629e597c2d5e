# Events in Splunk, by the HTTP Event Collector.

iggy {
  username = "iggy"
  password = env("IGGY_PASSWORD")
}

sink "splunk" {
  url     = "https://splunk.internal:8088/services/collector/event"
  headers = { Authorization = "Splunk ${env("SPLUNK_HEC_TOKEN")}" }

  # The collector reads JSON objects one behind the other.
  batch_mode   = "nd_json"
  content_type = "application/json"
  body = {
    time       = message.timestamp / 1000000
    source     = "iggy:${message.stream}/${message.topic}"
    sourcetype = "_json"
    event      = message.payload
    fields     = { iggy_partition = message.partition, iggy_offset = message.offset }
  }

  success_status_codes = [200]

  # Splunk Cloud asks for requests of at most 1 MB, and counts them uncompressed.
  max_payload_size_bytes = 1000000
  compression {
    algorithm = "gzip"
  }

  # 503 while the queues of the indexer are full: deliveries begin when it is well.
  health_check_enabled = true
  health_check_method  = "GET"
  health_check_url     = "https://splunk.internal:8088/services/collector/health"

  dead_letter "file" {
    path = "dead/splunk.ndjson"
  }

  stream "shop" {
    topics         = ["created"]
    consumer_group = "splunk"
    batch_length   = 500
    batch_wait     = "200ms"
  }
}
