package main

import (
	"time"
	"unicode/utf8"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/model/labels"
	prometheusscrape "github.com/prometheus/prometheus/scrape"
)

// defaultsOf are the labels that a target gets which has none of the name: the job's name, and what says
// how to scrape.
func defaultsOf(of *config.ScrapeConfig) []labels.Label {
	b := labels.NewBuilder(labels.EmptyLabels())
	prometheusscrape.PopulateDiscoveredLabels(b, of, nil, nil)
	var all []labels.Label
	b.Labels().Range(func(l labels.Label) { all = append(all, l) })
	return all
}

// isScrapable tells whether Prometheus takes the target after it was relabeled. The model does without
// this: of what leaks, some could not be scraped.
func isScrapable(b *labels.Builder) bool {
	addressed := model.LabelValue(b.Get(address))
	if addressed == "" || config.CheckTargetAddress(addressed) != nil {
		return false
	}
	every, err := model.ParseDuration(b.Get(model.ScrapeIntervalLabel))
	if err != nil {
		return false
	}
	within, err := model.ParseDuration(b.Get(model.ScrapeTimeoutLabel))
	if err != nil || time.Duration(within) == 0 || within > every {
		return false
	}
	isText := true
	b.Range(func(l labels.Label) {
		isText = isText && l.Name != "" && utf8.ValidString(l.Name) && utf8.ValidString(l.Value)
	})
	return isText
}
