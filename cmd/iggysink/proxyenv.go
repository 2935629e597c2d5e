package main

import (
	"log/slog"
	"strings"

	"iggysink/schema"
)

// warnOfProxyVariables says once that the proxies of the environment are not used, where one is set and a sink names no proxy.
// It shows no value: it may hold a password.
func warnOfProxyVariables(sinks []*schema.Sink, getenv func(string) string, logger *slog.Logger) {
	var set []string
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"} {
		if getenv(name) != "" {
			set = append(set, name)
		}
	}
	if len(set) == 0 {
		return
	}
	for _, sink := range sinks {
		if sink.Network == nil || sink.Network.Proxy.IsZero() && sink.Network.UnixSocket == "" {
			logger.Warn("the proxy of the environment is not used; set network { proxy = \"environment\" } in a sink that needs it",
				"variables", strings.Join(set, " "))
			return
		}
	}
}
