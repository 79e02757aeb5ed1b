package bench

import "fmt"

func serviceRows(r *Report) [][]string {
	if r.Service == nil {
		return nil
	}
	s := r.Service
	rows := [][]string{
		{"answers a second, 64 clients to one", ratio(s.ThroughputHolds), fmt.Sprintf("%d images", s.Images)},
		{"CPU time of an answer, 64 clients to one", ratio(s.CPUHolds), ""},
		{"answers a second, least step to more clients", ratio(s.LeastStep), ""},
		{"p99 to p50, 16 clients", ratio(s.TailRatio), ""},
		{"first search after a start to the tenth", ratio(s.FirstToTenth), "without warming " + ratio(s.ColdToTenth)},
	}
	for _, l := range s.Loads {
		rows = append(rows, speedRow(l.Clients, "new texts", l.New), speedRow(l.Clients, "repeated", l.Repeated))
	}
	return rows
}

func speedRow(clients int, what string, s Speed) []string {
	return []string{
		fmt.Sprintf("%d clients, %s", clients, what), fmt.Sprintf("%.1f/s", s.PerSecond),
		fmt.Sprintf("p50 %.0f ms, p99 %.0f ms, waiting %.0f ms, text %.1f ms, CPU %.1f ms", s.P50, s.P99, s.Wait, s.Text, s.CPU),
	}
}

func latencyRows(r *Report) [][]string {
	if r.Latency == nil {
		return nil
	}
	var rows [][]string
	for _, p := range append(r.Latency.ByCandidates, r.Latency.BySize...) {
		rows = append(rows, []string{
			fmt.Sprintf("search, %d images, %d candidates", p.Images, p.Candidates), fmt.Sprintf("%.1f ms", p.Total),
			fmt.Sprintf("text %.1f, retrieve %.1f, fetch %.1f, decode %.1f ms", p.Text, p.Retrieve, p.Fetch, p.Decode),
		})
	}
	return rows
}

func pythonRows(r *Report) [][]string {
	p := r.Python
	if p == nil {
		return nil
	}
	return [][]string{
		{"indexing, Python's time to Sightline's", ratio(p.IndexRatio), fmt.Sprintf("%.1f and %.1f images/s, %d images; CPU time %s", p.IndexPython, p.Index, p.Images, ratio(p.IndexCPURatio))},
		{"a query, Python's time to Sightline's", ratio(p.QueryRatio), fmt.Sprintf("%.1f and %.1f ms; CPU time %s; the same image first %.0f %%", p.QueryPython, p.Query, ratio(p.QueryCPURatio), 100*p.SameBest)},
	}
}

func ratio(v float64) string { return fmt.Sprintf("%.2fx", v) }
