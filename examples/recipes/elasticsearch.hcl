# Documents in an Elasticsearch index, by the bulk API, which judges each document.

iggy {
  username = "iggy"
  password = env("IGGY_PASSWORD")
}

sink "elasticsearch" {
  # filter_path leaves out of the answer what nobody reads here.
  url     = "https://elasticsearch.internal:9200/orders/_bulk?filter_path=items.*.status,items.*.error"
  headers = { Authorization = "ApiKey ${env("ELASTICSEARCH_API_KEY")}" }

  # Two lines a message: what to do, and the document. The id is the place of the message in Iggy, so a message that is sent
  # twice is one document.
  batch_mode = "nd_json"
  body = join("\n", [
    jsonencode({ index = { _id = "${message.topic}-${message.partition}-${message.offset}" } }),
    jsonencode(message.payload),
  ])

  # The request is answered 200 whatever becomes of the documents. One with 429 is sent again, one with 400 is set aside.
  response_items {
    items  = "/items"
    status = "/index/status"
    error  = "/index/error/reason"
  }

  # Elasticsearch takes 100 MB, and works best with 5 to 15.
  max_payload_size_bytes = 10000000
  compression {
    algorithm = "gzip"
  }

  # Every message is a document of its own, so their order is of no use.
  ordering      = "none"
  max_in_flight = 2

  dead_letter "file" {
    path = "dead/elasticsearch.ndjson"
  }

  stream "shop" {
    topics         = ["created"]
    consumer_group = "elasticsearch"
    batch_length   = 1000
    batch_wait     = "200ms"
  }
}
