# A tour of the language: variables, locals, functions, several sinks in one process, TLS to Iggy, health and metrics.

variable "endpoint" {
  type        = string
  description = "where orders go"
  default     = "http://127.0.0.1:9090/ingest"
}

locals {
  common = { "X-Tenant" = "acme" }
}

iggy {
  address  = "127.0.0.1:8090"
  username = "iggy"
  password = env("IGGY_PASSWORD") # or token = trimspace(file("secrets/iggy_token"))

  tls {
    ca_file     = "ca.pem" # relative paths start at the folder of this file
    server_name = "iggy.internal"
  }
}

# Health (/livez, /readyz) and metrics (/metrics). Without this block nothing listens.
admin {
  address = "127.0.0.1:8081"
}

sink "orders" {
  url        = "${var.endpoint}/${topic}" # stream, topic, partition: filled in once per partition
  batch_mode = "nd_json"
  headers    = merge(local.common, { Authorization = "Bearer ${env("ORDERS_TOKEN")}" })

  stream "shop" {
    topics         = ["created", "updated"]
    schema         = "json"
    batch_length   = 500
    consumer_group = "orders"
  }

  dead_letter "file" {
    path = "dead/orders.ndjson"
  }
}

sink "alerts" {
  url              = env("ALERTS_WEBHOOK_URL")
  include_metadata = false
  max_retries      = 5

  stream "shop" {
    topics         = ["alerts"]
    consumer_group = "alerts"
  }
}
