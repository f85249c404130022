package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"
	commonconfig "github.com/prometheus/common/config"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/discovery/targetgroup"
	"github.com/prometheus/prometheus/model/labels"
	prometheusscrape "github.com/prometheus/prometheus/scrape"
	"github.com/prometheus/prometheus/tsdb"
)

// Of some monitors, one sample is really scraped and stored, by Prometheus' own scrape manager and
// database: from an exporter in this process that exposes what was tried out, on a target that is handed
// over with the labels that discovery would have given it. What is stored decides whether the few lines
// here that merge and relabel (run.go) do the same.

const (
	// storedEvery is how often a target is scraped for it, and storedWithin how long it is waited for.
	storedEvery, storedWithin = 200 * time.Millisecond, 3 * time.Second
	// ordersPredicted is in how many orders the labels of a target are set to predict what is stored.
	ordersPredicted = 24
)

// reports are the samples that each scrape adds.
var reports = []string{
	"up", "scrape_duration_seconds", "scrape_samples_scraped", "scrape_samples_post_metric_relabeling", "scrape_series_added",
}

// stored is what was found in the database.
type stored struct {
	// series has their labels, as text, in order.
	series []string
	// namespaces are what their label `namespace` says.
	namespaces []string
	// isUp tells whether the exporter was reached and understood.
	isUp bool
}

// errNotExposed is why a sample cannot be tried out: the text format does not carry it.
var errNotExposed = fmt.Errorf("not exposed")

// observe scrapes and stores the sample. The difference is empty if what is stored was predicted.
func observe(r random, s sighting) (found stored, difference string, err error) {
	text, isText := exposition(s.exposed)
	if !isText {
		return stored{}, "", errNotExposed
	}
	loaded, err := config.Load(s.scrape.text, slog.New(slog.DiscardHandler))
	if err != nil {
		return stored{}, "", err
	}
	var of *config.ScrapeConfig
	for _, one := range loaded.ScrapeConfigs {
		if one.JobName == s.scrape.job {
			of = one
		}
	}
	of.ScrapeInterval, of.ScrapeTimeout = model.Duration(storedEvery), model.Duration(storedEvery)
	of.ServiceDiscoveryConfigs = nil
	loaded.ScrapeConfigs = []*config.ScrapeConfig{of}
	predicted := predict(r, scrape{
		honorLabels:    of.HonorLabels,
		relabels:       of.RelabelConfigs,
		metricRelabels: of.MetricRelabelConfigs,
		defaults:       defaultsOf(of),
	}, s)
	if len(predicted) == 0 {
		return stored{}, "", errNotExposed
	}
	if found, err = store(loaded, of, s.target, text); err != nil {
		return found, "", err
	}
	for _, one := range predicted {
		if slices.Equal(one.series, found.series) {
			return found, "", nil
		}
		if !found.isUp && slices.Equal(one.withoutSample, found.series) {
			return found, "", nil
		}
	}
	return found, fmt.Sprintf("stored:\n    %s\n  predicted:\n    %s",
		strings.Join(found.series, "\n    "), strings.Join(predicted[0].series, "\n    ")), nil
}

// prediction is what should be stored.
type prediction struct {
	series []string
	// withoutSample is what should be stored where the exporter cannot be reached: the address may be none.
	withoutSample []string
}

// predict returns what should be stored, for several orders in which labels are set.
func predict(r random, s scrape, of sighting) []prediction {
	var all []prediction
	b := labels.NewBuilder(labels.EmptyLabels())
	for range ordersPredicted {
		made, kept := s.scrapeTarget(b, assignment(of.target).list(r))
		if !kept || !made.isScrapable {
			continue
		}
		var p prediction
		for _, name := range reports {
			b.Reset(labels.FromStrings(model.MetricNameLabel, name))
			// A label is set to make room for, and empty: what the target itself calls so is lost.
			made.labels.Range(func(l labels.Label) {
				b.Set(model.ExportedLabelPrefix+l.Name, "")
				b.Set(l.Name, l.Value)
			})
			p.withoutSample = append(p.withoutSample, b.Labels().String())
		}
		p.series = slices.Clone(p.withoutSample)
		if kept, isKept := s.ingest(b, made, labels.FromMap(of.exposed)); isKept {
			final := kept.labels.WithoutEmpty()
			// Without a name, Prometheus takes the whole scrape for failed.
			if final.Has(model.MetricNameLabel) && final.IsValid(model.UTF8Validation) {
				p.series = append(p.series, final.String())
			}
		}
		slices.Sort(p.series)
		slices.Sort(p.withoutSample)
		p.series = slices.Compact(p.series)
		all = append(all, p)
	}
	return all
}

