package main

import (
	"net/url"
	"path"
	"strings"
)

// clusterWidePaths are those of the default settings' clusterWideExporters.
var clusterWidePaths = []string{
	"/metrics/cadvisor", "/metrics/probes", "/metrics/resource", "/federate",
}

// takenFor is what somebody may take a path for who does not know that Prometheus escapes it: without a
// query, without parameters, and with escapes undone.
func takenFor(requested string) string {
	if at := strings.IndexAny(requested, "?;#"); at >= 0 {
		requested = requested[:at]
	}
	if unescaped, err := url.PathUnescape(requested); err == nil {
		requested = unescaped
	}
	return requested
}

// routedTo returns which of the cluster-wide paths a server takes this one for: cleaned, in any case,
// and by its end. It is empty if it takes it for none.
func routedTo(requested string) string {
	cleaned := path.Clean("/" + strings.ToLower(requested))
	for _, known := range clusterWidePaths {
		if strings.HasSuffix(cleaned, known) {
			return known
		}
	}
	return ""
}
