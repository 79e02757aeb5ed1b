package flat

// dotsGo gives the dot product of the query with the codes in the slots, or in the first len(out) slots when slots is
// nil. It is what dots does where there is no C compiler, and what the tests hold dots to.
func dotsGo(codes []int8, query []int16, slots []uint32, out []int32) {
	for i := range out {
		slot := i
		if slots != nil {
			slot = int(slots[i])
		}
		code := codes[slot*len(query):][:len(query)]
		var sum int32
		for d, x := range query {
			sum += int32(code[d]) * int32(x)
		}
		out[i] = sum
	}
}
