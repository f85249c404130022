package main

import (
	"flag"
	"net/http"
	"os"
)

// exporterCommand serves a file as the metrics of an exporter, until it is ended.
func exporterCommand(arguments []string) (bool, error) {
	flags := flag.NewFlagSet("exporter", flag.ExitOnError)
	listen := flags.String("address", "127.0.0.1:0", "where it listens")
	file := flags.String("metrics", "", "a file in Prometheus' text format")
	if err := flags.Parse(arguments); err != nil {
		return false, err
	}
	text, err := os.ReadFile(*file)
	if err != nil {
		return false, err
	}
	handler := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		// A scrape that ends early is tried again.
		_, _ = w.Write(text)
	}
	return true, http.ListenAndServe(*listen, http.HandlerFunc(handler))
}
