package main

// sighting is a sample that came through: what is to be scraped to see it stored.
type sighting struct {
	scrape  scrape
	target  map[string]string
	exposed map[string]string
}

// sightings are some of the samples that came through.
type sightings struct {
	all   []sighting
	count int
}

// mostSightings is how many are kept.
const mostSightings = 3

// add keeps a sample, or forgets it: each has the same chance. Only a Prometheus 3 is there to store it.
func (s *sightings) add(r random, t *trial, scraped target, exposed map[string]string) {
	if s == nil || t.scrape.before3 || !scraped.isScrapable {
		return
	}
	if _, isText := exposition(exposed); !isText {
		return
	}
	s.count++
	if len(s.all) == mostSightings && !r.chance(mostSightings/float64(s.count)) {
		return
	}
	discovered := map[string]string{}
	for _, l := range scraped.discovered {
		discovered[l.Name] = l.Value
	}
	one := sighting{t.scrape, discovered, exposed}
	if len(s.all) < mostSightings {
		s.all = append(s.all, one)
	} else {
		s.all[r.IntN(mostSightings)] = one
	}
}
