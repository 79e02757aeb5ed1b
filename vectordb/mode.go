package vectordb

// Mode says what a store is opened for.
type Mode int

// The modes.
const (
	ReadOnly  Mode = iota // any number at a time, beside one writer
	ReadWrite             // one at a time: a second one gets CodeIndexLocked with the holder's process id
)
