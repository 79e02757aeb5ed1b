package main

import (
	"strconv"
	"strings"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// hit is a result as a person reads it.
type hit struct {
	name        string
	probability float64 // percent
}

// search types a query and waits for the answer.
func (p *tab) search(query string) {
	p.t.Helper()
	p.do(`document.querySelector("#query").value = ""`)
	p.run(chromedp.SendKeys(chromedp.CSS("#query"), query+kb.Enter))
	p.wait(`document.title.startsWith(` + strconv.Quote(query) + `) && document.querySelector("#results .grid:not(.skeleton), #results .notice")`)
}

// hits reads the results.
func (p *tab) hits() (hits []hit) {
	p.t.Helper()
	tiles := p.evaluate(`[...document.querySelectorAll("#results .tile")].map((tile) =>
		({ name: tile.querySelector(".name").textContent, badge: tile.querySelector(".badge").textContent }))`)
	for _, tile := range tiles.([]any) {
		fields := tile.(map[string]any)
		probability, err := strconv.ParseFloat(strings.Trim(fields["badge"].(string), "<> %"), 64)
		require.NoError(p.t, err)
		hits = append(hits, hit{fields["name"].(string), probability})
	}
	return hits
}

// enlarge opens the first result and waits until everything of it is shown.
func (p *tab) enlarge() {
	p.t.Helper()
	p.do(`document.querySelector("#results .tile a").click()`)
	p.wait(`document.querySelector("#viewer[open] .facts")?.textContent.includes("Indexed")`)
}
