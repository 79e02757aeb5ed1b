package redis

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/sightline-search/sightline"
)

func newClient(url string) (*redis.Client, error) {
	logging.Disable() // the library writes to stderr by itself; what matters comes back as an error
	o, err := redis.ParseURL(url)
	if err != nil { // without the cause, which repeats the password
		return nil, sightline.Errorf(sightline.CodeInvalid, "the address of the Redis server is not valid").
			WithParam("redis").WithHint("write redis://[user:password@]host[:port][/database], or rediss:// for TLS")
	}
	o.ContextTimeoutEnabled = true
	o.MaxRetries, o.DialerRetries = -1, 1 // trying again is call's matter: it knows how long
	o.PoolSize, o.PipelinePoolSize = connections, -1
	o.Protocol, o.DisableIdentity = 2, true
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return redis.NewClient(o), nil
}

// call runs a script, again and again while the server is away. All scripts may run twice: an answer can get lost.
func (q *Queue) call(ctx context.Context, script *redis.Script, keys []string, args ...any) ([]any, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		reply, err := q.tryOnce(ctx, script, keys, args)
		if err == nil {
			return reply, nil
		}
		if !isAway(err) {
			return nil, sightline.Errorf(sightline.CodeUnavailable, "the Redis server refuses to keep the work queue: %w", err).WithParam("redis").
				WithHint("it must be Redis 6.2 or newer with memory left, and the user must be allowed to run scripts")
		}
		if err := wait(ctx, retryAfter); err != nil {
			return nil, err
		}
	}
}

func (q *Queue) tryOnce(ctx context.Context, script *redis.Script, keys []string, args []any) ([]any, error) {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	return script.Run(ctx, q.client, keys, args...).Slice()
}

// isAway: the server cannot be reached just now, or says that it cannot answer yet.
func isAway(err error) bool {
	if errors.Is(err, redis.ErrClosed) {
		return false
	}
	if _, answered := errors.AsType[redis.Error](err); !answered {
		return true
	}
	for _, passing := range []string{"LOADING", "BUSY", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "ERR max number of clients"} {
		if strings.HasPrefix(err.Error(), passing) {
			return true
		}
	}
	return false
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
