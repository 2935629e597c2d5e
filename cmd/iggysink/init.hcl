# What this iggysink process delivers, and where to. A line that begins with # and no space is a setting that is off. It
# shows the default or an example: remove the # to use it.
#
#   iggysink validate iggysink.hcl    checks it, without the network
#   iggysink dev iggysink.hcl         tries it with a server and an endpoint of its own: nothing leaves the machine
#   iggysink run iggysink.hcl         delivers until it is stopped
#   iggysink explain sink.timeout     documents a setting; without a name it lists them all

# The Iggy server. Never write a secret here: env("NAME") takes it from the environment, trimspace(file("path")) from a
# file.
iggy {
  address  = "127.0.0.1:8090"
  username = "iggy"
  password = env("IGGY_PASSWORD")

  #tls {
  #  ca_file = "ca.pem"
  #}
}

# Health checks and metrics, on /livez, /readyz and /metrics. The listener asks for no login: bind it to loopback or a
# private network.
#admin {
#  address = "127.0.0.1:8081"
#}

# A destination. Write one block for each: sinks do not slow down or stop each other.
sink "orders" {
  # The path and the query may contain ${stream}, ${topic} and ${partition}.
  url = "http://127.0.0.1:9090/orders"

  #headers = {
  #  Authorization = "Bearer ${env("ORDERS_TOKEN")}"
  #}

  # How messages become requests: individual, nd_json (one a line), json_array, or raw (the payload's own bytes).
  batch_mode = "nd_json"

  # Whether to wrap a message in its metadata: stream, topic, partition, offset, time and headers.
  #include_metadata = true

  # Limits of an attempt and of its retries. After the last retry iggysink waits for the endpoint and loses nothing.
  #timeout         = "30s"
  #max_retries     = 3
  #retry_delay     = "1s"
  #max_retry_delay = "30s"

  # By default one request of a partition at a time, in order. "key" keeps the order of each key, "none" no order.
  #ordering      = "key"
  #ordering_key  = "header:customer-id"
  #max_in_flight = 8

  # Where the messages come from.
  stream "shop" {
    topics = ["created", "updated"]

    # Processes with the same group share the partitions. The group stores the offsets: a new name starts at start_from.
    consumer_group = "orders"
    #start_from     = "earliest"

    # Format of the payloads: json, text, raw, proto, flat_buffer or avro. json rejects what is not valid JSON.
    #schema = "json"

    # Maximum number of messages in a request, and how long a smaller request waits for more.
    #batch_length = 1000
    #batch_wait   = "0s"
  }

  # Where to write a rejected message. Without this block its partition stops until the endpoint accepts the message.
  dead_letter "file" {
    path = "dead-letters/orders.ndjson"
  }

  #tls {
  #  ca_file = "ca.pem"
  #}
}
