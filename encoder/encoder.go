// Package encoder turns images and texts into features with a bundle's graphs: image -> patches and global vector,
// text -> vector. It must not know stores, caches or queries.
package encoder
