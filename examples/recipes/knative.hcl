# CloudEvents to a broker of Knative Eventing.

iggy {
  username = "iggy"
  password = env("IGGY_PASSWORD")
}

sink "knative" {
  # kubectl get broker shows the url: namespace and name of the broker.
  url = "http://broker-ingress.knative-eventing.svc.cluster.local/shop/default"

  # binary: the attributes are headers, and the body is the payload.
  cloudevents {
    mode    = "binary"
    source  = "/iggy/${stream}/${topic}"
    type    = "com.example.order.${message.payload.event}"
    subject = "${message.payload.id}"
  }

  # A broker answers 202 when it has taken the event.
  success_status_codes = [200, 202, 204]

  dead_letter "file" {
    path = "dead/knative.ndjson"
  }

  stream "shop" {
    topics         = ["created"]
    consumer_group = "knative"
  }
}
