// Package redis is the work queue of a bulk job on a Redis server, for workers on many machines: a stream of batches
// with a consumer group, a lease of the leader and one of each batch, and counts that change together with what they
// count. It must not know what is done to the images.
package redis

import (
	"context"
	"crypto/rand"
	"errors"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/bulk"
)

// Options say which job of which server.
type Options struct {
	URL string // redis://[user:password@]host[:port][/database], or rediss:// for TLS
	Job string // what is worked on, the same for all processes of the job: the store, by a name that all of them give it
	// What the job makes. A process with another model is refused while the job has processes.
	Feature, Scoring sightline.Fingerprint
	Lease            time.Duration // how long a process that does not show itself leads and holds batches; 0 is DefaultLease
	Ready            int           // batches that may lie ready to be taken; 0 is DefaultReady
}

// Defaults of Options.
const (
	DefaultLease = 10 * time.Second // longer than a busy machine forgets about a process
	DefaultReady = 256
)

const (
	openTimeout  = 5 * time.Second // for the first answer: an address may be wrong
	tryTimeout   = 5 * time.Second // for every later one; then it is tried again
	retryAfter   = 200 * time.Millisecond
	closeTimeout = time.Second
	connections  = 16
)

// Queue is a bulk.Queue on a Redis server.
type Queue struct {
	options Options
	client  *redis.Client
	me      string // this process, in the leader's lease and in the group
	keys    keys
}

var _ bulk.Queue = (*Queue)(nil)

// keyPrefix is in front of every key; its number is the version of what lies there. What follows is in braces, so that a
// cluster keeps the keys of a job on one node.
const keyPrefix = "sightline:bulk:1:"

// keys are those of one run of a job, from its beginning to its end.
type keys struct {
	run      string // number of the latest run, shared by all runs
	state    string // hash: model, counts, what was offered last, whether it is over
	batches  string // stream: batches that are not done
	failures string // hash: image -> failure
	leader   string // who leads, for a lease
	number   int
}

func keysOf(job string, number int) keys {
	prefix := keyPrefix + "{" + job + "}:"
	run := prefix + strconv.Itoa(number) + ":"
	return keys{run: prefix + "run", state: run + "state", batches: run + "batches", failures: run + "failures", leader: run + "leader", number: number}
}

// Open joins the job, or begins it anew when it has been finished or has been left behind by another model.
func Open(ctx context.Context, o Options) (*Queue, error) {
	if o.Lease == 0 {
		o.Lease = DefaultLease
	}
	if o.Ready == 0 {
		o.Ready = DefaultReady
	}
	client, err := newClient(o.URL)
	if err != nil {
		return nil, err
	}
	q := &Queue{options: o, client: client, me: rand.Text()}
	first, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	if err := client.Ping(first).Err(); err != nil {
		err = sightline.Errorf(sightline.CodeUnavailable, "the Redis server of the work queue does not answer: %w", err).
			WithParam("redis").WithHint("start it, or correct --redis; without --workers redis this machine works alone")
		return nil, errors.Join(err, client.Close())
	}
	if err := q.join(ctx); err != nil {
		return nil, errors.Join(err, client.Close())
	}
	return q, nil
}
