# Iggy over its HTTP API, which servers newer than 0.8 have as well. There is no consumer group that shares partitions by
# itself: each of n processes gets its share, from 1/n to n/n. In a StatefulSet set IGGYSINK_SHARE instead, to
# "$(POD_INDEX)/3" with POD_INDEX from the label apps.kubernetes.io/pod-index.

iggy {
  address   = "127.0.0.1:3000" # of the HTTP listener
  transport = "http"
  share     = "1/3"
  username  = "iggy"
  password  = env("IGGY_PASSWORD")
}

sink "events" {
  url        = "https://events.example.com/v1/${stream}/${topic}"
  batch_mode = "nd_json"

  stream "events" {
    topics         = ["clicks", "views"]
    batch_length   = 1000
    consumer_group = "events" # the name under which offsets are stored
  }
}
