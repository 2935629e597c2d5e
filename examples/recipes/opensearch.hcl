# Events in an OpenSearch data stream, by the bulk API, which judges each event.

iggy {
  username = "iggy"
  password = env("IGGY_PASSWORD")
}

sink "opensearch" {
  # filter_path leaves out of the answer what nobody reads here.
  url = "https://opensearch.internal:9200/orders/_bulk?filter_path=items.*.status,items.*.error"

  # For a domain of Amazon OpenSearch Service: auth "aws_sigv4" with service = "es", for a serverless collection "aoss".
  auth "basic" {
    username = "iggysink"
    password = env("OPENSEARCH_PASSWORD")
  }

  # Two lines a message: what to do, and the event. A data stream takes create only, and asks for @timestamp.
  batch_mode = "nd_json"
  body = join("\n", [
    jsonencode({ create = { _id = "${message.topic}-${message.partition}-${message.offset}" } }),
    jsonencode(merge(message.payload, { "@timestamp" = floor(message.timestamp / 1000) })),
  ])

  # The request is answered 200 whatever becomes of the events. One with 429 is sent again, one with 400 is set aside. 409
  # says that an event of this id is there: an earlier attempt has brought it.
  response_items {
    items  = "/items"
    status = "/create/status"
    error  = "/create/error/reason"
  }
  success_status_codes = [200, 201, 409]

  # OpenSearch takes 100 MB, and works best with 5 to 15.
  max_payload_size_bytes = 10000000
  compression {
    algorithm = "gzip"
  }

  # An event carries its own time, so the order of requests is of no use.
  ordering      = "none"
  max_in_flight = 2

  dead_letter "file" {
    path = "dead/opensearch.ndjson"
  }

  stream "shop" {
    topics         = ["created"]
    consumer_group = "opensearch"
    batch_length   = 1000
    batch_wait     = "200ms"
  }
}
