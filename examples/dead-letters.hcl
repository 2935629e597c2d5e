# One bad message must not stop the others: it goes to a file, with its reason, and the rest goes on.

iggy {
  username = "iggy"
  password = env("IGGY_PASSWORD")
}

sink "invoices" {
  url        = "https://billing.example.com/invoices"
  batch_mode = "json_array"

  # A batch that is answered 400, 413 or 422 is halved until the message at fault is alone.
  split_on_reject = true

  # Without a dead_letter block the default is "block": the message's partition waits for you, the others go on.
  on_rejected = "dead_letter"

  # An endpoint that rejects everything is broken itself: after 20 rejects in a row the sink pauses, and the file does
  # not fill with good messages.
  max_consecutive_rejects = 20

  # 409 means "already there" to this endpoint.
  success_status_codes = [200, 201, 202, 204, 409]

  # Each line of the file is one message with its offset, its payload and why it was not delivered.
  dead_letter "file" {
    path = "dead/invoices.ndjson"
  }

  stream "billing" {
    topics         = ["invoices"]
    batch_length   = 100
    consumer_group = "invoices"
  }
}
