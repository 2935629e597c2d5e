# What `iggysink dev` runs when no file is given: two sinks that read the same stream, each in its own way.

# The Iggy server. `iggysink dev` brings its own; `iggysink run` needs a real one here.
iggy {
  address  = "127.0.0.1:8090"
  username = "iggy"
  password = env("IGGY_PASSWORD")
}

# Every order, as soon as it comes: one request for each message, the message wrapped in its metadata.
sink "orders" {
  url = "http://127.0.0.1:9090/orders"

  stream "shop" {
    topics         = ["created"]
    consumer_group = "orders"
  }
}

# The same orders and their updates for the data warehouse: many messages in one request, one a line.
sink "warehouse" {
  url        = "http://127.0.0.1:9090/ingest/${topic}"
  batch_mode = "nd_json"

  stream "shop" {
    topics         = ["created", "updated"]
    consumer_group = "warehouse"
    batch_length   = 500
  }
}
