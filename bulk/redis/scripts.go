package redis

import (
	_ "embed"

	"github.com/redis/go-redis/v9"
)

// Every step is a script: the server runs one at a time and as a whole, so that a kill loses and doubles nothing.
// All of them answer with a list whose first value is one of the words below.
var (
	//go:embed scripts/join.lua
	joinSource string
	//go:embed scripts/lead.lua
	leadSource string
	//go:embed scripts/offer.lua
	offerSource string
	//go:embed scripts/finish.lua
	finishSource string
	//go:embed scripts/take.lua
	takeSource string
	//go:embed scripts/keep.lua
	keepSource string
	//go:embed scripts/done.lua
	doneSource string
	//go:embed scripts/return.lua
	returnSource string
	//go:embed scripts/close.lua
	closeSource string
	//go:embed scripts/read.lua
	readSource string

	joinScript   = redis.NewScript(joinSource)
	leadScript   = redis.NewScript(leadSource)
	offerScript  = redis.NewScript(offerSource)
	finishScript = redis.NewScript(finishSource)
	takeScript   = redis.NewScript(takeSource)
	keepScript   = redis.NewScript(keepSource)
	doneScript   = redis.NewScript(doneSource)
	returnScript = redis.NewScript(returnSource)
	closeScript  = redis.NewScript(closeSource)
	readScript   = redis.NewScript(readSource)
)

// What a script answers.
const (
	yes      = "yes"
	no       = "no"       // not just now
	moved    = "moved"    // another process has begun the job meanwhile; its number follows
	other    = "other"    // a job with another model is at work; the feature fingerprint follows
	deposed  = "deposed"  // this process does not lead
	finished = "finished" // the job is over
	replaced = "replaced" // the job was left behind and a job with another model was begun
)

// word is the first value of an answer.
func word(answer []any) string { return text(answer, 0) }

// text is a value of an answer, "" where there is none.
func text(answer []any, i int) string {
	if i >= len(answer) {
		return ""
	}
	s, _ := answer[i].(string)
	return s
}

// number is a count in an answer, 0 where there is none.
func number(answer []any, i int) int {
	if i >= len(answer) {
		return 0
	}
	n, _ := answer[i].(int64)
	return int(n)
}
