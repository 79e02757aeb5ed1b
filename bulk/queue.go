// Package bulk works through all images of an index, on this machine or on many: it offers batches of images to a queue,
// works off what it takes from there, and is resumable at any kill. It must not know stores, models or queue servers.
package bulk

import (
	"context"
	"errors"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/index"
)

// Item is an image to encode, with the paths at which it was last seen.
type Item = index.Source

// Batch is some images that one worker encodes, in the order of their ids.
type Batch struct {
	Items  []Item // at least one
	Ticket string // the queue's name for it, given by Take; "" before
}

// Last is the id of the batch's last image.
func (b Batch) Last() sightline.ImageID { return b.Items[len(b.Items)-1].ID }

// Failure is an image that could not be encoded, and why.
type Failure = index.Failure

// Progress is the sum over all workers, in images. Done includes Failed. A batch that is handed out twice counts once.
type Progress struct {
	Offered int
	Done    int
	Failed  int
}

// Idle says that everything that was offered is done.
func (p Progress) Idle() bool { return p.Done == p.Offered }

// What a queue answers in words.
var (
	// ErrFinished: the job is over, there is nothing to take any more.
	ErrFinished = errors.New("the job is finished")
	// ErrNotYet: Options.End could not end the job just now and is to be called again; what is missing then is done first.
	ErrNotYet = errors.New("the job cannot be ended yet")
	// ErrNotLeading: another process leads the job now.
	ErrNotLeading = errors.New("another process leads the job")
)

// Queue hands the batches of one job to its workers. A job is the building of one generation of one store; whoever
// opens a queue for it joins it, or begins it anew when it has been finished before. Every process of a job is equal: each calls Lead now and then, the one that leads offers
// batches, and all of them, the leader too, take batches and work them off.
//
// A queue promises: a batch that was offered is handed out until somebody has called Done for it, however many
// processes die; progress counts it once; and a process that dies leads, and holds its batches, no longer than the
// queue's lease. A batch can be worked by two workers at once, when the first was slow to Keep it: working a batch
// twice is harmless, since storing features is idempotent.
//
// Methods are safe for concurrent use and honour the context. When the queue's server is away they wait for it and try
// again, as long as the context lets them; other trouble is a *sightline.Error.
type Queue interface {
	// Lead makes this process the leader, or keeps it so, for one lease; false while another one leads. Whoever leads
	// calls it several times a lease.
	Lead(ctx context.Context) (bool, error)
	// Offered gives the last image of the batch that was offered last, "" before the first one: there a new leader goes on.
	// Batches are offered in the order of ids, and from the beginning again for images that the store has got meanwhile.
	Offered(ctx context.Context) (sightline.ImageID, error)
	// Offer adds a batch, and notes it for Offered, both or neither. Leader only: anybody else, also one who has led until
	// now, gets ErrNotLeading and nothing is added. While enough batches lie ready to be taken nothing is added either:
	// it is false, and the leader offers the batch again a moment later.
	Offer(ctx context.Context, b Batch) (added bool, err error)
	// Finish ends the job: everybody who is part of it gets ErrFinished from Take. Leader only, others get ErrNotLeading.
	// What the queue holds of the job may be forgotten when all of them can have noticed and have asked for Failures.
	Finish(ctx context.Context) error

	// Take waits for a batch and gives it to this worker for one lease: a new one, or one whose worker has let its lease
	// run out. ErrFinished when the job is over.
	Take(ctx context.Context) (Batch, error)
	// Keep prolongs the lease of a taken batch. A worker calls it several times a lease while it works; it is nil also
	// when the batch has been handed to somebody else meanwhile.
	Keep(ctx context.Context, b Batch) error
	// Done says that a taken batch is worked off: every image of it is stored or among the failures. The first Done of a
	// batch counts, later ones are fine and change nothing.
	Done(ctx context.Context, b Batch, failed []Failure) error
	// Return gives a taken batch back at once, for a worker that stops.
	Return(ctx context.Context, b Batch) error

	// Progress is the sum over all workers, dead ones too.
	Progress(ctx context.Context) (Progress, error)
	// Failures lists the images that could not be encoded, in the order of their ids, each once: as it failed last.
	Failures(ctx context.Context) ([]Failure, error)
	// Close leaves the job: a leader stops leading at once. What was taken should have been returned before.
	Close() error
}
