package embedded

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/sightline-search/sightline"
)

// compile turns a filter without TagOver into a condition on "images i" with its parameters. The condition is 0 or 1,
// never NULL, and means exactly what sightline.MatchFilter does.
func compile(f sightline.Filter) (where string, args []any, err error) {
	b := &conditions{}
	where, err = b.compile(f)
	return where, b.args, err
}

// conditions collects parameters in the order in which they appear in the condition.
type conditions struct{ args []any }

func (b *conditions) compile(f sightline.Filter) (string, error) {
	switch f := f.(type) {
	case sightline.And:
		return b.all(f, "AND", "1")
	case sightline.Or:
		return b.all(f, "OR", "0")
	case sightline.Not:
		of, err := b.compile(f.Of)
		return "NOT (" + of + ")", err
	default:
		return b.leaf(f)
	}
}

func (b *conditions) all(parts []sightline.Filter, operator, empty string) (string, error) {
	if len(parts) == 0 {
		return empty, nil
	}
	compiled := make([]string, len(parts))
	for i, part := range parts {
		var err error
		if compiled[i], err = b.compile(part); err != nil {
			return "", err
		}
	}
	return balanced(compiled, operator), nil
}

// balanced joins conditions into a tree whose depth is the logarithm of their number.
func balanced(parts []string, operator string) string {
	if len(parts) == 1 {
		return parts[0]
	}
	half := len(parts) / 2
	return "(" + balanced(parts[:half], operator) + " " + operator + " " + balanced(parts[half:], operator) + ")"
}

func (b *conditions) leaf(f sightline.Filter) (string, error) {
	switch f := f.(type) {
	case nil:
		return "1", nil
	case sightline.PathGlob:
		return b.add(`EXISTS (SELECT 1 FROM files WHERE files.image = i.row AND path_matches(?, files.path))`, string(f)), nil
	case sightline.NameGlob:
		return b.add(`EXISTS (SELECT 1 FROM files WHERE files.image = i.row AND name_matches(?, files.path))`, string(f)), nil
	case sightline.TakenIn:
		return b.takenIn(f), nil
	case sightline.CameraHas:
		return b.add(`instr(i.camera_fold, ?) > 0`, strings.ToLower(string(f))), nil
	case sightline.SizeIn:
		most := f.MaxPixels
		if most == 0 {
			most = math.MaxInt64
		}
		return b.add(`i.width * i.height BETWEEN ? AND ?`, f.MinPixels, most), nil
	case sightline.FormatIs:
		return b.add(`lower(i.format) = ?`, strings.ToLower(string(f))), nil
	case sightline.IDIn:
		return b.add(`i.id IN (SELECT value FROM json_each(?))`, idList(f)), nil
	default:
		return "", fmt.Errorf("a filter of type %T has no condition in SQL", f)
	}
}

func (b *conditions) takenIn(f sightline.TakenIn) string {
	condition := "i.taken_at IS NOT NULL"
	if !f.From.IsZero() {
		condition += b.add(" AND i.taken_at >= ?", ceilMicros(f.From))
	}
	if !f.To.IsZero() {
		condition += b.add(" AND i.taken_at < ?", ceilMicros(f.To))
	}
	return "(" + condition + ")"
}

func (b *conditions) add(condition string, args ...any) string {
	b.args = append(b.args, args...)
	return condition
}

// ceilMicros rounds up, because stored times are whole microseconds.
func ceilMicros(t time.Time) int64 {
	return t.Add(time.Microsecond - time.Nanosecond).UnixMicro()
}
