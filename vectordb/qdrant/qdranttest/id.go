package qdranttest

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/qdrant/go-client/qdrant"
)

// pointID is a point's id: a number or a UUID.
type pointID struct {
	named  bool
	number uint64
	uuid   [16]byte
}

// compare orders numbers before UUIDs, as a server does.
func (a pointID) compare(b pointID) int {
	switch {
	case a.named != b.named && b.named:
		return -1
	case a.named != b.named:
		return 1
	}
	return cmp.Or(cmp.Compare(a.number, b.number), bytes.Compare(a.uuid[:], b.uuid[:]))
}

func (a pointID) String() string {
	if !a.named {
		return fmt.Sprint(a.number)
	}
	u := hex.EncodeToString(a.uuid[:])
	return strings.Join([]string{u[:8], u[8:12], u[12:16], u[16:20], u[20:]}, "-")
}

func (a pointID) proto() *qdrant.PointId {
	if a.named {
		return qdrant.NewIDUUID(a.String())
	}
	return qdrant.NewIDNum(a.number)
}

func parseID(id *qdrant.PointId) (pointID, error) {
	switch id := id.GetPointIdOptions().(type) {
	case *qdrant.PointId_Num:
		return pointID{number: id.Num}, nil
	case *qdrant.PointId_Uuid:
		u, err := hex.DecodeString(strings.ReplaceAll(id.Uuid, "-", ""))
		if err != nil || len(u) != 16 {
			return pointID{}, invalid("Unable to parse UUID: %s", id.Uuid)
		}
		return pointID{named: true, uuid: [16]byte(u)}, nil
	}
	return pointID{}, invalid("No ID options provided")
}

func parseIDs(list []*qdrant.PointId) ([]pointID, error) {
	ids := make([]pointID, len(list))
	for i, id := range list {
		var err error
		if ids[i], err = parseID(id); err != nil {
			return nil, err
		}
	}
	return ids, nil
}
