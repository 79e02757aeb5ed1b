// Package sightline is the vocabulary of Sightline, a semantic image index: what an image, a tag, a hit, a filter, a
// fingerprint and an error are. Every other package speaks in these words; this one imports none of them, knows no
// file format, no model, no store and no transport.
package sightline
