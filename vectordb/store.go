// Package vectordb is the contract of a store of images and their features: what is kept, what is found, what is
// durable when. It must not know how features are made or what a query means.
package vectordb

import (
	"context"
	"iter"

	"github.com/sightline-search/sightline"
)

// Record is everything that is stored of one image. CheckRecord says which ones are refused. Stores keep TakenAt and
// IndexedAt to the microsecond and give all times in UTC; they keep probabilities to at least float32 precision.
type Record struct {
	Image    sightline.Image
	Features sightline.Features
	Tags     []sightline.Tag // probabilities of labels and of the user's tags; those left out count as 0
}

// Scored is an image with its score: a dot product for Nearest, a probability for ByTag.
type Scored struct {
	ID    sightline.ImageID
	Score float64
}

// BadFile is a file that could not be indexed, remembered so that an unchanged one is not tried again.
type BadFile struct {
	File   sightline.File
	Code   sightline.Code
	Reason string
}

// Model names what stored data was made with.
type Model struct {
	Name    string // the bundle's name and version, for people
	Feature sightline.Fingerprint
	Scoring sightline.Fingerprint
}

// Stats is a summary for people and monitoring.
type Stats struct {
	Images   int
	Files    int
	BadFiles int
	Bytes    int64 // on disk, all told
	Model    Model // zero when nothing has been stored yet
}

// Order is the order in which Images lists.
type Order int

// The orders. Images without TakenAt are placed by IndexedAt.
const (
	ByID Order = iota
	Newest
	Oldest
)

// Reader finds things. All methods are safe for concurrent use, also while a Writer works, and see every write that
// returned before they were called, in this process or in another one. Unknown ids are left out of results, never an
// error. Every method honours the context. A filter that nests deeper than a store can evaluate (64 levels MUST work)
// is refused with CodeInvalid.
type Reader interface {
	// Nearest gives the k images under the filter with the largest dot product of vector and Features.Global, best
	// first, ties by id; k <= 0 gives none. The search MUST be exact or say otherwise in the driver's documentation;
	// fewer than k images are returned only when fewer match. A vector of another length than the stored ones is
	// refused with CodeIndexMismatch.
	Nearest(ctx context.Context, vector []float32, k int, filter sightline.Filter) ([]Scored, error)
	// ByTag gives the k images under the filter with the largest stored probability of the label, best first, ties by
	// id. Images without a stored probability for it do not appear. k <= 0 means all.
	ByTag(ctx context.Context, name string, k int, filter sightline.Filter) ([]Scored, error)
	// ByText gives up to k images under the filter for which every word of the text is the beginning of a word of the
	// camera or of one of the file names (base names), best match first. Words says what a word is; a text without
	// words, and k <= 0, give none.
	ByText(ctx context.Context, text string, k int, filter sightline.Filter) ([]sightline.ImageID, error)
	// Images streams the images under the filter in the given order (ties by id), without holding all of them in
	// memory. Iteration stops at the first error. Images written while it runs may appear or not. The loop may call the
	// store's other methods, except Close.
	Images(ctx context.Context, filter sightline.Filter, order Order) iter.Seq2[*sightline.Image, error]
	// Count gives the number of images under the filter.
	Count(ctx context.Context, filter sightline.Filter) (int, error)
	// IDs gives the ids of all images under the filter, in order.
	IDs(ctx context.Context, filter sightline.Filter) ([]sightline.ImageID, error)
	// Get gives the images with these ids, in the order of ids; an id that is asked for twice is given twice.
	Get(ctx context.Context, ids []sightline.ImageID) ([]*sightline.Image, error)
	// Features gives stored features by id.
	Features(ctx context.Context, ids []sightline.ImageID) (map[sightline.ImageID]sightline.Features, error)
	// Tags gives the stored probabilities by id, each image's largest first.
	Tags(ctx context.Context, ids []sightline.ImageID) (map[sightline.ImageID][]sightline.Tag, error)
	// UserTags gives the user's tags, in the order of the bytes of their names.
	UserTags(ctx context.Context) ([]UserTag, error)
	// Stats summarises.
	Stats(ctx context.Context) (Stats, error)
}

// Writer changes things. One process writes at a time: opening a second writer fails with CodeIndexLocked and the
// holder's process id. Every method is atomic and durable when it returns: after a kill or a power cut at any moment
// the store holds either all or nothing of it.
type Writer interface {
	// Put stores records, as if one after another. It is idempotent: a record with a known id replaces features, tags
	// and facts, and its files are added to the known ones. A file path belongs to one image: storing it under another
	// takes it from the first, and an image that has no file when the call ends is deleted. Stored bad files with these
	// paths are forgotten. SetModel comes first: before it, and for a global vector of another length than the stored
	// ones, Put fails with CodeIndexMismatch.
	Put(ctx context.Context, records []Record) error
	// SetTags replaces the stored probabilities of known images and leaves everything else.
	SetTags(ctx context.Context, tags map[sightline.ImageID][]sightline.Tag) error
	// PutUserTag stores a user's tag, replacing the one of its name, and at the same time its probabilities of known
	// images: they replace the stored ones of this tag, and a probability of 0 takes the tag off the image. What is
	// stored of other tags and of other images stays. A driver without transactions over many images stores the tag
	// itself last: what a kill leaves of a batch is written again, the same, when the batch is scored again.
	PutUserTag(ctx context.Context, tag UserTag, probabilities map[sightline.ImageID]float64) error
	// RemoveUserTag forgets a user's tag and takes it off all images, in every generation. What is no user's tag is left alone.
	RemoveUserTag(ctx context.Context, name string) error
	// AddFiles adds or refreshes places of known images, under the same rule as Put, in the order of ids.
	AddFiles(ctx context.Context, files map[sightline.ImageID][]sightline.File) error
	// RemoveFiles forgets places (of images and of bad files); images that lose their last one are deleted. Unknown
	// paths are fine.
	RemoveFiles(ctx context.Context, paths []string) error
	// PutBad remembers bad files, taking their paths from the images that had them.
	PutBad(ctx context.Context, bad []BadFile) error
	// SetModel says what the stored data is made with. It fails with CodeIndexMismatch when images are stored under
	// another feature fingerprint. A new scoring fingerprint is taken over; the caller then renews the tags (SetTags).
	SetModel(ctx context.Context, m Model) error
}

// Ledger is what incremental indexing needs to know: which files are known, and which of them are bad.
type Ledger interface {
	// Files streams the known places of images below the folder (or exactly at the path), sorted by the bytes of the
	// path; "/" and "" mean all. As with Images, the loop may call other methods, and sees other writes or not.
	Files(ctx context.Context, below string) iter.Seq2[KnownFile, error]
	// BadFiles streams the remembered bad files below the folder, sorted by path.
	BadFiles(ctx context.Context, below string) iter.Seq2[BadFile, error]
}

// KnownFile is a place and the image that lies there.
type KnownFile struct {
	File sightline.File
	ID   sightline.ImageID
}

// Store is a whole store. Close waits for running calls and releases the writer's lock; it may be called twice.
type Store interface {
	Reader
	Writer
	Ledger
	Generations
	Close() error
}
