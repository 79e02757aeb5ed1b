package qdranttest

import (
	"cmp"
	"slices"
	"time"

	"github.com/qdrant/go-client/qdrant"
)

// ordered is a point with the value that it is ordered by. Integers and moments (microseconds) compare exactly.
type ordered struct {
	*point
	value *qdrant.OrderValue
}

func (a ordered) compare(b ordered) int {
	return cmp.Or(compareValues(a.value, b.value), a.id.compare(b.id))
}

func compareValues(a, b *qdrant.OrderValue) int {
	x, isFloat := a.GetVariant().(*qdrant.OrderValue_Float)
	if isFloat {
		return cmp.Compare(x.Float, b.GetFloat())
	}
	return cmp.Compare(a.GetInt(), b.GetInt())
}

// ordered gives the points under the filter that have a value in the field, by value and then id, from the wanted value
// on. A point with several values comes once a value.
func (c *collection) ordered(filter *qdrant.Filter, by *qdrant.OrderBy) ([]ordered, error) {
	path, err := parseKey(by.GetKey())
	if err != nil {
		return nil, err
	}
	kind := c.indexes[by.GetKey()]
	switch kind {
	case qdrant.PayloadSchemaType_Integer, qdrant.PayloadSchemaType_Float, qdrant.PayloadSchemaType_Datetime:
	default:
		return nil, wrongInput("No range index for `order_by` key: `%s`. Please create one to use `order_by`.", by.GetKey())
	}
	begins, err := start(by)
	if err != nil {
		return nil, err
	}
	found, err := c.under(filter)
	if err != nil {
		return nil, err
	}
	var list []ordered
	for _, p := range found {
		for _, v := range flat(values(p.payload, path)) {
			if value := orderValue(kind, v); value != nil && begins(value) {
				list = append(list, ordered{p, value})
			}
		}
	}
	slices.SortFunc(list, ordered.compare)
	if by.GetDirection() == qdrant.Direction_Desc {
		slices.Reverse(list)
	}
	return list, nil
}

// orderValue is what an index of the kind holds of a value; nil when nothing.
func orderValue(kind qdrant.PayloadSchemaType, v *qdrant.Value) *qdrant.OrderValue {
	switch kind {
	case qdrant.PayloadSchemaType_Integer:
		if n, ok := v.GetKind().(*qdrant.Value_IntegerValue); ok {
			return integerOrder(n.IntegerValue)
		}
	case qdrant.PayloadSchemaType_Float:
		if x, ok := number(v); ok {
			return &qdrant.OrderValue{Variant: &qdrant.OrderValue_Float{Float: x}}
		}
	default:
		if t, ok := moment(v); ok {
			return integerOrder(t.UnixMicro())
		}
	}
	return nil
}

func integerOrder(n int64) *qdrant.OrderValue {
	return &qdrant.OrderValue{Variant: &qdrant.OrderValue_Int{Int: n}}
}

// start says from where on an order begins: the bound itself is included. A server compares numbers as doubles here.
func start(by *qdrant.OrderBy) (func(*qdrant.OrderValue) bool, error) {
	from := by.GetStartFrom()
	var bound float64
	switch v := from.GetValue().(type) {
	case nil:
		return func(*qdrant.OrderValue) bool { return true }, nil
	case *qdrant.StartFrom_Integer:
		bound = float64(v.Integer)
	case *qdrant.StartFrom_Float:
		bound = v.Float
	case *qdrant.StartFrom_Timestamp:
		bound = float64(v.Timestamp.AsTime().UnixMicro())
	case *qdrant.StartFrom_Datetime:
		t, err := time.Parse(time.RFC3339Nano, v.Datetime)
		if err != nil {
			return nil, invalid("Unable to parse datetime: %s", v.Datetime)
		}
		bound = float64(t.UnixMicro())
	}
	return func(v *qdrant.OrderValue) bool {
		x := v.GetFloat()
		if n, ok := v.GetVariant().(*qdrant.OrderValue_Int); ok {
			x = float64(n.Int)
		}
		if by.GetDirection() == qdrant.Direction_Desc {
			return x <= bound
		}
		return x >= bound
	}, nil
}
