package redis

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/cache"
)

const (
	connections    = 8               // at most: a round trip is a fraction of a millisecond
	connectTimeout = 2 * time.Second // of a new connection with its handshake; nobody waits for it
)

// newClient connects nothing yet. Every command gets its time from its context, and none is tried twice: by then the
// caller has made the value anew.
func newClient(url string) (*redis.Client, error) {
	logging.Disable() // the library writes to stderr by itself; what matters comes back as an error
	o, err := redis.ParseURL(url)
	if err != nil { // without the cause, which repeats the password
		return nil, sightline.Errorf(sightline.CodeInvalid, "the address of the Redis server is not valid").
			WithParam("redis").WithHint("write redis://[user:password@]host[:port][/database], or rediss:// for TLS")
	}
	o.ContextTimeoutEnabled = true
	o.MaxRetries, o.DialerRetries = -1, 1
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = connectTimeout, connectTimeout, connectTimeout, connectTimeout
	o.PoolSize, o.MaxActiveConns, o.PipelinePoolSize = connections, connections, -1
	o.Protocol, o.DisableIdentity = 2, true // plain requests and replies are all that is needed
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return redis.NewClient(o), nil
}

// probe asks whether the server answers, and within the budget once it is connected.
func (c *Cache) probe(ctx context.Context) error {
	connect, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	if err := c.client.Ping(connect).Err(); err != nil {
		return err
	}
	quick, cancel := context.WithTimeout(ctx, c.options.Budget)
	defer cancel()
	return c.client.Ping(quick).Err()
}

// writeBudgets is how many budgets a batch of writes may take: nobody waits for it.
const writeBudgets = 10

// store writes a batch in one round trip. A server that refuses values, as a full one does, is still worth reading from.
func (c *Cache) store(ctx context.Context, batch []*cache.Entry) []bool {
	ctx, cancel := context.WithTimeout(ctx, writeBudgets*c.options.Budget)
	defer cancel()
	pipe := c.client.Pipeline()
	replies := make([]*redis.StatusCmd, len(batch))
	for i, e := range batch {
		replies[i] = pipe.Set(ctx, c.keyOf(e.Key), sealFrame(e.Key, e.Value), c.options.TTL)
	}
	_, err := pipe.Exec(ctx)
	_, refused := errors.AsType[redis.Error](err)
	switch {
	case refused:
		c.errors.Add(1)
	case err != nil:
		c.fail(err)
	default:
		c.gate.succeeded()
	}
	stored := make([]bool, len(batch))
	for i, reply := range replies {
		stored[i] = reply.Err() == nil
	}
	return stored
}
