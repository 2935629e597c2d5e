package main

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"iggysink/schema"
)

func TestProxyVariablesAreToldOnceAndWithoutTheirValues(t *testing.T) {
	environment := map[string]string{"HTTPS_PROXY": "http://u:canary@proxy.test", "http_proxy": "http://canary"}
	with := &schema.Sink{Network: &schema.Network{Proxy: schema.NewSecret("environment")}}
	for _, tt := range []struct {
		sinks       []*schema.Sink
		environment map[string]string
		want        int
	}{
		{[]*schema.Sink{{}, {}, with}, environment, 1},
		{[]*schema.Sink{{Network: &schema.Network{}}}, environment, 1},
		{[]*schema.Sink{with, {Network: &schema.Network{UnixSocket: "/s"}}}, environment, 0},
		{[]*schema.Sink{{}}, map[string]string{"NO_PROXY": "*"}, 0},
		{nil, environment, 0},
	} {
		var log bytes.Buffer
		warnOfProxyVariables(tt.sinks, func(name string) string { return tt.environment[name] }, slog.New(slog.NewTextHandler(&log, nil)))
		if got := strings.Count(log.String(), "level=WARN"); got != tt.want {
			t.Errorf("%d warnings, not %d: %s", got, tt.want, &log)
		}
		if strings.Contains(log.String(), "canary") || tt.want > 0 && !strings.Contains(log.String(), `variables="HTTPS_PROXY http_proxy"`) {
			t.Error(log.String())
		}
	}
}
