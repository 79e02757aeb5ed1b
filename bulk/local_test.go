package bulk_test

import (
	"testing"

	"github.com/sightline-search/sightline/bulk"
	"github.com/sightline-search/sightline/bulk/bulktest"
)

func TestLocalQueue(t *testing.T) {
	bulktest.Run(t, func(*testing.T) bulktest.Join {
		q := bulk.Local()
		return func(*testing.T) bulk.Queue { return q }
	})
}
