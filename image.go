package sightline

import "time"

// ImageID is the identity of an image: the lower-case hex SHA-256 of its file's bytes (64 characters). Moving or
// renaming a file keeps it; two files with equal bytes are one image with two paths.
type ImageID string

// Valid reports whether id has the form of an ImageID.
func (id ImageID) Valid() bool {
	if len(id) != 64 {
		return false
	}
	for _, c := range []byte(id) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// File is one place where an image lies: what is needed to tell, without reading it again, that it has not changed.
type File struct {
	Path    string    // absolute and clean
	Size    int64     // bytes
	ModTime time.Time // as the file system gives it, nanoseconds kept
}

// Image is what is known of an indexed image besides its features.
type Image struct {
	ID        ImageID
	Files     []File    // sorted by path; never empty for a stored image
	Format    string    // "jpeg", "png", "gif", "webp", "bmp" or "tiff"
	Width     int       // pixels, after EXIF orientation
	Height    int       // pixels, after EXIF orientation
	TakenAt   time.Time // from EXIF; zero when unknown
	Camera    string    // EXIF make and model; empty when unknown
	IndexedAt time.Time
}

// Path is the image's first path, the one that is shown.
func (img *Image) Path() string {
	if len(img.Files) == 0 {
		return ""
	}
	return img.Files[0].Path
}

// Bytes is the size of the image's file.
func (img *Image) Bytes() int64 {
	if len(img.Files) == 0 {
		return 0
	}
	return img.Files[0].Size
}

// Tag is a label of the bundle or a tag of the user's, with the probability that it applies to an image.
type Tag struct {
	Name        string
	Probability float64 // calibrated, 0..1
}

// Fingerprint identifies one half of a model bundle: lower-case hex SHA-256. Stored features are valid only under the
// feature fingerprint they were made with, stored probabilities only under both.
type Fingerprint string

// Features is what the image encoder makes of one image.
type Features struct {
	Global  []float32 // [E], L2-normalised
	Patches []byte    // [T x D] in the bundle's dtype, little-endian; opaque outside the model graphs
}

// TextFeatures is what the text encoder makes of one text.
type TextFeatures struct {
	IDs    []int64   // [L] token ids with the special ones, unpadded
	Vector []float32 // [E'], L2-normalised
	Tokens []float32 // [L x E'], row-major; nil when the bundle's query state does not need them
}

// TextQuery is a text ready for retrieval and for the decoder: everything that the text alone decides. It is what the
// cache holds.
type TextQuery struct {
	Vector []float32 // [E], the text's place in the space of Features.Global
	State  []float32 // [S], opaque input of the decoder
}
