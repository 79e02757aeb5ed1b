package main

import (
	"context"
	"time"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/bulk"
	"github.com/sightline-search/sightline/bulk/redis"
	"github.com/sightline-search/sightline/bundle"
)

// How often a process shows that it is alive.
const (
	localBeat  = 100 * time.Millisecond // the one process of a local job: only to look how far it is
	sharedBeat = time.Second
)

// canShareWork refuses a shared job that could not work, before anything is opened.
func (a *app) canShareWork() error {
	switch {
	case a.embedded():
		return sightline.Errorf(sightline.CodeInvalid, "--workers redis needs a store that many machines can write to; %s is one machine's", a.Store).
			WithParam("workers").WithHint("leave --workers out: reindex then uses all cores of this machine")
	case a.Redis == "":
		return sightline.Errorf(sightline.CodeInvalid, "--workers redis needs the address of the Redis server that hands out the work").
			WithParam("redis").WithHint("give it with --redis or SIGHTLINE_REDIS")
	}
	return nil
}

// openQueue opens what hands out the work, and says how often its processes show that they are alive.
func (a *app) openQueue(ctx context.Context, shared bool, b *bundle.Bundle) (bulk.Queue, time.Duration, error) {
	if !shared {
		return bulk.Local(), localBeat, nil
	}
	queue, err := redis.Open(ctx, redis.Options{
		URL: a.Redis, Job: a.Store, Feature: b.Manifest.FeatureFingerprint, Scoring: b.Manifest.ScoringFingerprint,
	})
	if err != nil {
		return nil, 0, err
	}
	return queue, sharedBeat, nil
}