var (
	exposableName   = regexp.MustCompile(`\A[a-zA-Z_:][a-zA-Z0-9_:]*\z`)
	exposableLabel  = regexp.MustCompile(`\A[a-zA-Z_][a-zA-Z0-9_]*\z`)
	escapedForValue = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)
)

// exposition writes the sample in Prometheus' text format, if that can carry it.
func exposition(exposed map[string]string) (string, bool) {
	name := exposed[model.MetricNameLabel]
	if !exposableName.MatchString(name) {
		return "", false
	}
	var pairs []string
	for _, label := range slices.Sorted(maps.Keys(exposed)) {
		if label == model.MetricNameLabel {
			continue
		}
		value := exposed[label]
		if !exposableLabel.MatchString(label) || !utf8.ValidString(value) {
			return "", false
		}
		pairs = append(pairs, label+`="`+escapedForValue.Replace(value)+`"`)
	}
	return name + "{" + strings.Join(pairs, ",") + "} 1\n", true
}

// store scrapes the target until something of it is stored.
func store(loaded *config.Config, of *config.ScrapeConfig, discovered map[string]string, text string) (found stored, err error) {
	exporter := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		// A scrape that ends early is tried again.
		_, _ = io.WriteString(w, text)
	}))
	defer exporter.Close()
	// Whatever the target's address is, this is where its exporter is.
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, exporter.Listener.Addr().String())
	}

	folder, err := os.MkdirTemp("", "oracle")
	if err != nil {
		return found, err
	}
	defer os.RemoveAll(folder)
	options := tsdb.DefaultOptions()
	options.WALSegmentSize = -1
	options.StripeSize = 64
	logger := slog.New(slog.DiscardHandler)
	db, err := tsdb.Open(folder, logger, nil, options, nil)
	if err != nil {
		return found, err
	}
	defer db.Close()

	manager, err := prometheusscrape.NewManager(&prometheusscrape.Options{
		DiscoveryReloadOnStartup: true,
		HTTPClientOptions:        []commonconfig.HTTPClientOption{commonconfig.WithDialContextFunc(dial)},
	}, logger, nil, nil, db, prometheus.NewRegistry())
	if err != nil {
		return found, err
	}
	if err := manager.ApplyConfig(loaded); err != nil {
		return found, err
	}
	target := model.LabelSet{}
	for name, value := range discovered {
		target[model.LabelName(name)] = model.LabelValue(value)
	}
	discovery := make(chan map[string][]*targetgroup.Group, 1)
	discovery <- map[string][]*targetgroup.Group{of.JobName: {{Targets: []model.LabelSet{target}, Source: "0"}}}
	var running sync.WaitGroup
	running.Go(func() { _ = manager.Run(discovery) })
	defer running.Wait()
	defer manager.Stop()
	for deadline := time.Now().Add(storedWithin); len(found.series) == 0 && time.Now().Before(deadline); {
		time.Sleep(storedEvery / 10)
		if found, err = contentOf(db); err != nil {
			return found, err
		}
	}
	return found, nil
}

// contentOf returns what is in the database.
func contentOf(db *tsdb.DB) (found stored, err error) {
	querier, err := db.Querier(math.MinInt64, math.MaxInt64)
	if err != nil {
		return found, err
	}
	defer querier.Close()
	everything := labels.MustNewMatcher(labels.MatchRegexp, model.MetricNameLabel, ".*")
	all := querier.Select(context.Background(), true, nil, everything)
	for all.Next() {
		series := all.At()
		found.series = append(found.series, series.Labels().String())
		found.namespaces = append(found.namespaces, series.Labels().Get("namespace"))
		if series.Labels().Get(model.MetricNameLabel) == "up" {
			for values := series.Iterator(nil); values.Next() != 0; {
				_, value := values.At()
				found.isUp = found.isUp || value == 1
			}
		}
	}
	slices.Sort(found.series)
	return found, all.Err()
}

// selection says of which monitors a sample is stored. It is for several goroutines.
type selection struct {
	lock               sync.Mutex
	accepted, rejected int
	spent              time.Duration
}

const (
	// Of the first ones, each is chosen; after that, one in so many.
	firstStored, acceptedPerStored, rejectedPerStored = 24, 100, 50
	// mostSpent is how long storing takes at most.
	mostSpent = time.Minute
)

func (s *selection) chooses(isAccepted bool) bool {
	s.lock.Lock()
	defer s.lock.Unlock()
	count, per := &s.rejected, rejectedPerStored
	if isAccepted {
		count, per = &s.accepted, acceptedPerStored
	}
	*count++
	return (*count <= firstStored || *count%per == 0) && s.spent < mostSpent
}

func (s *selection) spend(since time.Time) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.spent += time.Since(since)
}
