package embedded

import (
	"database/sql/driver"
	"fmt"
	"sync"

	"modernc.org/sqlite"

	"github.com/sightline-search/sightline"
)

// sqliteDriver is a SQLite driver with the functions path_matches(pattern, path) and name_matches(pattern, path), so
// that patterns mean in SQL exactly what they mean in sightline.MatchFilter. One for the process: SQLite keeps
// registered functions for good.
var sqliteDriver = sync.OnceValue(func() *sqlite.Driver {
	d := &sqlite.Driver{}
	d.MustRegisterDeterministicScalarFunction("path_matches", 2, match(func(pattern, path string) bool {
		return sightline.PathGlob(pattern).Matches(path)
	}))
	d.MustRegisterDeterministicScalarFunction("name_matches", 2, match(func(pattern, path string) bool {
		return sightline.NameGlob(pattern).Matches(path)
	}))
	return d
})

func match(ok func(pattern, path string) bool) func(*sqlite.FunctionContext, []driver.Value) (driver.Value, error) {
	return func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
		pattern, isText := args[0].(string)
		path, alsoText := args[1].(string)
		if !isText || !alsoText {
			return nil, fmt.Errorf("a pattern and a path are texts, not %T and %T", args[0], args[1])
		}
		if ok(pattern, path) {
			return int64(1), nil
		}
		return int64(0), nil
	}
}
