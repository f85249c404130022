package main

import (
	"slices"
	"strings"
)

// namespaceOfHost is the one in which an address stands, as the cluster's name server reads it: that of
// a service (`service.namespace.svc`, with or without the cluster's domain, or behind the name of one of
// its pods) or of a pod by its address (`10-0-0-1.namespace.pod`). It is empty if there is none.
func namespaceOfHost(addressed string) string {
	host := strings.ToLower(addressed)
	if strings.ContainsAny(host, "/@") {
		return ""
	}
	host, _, _ = strings.Cut(host, ":")
	host = strings.TrimSuffix(host, ".")
	// A cluster may have any domain.
	for _, kind := range []string{"svc", "pod"} {
		if before, _, isNamed := strings.Cut(host, "."+kind+"."); isNamed {
			host = before + "." + kind
			break
		}
	}
	parts := strings.Split(host, ".")
	if slices.ContainsFunc(parts, func(part string) bool { return !isNamespace(part) }) {
		return ""
	}
	last := len(parts) - 1
	if last >= 2 && (parts[last] == "svc" || parts[last] == "pod") {
		return parts[last-1]
	}
	// Any domain has the form of `service.namespace`: only what is called like a namespace of an
	// environment is taken for one.
	if last == 1 && isOfEnvironment(parts[1]) {
		return parts[1]
	}
	return ""
}

// isOfEnvironment tells whether the namespace belongs to an environment of the default settings.
func isOfEnvironment(namespace string) bool {
	name := namespace[strings.LastIndex(namespace, "-")+1:]
	return name == "dev" || name == "prod"
}
