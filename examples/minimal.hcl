# The least there is: a destination, and the topic that feeds it. Everything else has a default. Try it with
#
#   iggysink dev --once minimal.hcl
#
# minimal.hcl.json says the same in JSON, as for each of these examples.

iggy {
  address  = "127.0.0.1:8090"
  username = "iggy"
  password = env("IGGY_PASSWORD")
}

sink "orders" {
  url = "https://api.example.com/orders"

  stream "shop" {
    topics         = ["created"]
    consumer_group = "orders" # holds the offsets: keep it, and a restart goes on where it stopped
  }
}
