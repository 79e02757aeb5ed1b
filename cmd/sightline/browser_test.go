package main

import (
	"net"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline/internal/ort/orttest"
)

const (
	yellowFlower = "a yellow flower"
	nonsense     = "qwxz vlorp zzgrmbl"
)

// TestPage drives the search page in Chromium, over the sample gallery and the model that ships.
func TestPage(t *testing.T) {
	browser := openChromium(t)
	p := newPlace(t)
	p.must(exitDone, "index", filepath.Join(orttest.Root(t), "gallery"))
	site := p.serve("--listen", "127.0.0.1:0").base
	tests := []struct {
		name string
		test func(t *testing.T, p *tab)
	}{
		{"start page", testStartPage},
		{"query", testQuery},
		{"nothing matches", testNothingMatches},
		{"enlarged view", testEnlargedView},
		{"keyboard", testKeyboard},
		{"similar images", testSimilarImages},
		{"search by a file", testSearchByFile},
		{"smallest probability", testSmallestProbability},
		{"query with a mistake", testSyntaxError},
		{"address and back", testAddressAndBack},
		{"reload", testReload},
		{"phone", testPhone},
		{"markup in a query", testMarkupInQuery},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { test.test(t, browser.open(t, site)) })
	}
	t.Run("key", func(t *testing.T) { testKey(t, browser, p) })
	t.Run("picture of the README", func(t *testing.T) { testScreenshot(t, browser.open(t, site)) })
}

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

func testStartPage(t *testing.T, p *tab) {
	p.wait(`document.querySelectorAll("#home .tile img.loaded").length > 3`)
	assert.Regexp(t, `^\d+ images · [\d,]+ tags`, p.text(".library"))
	assert.Equal(t, "query", p.evaluate(`document.activeElement.id`), "the search box has the focus")
	p.do(`document.querySelector(".chip").click()`)
	p.wait(`document.title.startsWith(document.querySelector("#query").value) && document.querySelector("#results .badge, #results .nothing")`)
	assert.Equal(t, true, p.evaluate(`document.querySelector("#home").hidden`))
}

func testQuery(t *testing.T, p *tab) {
	p.search(yellowFlower)
	hits := p.hits()
	require.NotEmpty(t, hits)
	yellow := 0
	for i, hit := range hits {
		if i > 0 {
			assert.LessOrEqual(t, hit.probability, hits[i-1].probability, "best first")
		}
		if i < 5 && strings.Contains(hit.name, "yellow") {
			yellow++
		}
	}
	assert.GreaterOrEqual(t, yellow, 3, "yellow flowers among the first five: %v", hits[:min(5, len(hits))])
	assert.Regexp(t, `^\d+ of \d+ images match · [\d.]+ m?s · \d+ decoded$`, p.text(".summary"))
}

func testNothingMatches(t *testing.T, p *tab) {
	p.search(nonsense)
	assert.Contains(t, p.text(".nothing h2"), "Nothing matches")
	assert.Contains(t, p.text(".nothing h2"), nonsense)
	assert.Regexp(t, `^None of \d+ images match`, p.text(".summary"))
	assert.Regexp(t, percentage, p.text(".nearest .probability"))
	p.do(`document.querySelector(".nearest .button").click()`)
	p.wait(`document.querySelectorAll("#results .badge").length > 0`)
}

func testEnlargedView(t *testing.T, p *tab) {
	p.search(yellowFlower)
	first, second := p.hits()[0].name, p.hits()[1].name
	p.enlarge()
	assert.Equal(t, first, p.text("#viewer-title"))
	assert.Contains(t, p.text(".match"), yellowFlower)
	assert.Regexp(t, percentage, p.text(".match .score-value"))
	assert.Contains(t, p.text(".facts"), filepath.FromSlash("gallery/"))
	p.do(`document.querySelector("#viewer .next").click()`)
	p.wait(`document.querySelector("#viewer-title").textContent === ` + strconv.Quote(second))
	p.do(`document.querySelector("#viewer .close").click()`)
	p.wait(`!document.querySelector("#viewer").open`)
	assert.NotContains(t, p.evaluate(`location.href`), "view=")
}

func testKeyboard(t *testing.T, p *tab) {
	p.search(yellowFlower)
	second := p.hits()[1].name
	p.do(`document.querySelector(".tile a").focus()`)
	p.run(chromedp.KeyEvent(kb.Enter))
	p.wait(`document.querySelector("#viewer").open`)
	p.run(chromedp.KeyEvent(kb.ArrowRight))
	p.wait(`document.querySelector("#viewer-title").textContent === ` + strconv.Quote(second))
	for range 12 { // the focus stays in the dialog
		p.run(chromedp.KeyEvent(kb.Tab))
		assert.Equal(t, true, p.evaluate(`document.querySelector("#viewer").contains(document.activeElement) || document.activeElement === document.body`))
	}
	p.run(chromedp.KeyEvent(kb.Escape))
	p.wait(`!document.querySelector("#viewer").open`)
	assert.Contains(t, p.evaluate(`document.activeElement.getAttribute("aria-label")`), second, "the focus is on the image that was shown last")
	p.run(chromedp.KeyEvent("/"))
	assert.Equal(t, "query", p.evaluate(`document.activeElement.id`))
}

