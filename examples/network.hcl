# An endpoint outside, reached through a proxy, by a process that must reach nothing inside but one subnet.

iggy {
  address  = "127.0.0.1:8090"
  username = "iggy"
  password = env("IGGY_PASSWORD")
}

sink "partner" {
  url = "https://api.example.com/orders/${topic}"

  network {
    # Checked on the address that is dialled, for every connection: a name that moves to one of them is refused.
    deny  = ["metadata", "link_local", "private", "loopback"]
    allow = ["10.20.0.0/16"] # where the proxy is

    proxy              = env("EGRESS_PROXY", "http://10.20.0.1:3128") # "environment" takes what HTTPS_PROXY says
    connect_timeout    = "5s"
    max_connection_age = "2m"
  }

  tls {
    min_version = "1.3"
  }

  stream "shop" {
    topics         = ["created", "updated"]
    consumer_group = "partner"
  }
}
