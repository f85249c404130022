// Command oracle compares the policy with what it is about: the scrape configuration that
// prometheus-operator generates for a monitor, and the relabeling that Prometheus then does.
//
//	oracle generate -kind K -grammar G -n N -seed S     random requests, one a line
//	oracle check [-verdicts COMMAND]                    requests with answers, one pair a line, on standard input
//	oracle differential -kind K -grammar G -n N -seed S -verdicts COMMAND
//	                                                    both, with the answers of COMMAND
//	oracle golden -folder FOLDER                        what the tests of the policy are held against
//	oracle scalars [-fields REGEX] [-v]                 what YAML makes of texts, on their way to Prometheus
//	oracle regexes -n N -seed S -answers COMMAND        random patterns, with the answers of COMMAND
//	oracle config -targets FILE                         the configuration of the ServiceMonitor on standard input
//	oracle exporter -metrics FILE                       an exporter of the file
//
// COMMAND reads requests and answers them, line for line. It is split at white space.
//
// The policy claims that nothing leaks through a monitor that it accepts, and names a namespace
// that does leak for most of those that it rejects. Neither claim is taken from its own model here:
// both are tried out on many inputs with the imported code of the two projects. What trying does
// not find may still exist, so that a rejection without a leak found is only counted, as imprecise, and
// too many of them are an error; a leak found in spite of acceptance is one by itself, and so is a
// named namespace that never comes through.
//
// Each configuration is tried as Prometheus 3 reads it and as Prometheus 2 does. Kind Pair draws a
// Prometheus and a monitor that it scrapes: where the policy accepts both, nothing may leak through the
// two together. Grammar limits draws what is large, repeated or odd: its report tells of each kind of
// trouble how often it was drawn. What may change the process that reads it is checked in another one
// (isolate.go). Of some monitors a sample is really scraped and stored, and it is an error by itself if
// that comes out otherwise than predicted (stored.go).
package main

import (
	"fmt"
	"os"
)

func main() {
	commands := map[string]func([]string) (bool, error){
		"generate":     generateCommand,
		"check":        checkCommand,
		"differential": differentialCommand,
		"golden":       goldenCommand,
		"config":       configCommand,
		"exporter":     exporterCommand,
		"scalars":      scalarsCommand,
		"regexes":      regexesCommand,
		// For itself only.
		"isolated": isolatedCommand,
		"scalar":   scalarCommand,
	}
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: oracle generate|check|differential|golden|scalars|regexes|config|exporter [flags]")
		os.Exit(2)
	}
	agrees, err := commands[os.Args[1]](os.Args[2:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "oracle:", err)
		os.Exit(2)
	}
	if !agrees {
		os.Exit(1)
	}
}