func testSimilarImages(t *testing.T, p *tab) {
	p.search(yellowFlower)
	p.enlarge()
	p.do(`document.querySelector("#similar").click()`)
	p.wait(`location.search.startsWith("?like=") && document.querySelectorAll("#results .badge").length > 3`)
	assert.Contains(t, p.text(".summary"), "most similar first")
	assert.Regexp(t, `^[01]\.\d\d$`, p.text(".badge"), "a similarity is not shown as a probability")
	assert.Equal(t, false, p.evaluate(`document.querySelector("#viewer").open`))
}

func testSearchByFile(t *testing.T, p *tab) {
	file := filepath.Join(orttest.Root(t), "gallery", "animals", "zebra-cutout.png")
	p.run(chromedp.SetUploadFiles(chromedp.CSS("#image-file"), []string{file}))
	p.wait(`document.querySelectorAll("#results .badge").length > 3`)
	assert.Equal(t, "zebra-cutout.png", p.hits()[0].name, "an indexed image is most similar to itself")
}

func testSmallestProbability(t *testing.T, p *tab) {
	p.search(yellowFlower)
	all := len(p.hits())
	p.do(`const cut = document.querySelector("#cut"); cut.value = 0; cut.dispatchEvent(new Event("change"))`)
	p.wait(`location.search.includes("min=0") && document.querySelectorAll("#results .badge").length > ` + strconv.Itoa(all))
	p.do(`document.querySelector(".controls .link").click()`)
	p.wait(`!location.search.includes("min=") && document.querySelectorAll("#results .badge").length === ` + strconv.Itoa(all))
}

func testSyntaxError(t *testing.T, p *tab) {
	p.mayLog("400")
	p.search("(cat OR dog")
	assert.Contains(t, p.text(".problem pre"), "(cat OR dog")
	assert.Contains(t, p.text(".problem pre"), "^")
	assert.Equal(t, "query_syntax", p.text(".problem .code"))
}

func testAddressAndBack(t *testing.T, p *tab) {
	p.search(yellowFlower)
	assert.Contains(t, p.evaluate(`location.href`), "?q=a+yellow+flower")
	p.search("zebra")
	p.do(`history.back()`)
	p.wait(`document.querySelector("#query").value === "` + yellowFlower + `" && document.querySelector("#results .badge") !== null`)
	p.do(`history.back()`)
	p.wait(`document.querySelector("#home .tile a") !== null`)
	assert.Equal(t, "", p.evaluate(`document.querySelector("#query").value`))
}

func testPhone(t *testing.T, p *tab) {
	p.resize(390, 844)
	fits := func(state string) {
		t.Helper()
		assert.Equal(t, true, p.evaluate(`document.documentElement.scrollWidth <= innerWidth`), "%s is wider than a phone", state)
	}
	p.wait(`document.querySelector("#home .tile a") !== null`)
	fits("the start page")
	p.search(nonsense)
	fits("the empty answer")
	p.search(yellowFlower)
	fits("the results")
	p.enlarge()
	fits("the enlarged view")
	assert.Equal(t, true, p.evaluate(`document.querySelector(".panel").scrollWidth <= innerWidth`))
	p.do(`document.querySelector("#viewer .close").click()`)
	p.do(`document.querySelector("#syntax-button").click()`)
	p.wait(`document.querySelector("#syntax").matches(":popover-open")`)
	fits("the help")
}

func testMarkupInQuery(t *testing.T, p *tab) {
	p.search(`<img src=x onerror=alert(1)> flower`)
	assert.Equal(t, true, p.evaluate(`document.querySelector("#results img[onerror]") === null`))
}

func testReload(t *testing.T, p *tab) {
	p.search(yellowFlower)
	first := p.hits()[0].name
	p.enlarge()
	p.run(chromedp.Reload())
	p.wait(`document.querySelector("#viewer[open] .match") !== null`)
	assert.Equal(t, first, p.text("#viewer-title"))
}

// testKey serves on all addresses, as one does for other machines.
func testKey(t *testing.T, browser *chromium, place *place) {
	_, port, err := net.SplitHostPort(strings.TrimPrefix(place.serve("--listen", "0.0.0.0:0", "--api-key", "correct-horse").base, "http://"))
	require.NoError(t, err)
	p := browser.open(t, "http://127.0.0.1:"+port)
	p.mayLog("401")
	p.wait(`document.querySelector("#key-dialog").open`)
	p.run(chromedp.SendKeys(chromedp.CSS("#key"), "wrong"+kb.Enter))
	p.wait(`document.querySelector("#key-dialog").open && !document.querySelector("#key-wrong").hidden`)
	p.run(chromedp.SendKeys(chromedp.CSS("#key"), "correct-horse"+kb.Enter))
	p.wait(`document.querySelectorAll("#home .tile img.loaded").length > 3`)
	assert.Equal(t, true, p.evaluate(`document.querySelector(".tile img").src.startsWith("blob:")`), "pictures are fetched with the key")
	assert.Equal(t, false, p.evaluate(`document.querySelector("#key-dialog").open`))
	assert.Nil(t, p.evaluate(`localStorage.getItem("sightline-key")`), "the key stays in the tab")
}

var percentage = regexp.MustCompile(`^[<>]? ?[\d.]+ %$`)
