# The same file on each machine. Processes with one consumer group share the partitions: start more to go faster, stop
# any of them and the others take over. A topic needs as many partitions as there are machines to be busy.

variable "region" {
  type    = string
  default = "eu-1"
}

iggy {
  address  = "127.0.0.1:8090"
  username = "iggy"
  password = env("IGGY_PASSWORD")
}

# Point the load balancer's or the orchestrator's probe at /readyz.
admin {
  address = "127.0.0.1:8081"
}

sink "events" {
  url        = "https://${var.region}.events.example.com/v1/${stream}/${topic}"
  batch_mode = "nd_json"
  headers    = { "X-Region" = var.region }

  # Order is kept for each customer; up to eight requests of a partition are under way at once.
  ordering      = "key"
  ordering_key  = "payload:/customer"
  max_in_flight = 8

  # One shared file for all processes of a machine: each append takes a lock.
  dead_letter "file" {
    path = "dead/events.ndjson"
  }

  stream "events" {
    topics         = ["clicks", "views"]
    batch_length   = 1000
    batch_wait     = "50ms"   # a fuller request is worth a moment
    consumer_group = "events" # the same on every machine: this is what makes them share
  }

  stream "audit" {
    topics         = ["logins"]
    schema         = "text"
    consumer_group = "events"
  }
}
