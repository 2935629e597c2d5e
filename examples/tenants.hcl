# Forty tenants are one block and one variable. Their values are in a file of their own, tenants.vars.hcl: it counts when
# the folder is loaded, and with --var-file. Each tenant becomes a sink, such as tenant["acme"], with its own pauses,
# retries and metrics.

variable "tenants" {
  description = "who gets the events, and where"
  type = map(object({
    url     = string
    topics  = optional(list(string), ["events"])
    timeout = optional(string) # null: as in the defaults block
  }))
  default = {
    acme   = { url = "https://acme.example.com/events" }
    globex = { url = "https://hooks.globex.example.com/in", topics = ["events", "audit"], timeout = "1m" }
  }

  validation {
    condition     = length(var.tenants) <= 100
    error_message = "This machine serves at most 100 tenants, not ${length(var.tenants)}."
  }
}

iggy {
  username = "iggy"
  password = env("IGGY_PASSWORD")
}

# What a sink leaves unset.
defaults {
  timeout     = "10s"
  batch_mode  = "nd_json"
  max_retries = 5

  circuit_breaker {
    cooldown = "10s"
  }
}

sink "tenant" {
  for_each = var.tenants
  url      = each.value.url
  timeout  = each.value.timeout
  headers  = { Authorization = "Bearer ${env("TOKEN_${upper(each.key)}")}" } # TOKEN_ACME, TOKEN_GLOBEX

  # One stream block for each topic, each with a consumer group of its own.
  dynamic "stream" {
    for_each = toset(each.value.topics)
    labels   = ["shop"]
    content {
      topics         = [stream.value]
      consumer_group = "tenant-${each.key}-${stream.value}"
    }
  }

  dead_letter "file" {
    path = "dead/${each.key}.ndjson"
  }
}

# A sink beside them, with nothing but the defaults.
sink "archive" {
  url = "https://archive.example.com/${topic}"

  # iggysink:ignore default-group this sink keeps its name
  stream "shop" {
    topics = ["events", "audit"]
  }
}
