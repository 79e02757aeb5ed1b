// Package flat keeps the vectors and tags of images in files that never change, maps them into memory and searches them
// exactly: a scan of 8-bit codes proposes, the full vectors decide. It must not know SQLite, commits or filters.
package flat
