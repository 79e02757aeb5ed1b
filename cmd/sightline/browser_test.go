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
	rightKey     = "correct-horse"
)

// TestPage drives the search page in Chromium, over the sample gallery and the model that ships.
func TestPage(t *testing.T) {
	browser := openChromium(t)
	p := newPlace(t)
	p.must(exitDone, "index", filepath.Join(orttest.Root(t), "gallery"))
	site := p.serve("--listen", "127.0.0.1:0").base
	tests := []struct {
		name string
		test func(p *tab)
	}{
		{"start page", testStartPage},
		{"query", testQuery},
		{"nothing matches", testNothingMatches},
		{"enlarged view", testEnlargedView},
		{"keyboard", testKeyboard},
		{"similar images", testSimilarImages},
		{"search by a file", testSearchByFile},
		{"search by a pasted image", testSearchByPastedImage},
		{"smallest probability", testSmallestProbability},
		{"facts alone", testFactsAlone},
		{"tags", testTags},
		{"query with a mistake", testSyntaxError},
		{"address and back", testAddressAndBack},
		{"reload", testReload},
		{"phone", testPhone},
		{"markup in a query", testMarkupInQuery},
		{"picture of the README", testScreenshot},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { test.test(browser.open(t, site)) })
	}
	t.Run("key", func(t *testing.T) {
		_, port, err := net.SplitHostPort(strings.TrimPrefix(p.serve("--listen", "0.0.0.0:0", "--api-key", rightKey).base, "http://"))
		require.NoError(t, err)
		testKey(browser.open(t, "http://127.0.0.1:"+port))
	})
}

func testStartPage(p *tab) {
	p.wait(`document.querySelectorAll("#home .tile img.loaded").length > 3`)
	assert.Regexp(p.t, `^\d+ images · [\d,]+ tags`, p.text(".library"))
	assert.Equal(p.t, "query", p.evaluate(`document.activeElement.id`), "the search box has the focus")
	p.do(`document.querySelector("#home .more").scrollIntoView()`)
	p.wait(`document.querySelectorAll("#home .tile").length > 60`)
	p.do(`document.querySelector(".chip").click()`)
	p.wait(`document.title.startsWith(document.querySelector("#query").value) && document.querySelector("#results .badge, #results .nothing")`)
	assert.Equal(p.t, true, p.evaluate(`document.querySelector("#home").hidden`))
}

func testQuery(p *tab) {
	p.search(yellowFlower)
	hits := p.hits()
	require.NotEmpty(p.t, hits)
	yellow := 0
	for i, hit := range hits {
		if i > 0 {
			assert.LessOrEqual(p.t, hit.probability, hits[i-1].probability, "best first")
		}
		if i < 5 && strings.Contains(hit.name, "yellow") {
			yellow++
		}
	}
	assert.GreaterOrEqual(p.t, yellow, 3, "yellow flowers among the first five: %v", hits[:min(5, len(hits))])
	assert.Regexp(p.t, `^\d+ of \d+ images match · [\d.]+ m?s · \d+ decoded$`, p.text(".summary"))
}

func testNothingMatches(p *tab) {
	p.search(nonsense)
	assert.Contains(p.t, p.text(".nothing h2"), "Nothing matches")
	assert.Contains(p.t, p.text(".nothing h2"), nonsense)
	assert.Regexp(p.t, `^None of \d+ images match`, p.text(".summary"))
	assert.Regexp(p.t, percentage, p.text(".nearest .probability"))
	p.do(`document.querySelector(".nearest .button").click()`)
	p.wait(`document.querySelectorAll("#results .badge").length > 0`)
}

func testEnlargedView(p *tab) {
	p.search(yellowFlower)
	first, second := p.hits()[0].name, p.hits()[1].name
	p.enlarge()
	assert.Equal(p.t, first, p.text("#viewer-title"))
	assert.Contains(p.t, p.text(".match"), yellowFlower)
	assert.Regexp(p.t, percentage, p.text(".match .score-value"))
	assert.Contains(p.t, p.text(".facts"), filepath.FromSlash("gallery/"))
	p.do(`document.querySelector("#next-image").click()`)
	p.wait(`document.querySelector("#viewer-title").textContent === ` + strconv.Quote(second))
	p.do(`document.querySelector("#close-viewer").click()`)
	p.wait(`!document.querySelector("#viewer").open`)
	assert.NotContains(p.t, p.evaluate(`location.href`), "view=")
}

func testKeyboard(p *tab) {
	p.search(yellowFlower)
	first, second := p.hits()[0].name, p.hits()[1].name
	p.do(`document.querySelector(".tile a").focus()`)
	p.run(chromedp.KeyEvent(kb.Enter))
	p.wait(`document.querySelector("#viewer").open`)
	for _, step := range []struct{ key, shows string }{{kb.ArrowRight, second}, {kb.ArrowLeft, first}, {kb.ArrowRight, second}} {
		p.run(chromedp.KeyEvent(step.key))
		p.wait(`document.querySelector("#viewer-title").textContent === ` + strconv.Quote(step.shows))
	}
	for range 12 { // the focus stays in the dialog
		p.run(chromedp.KeyEvent(kb.Tab))
		assert.Equal(p.t, true, p.evaluate(`document.querySelector("#viewer").contains(document.activeElement) || document.activeElement === document.body`))
	}
	p.run(chromedp.KeyEvent(kb.Escape))
	p.wait(`!document.querySelector("#viewer").open`)
	assert.Contains(p.t, p.evaluate(`document.activeElement.getAttribute("aria-label")`), second, "the focus is on the image that was shown last")
	p.run(chromedp.KeyEvent("/"))
	assert.Equal(p.t, "query", p.evaluate(`document.activeElement.id`))
}

func testSimilarImages(p *tab) {
	p.search(yellowFlower)
	p.enlarge()
	p.do(`document.querySelector("#similar").click()`)
	p.wait(`location.search.startsWith("?like=") && document.querySelectorAll("#results .badge").length > 3`)
	assert.Contains(p.t, p.text(".summary"), "most similar first")
	assert.Regexp(p.t, `^[01]\.\d\d$`, p.text(".badge"), "a similarity is not shown as a probability")
	assert.Equal(p.t, false, p.evaluate(`document.querySelector("#viewer").open`))
}

func testSearchByFile(p *tab) {
	file := filepath.Join(orttest.Root(p.t), "gallery", "animals", "zebra-cutout.png")
	p.run(chromedp.SetUploadFiles(chromedp.CSS("#image-file"), []string{file}))
	p.wait(`document.querySelectorAll("#results .badge").length > 3`)
	assert.Equal(p.t, "zebra-cutout.png", p.hits()[0].name, "an indexed image is most similar to itself")
}

func testSearchByPastedImage(p *tab) {
	p.search("tag:zebra")
	p.do(`const shown = document.querySelector("#results .tile a").dataset.id;
		fetch("v1/images/" + shown + "/file").then((file) => file.blob()).then((image) => {
			const clipboardData = new DataTransfer();
			clipboardData.items.add(new File([image], "from-the-clipboard", { type: image.type }));
			document.dispatchEvent(new ClipboardEvent("paste", { clipboardData, cancelable: true }));
		})`)
	p.wait(`location.search === "?image=1" && document.querySelectorAll("#results .badge").length > 3`)
	assert.Equal(p.t, "1.00", p.text(".badge"))
	p.run(chromedp.Reload())
	p.wait(`document.querySelector("#results h2") !== null`)
	assert.Contains(p.t, p.text("#results h2"), "no longer here", "the page says so instead of showing something else")
}

func testSmallestProbability(p *tab) {
	p.search(yellowFlower)
	all := len(p.hits())
	p.do(`const cut = document.querySelector("#cut"); cut.value = 0; cut.dispatchEvent(new Event("change"))`)
	p.wait(`location.search.includes("min=0") && document.querySelectorAll("#results .badge").length > ` + strconv.Itoa(all))
	p.do(`document.querySelector(".controls .link").click()`)
	p.wait(`!location.search.includes("min=") && document.querySelectorAll("#results .badge").length === ` + strconv.Itoa(all))
}

func testFactsAlone(p *tab) {
	p.search("type:bmp")
	assert.Equal(p.t, "frying-pan.bmp", p.text("#results .name"))
	assert.Empty(p.t, p.text("#results .badge"), "a fact holds or does not, it has no probability")
}

func testTags(p *tab) {
	p.do(`document.querySelector("#tags-link").click()`)
	p.wait(`location.search === "?tags=" && document.querySelector("#tags > .none:not([hidden])") !== null`)
	p.run(chromedp.SendKeys(chromedp.CSS("#tag-name"), `things that "bloom"`))
	p.run(chromedp.SendKeys(chromedp.CSS("#tag-descriptions"), "a yellow flower"+kb.Enter+"a red rose"))
	p.do(`document.querySelector("#tag-form [value=preview]").click()`)
	p.wait(`document.querySelectorAll(".tag-preview .likeliest .badge").length > 3`)
	assert.Regexp(p.t, `^\d+ of \d+ images$`, p.text(".tag-preview .tag-found"))
	p.do(`document.querySelector("#tag-form [value=add]").click()`)
	p.wait(`document.querySelectorAll(".tag-card .likeliest .badge").length > 3 && document.querySelector(".tag-progress").hidden`)
	assert.Contains(p.t, p.text(".tag-card .likeliest a"), "%")
	assert.Equal(p.t, true, p.evaluate(`document.documentElement.scrollWidth <= innerWidth`), "the strip scrolls by itself")
	assert.Equal(p.t, true, p.evaluate(`document.querySelector(".tag-preview").hidden`))

	p.do(`const cut = document.querySelector(".tag-card input[type=range]");
		cut.value = 100; cut.dispatchEvent(new Event("input")); cut.dispatchEvent(new Event("change"))`)
	p.wait(`/^0 of/.test(document.querySelector(".tag-card .tag-found").innerText)`)
	assert.Equal(p.t, true, p.evaluate(`[...document.querySelectorAll(".tag-card .likeliest li")].every((li) => li.classList.contains("under"))`))
	p.do(`document.querySelector(".tag-card .control .link").click()`)
	p.wait(`/^[1-9]\d* of/.test(document.querySelector(".tag-card .tag-found").innerText)`)

	p.do(`document.querySelector(".tag-card h2 button").click()`)
	p.wait(`document.querySelectorAll("#results .badge").length > 0`)
	assert.Equal(p.t, `tag:"things that \"bloom\""`, p.evaluate(`document.querySelector("#query").value`))
	assert.NotContains(p.t, p.text(".summary"), "decoded", "it is answered from stored probabilities")
	p.do(`history.back()`)
	p.wait(`document.querySelectorAll(".tag-card .likeliest .badge").length > 3`) // asking for pictures of a removed tag would be an error
	for range 2 {                                                                 // the second time it is meant
		p.do(`document.querySelector(".tag-card .remove-tag").click()`)
	}
	p.wait(`document.querySelector(".tag-card") === null && document.querySelector("#tags > .none:not([hidden])") !== null`)
	p.mayLog("409")
	p.run(chromedp.SendKeys(chromedp.CSS("#tag-name"), "zebra"+kb.Enter))
	p.wait(`document.querySelector(".tag-error:not([hidden])") !== null`)
	assert.Contains(p.t, p.text(".tag-error:not([hidden])"), "model's label", "why not")
}

func testSyntaxError(p *tab) {
	p.mayLog("400")
	p.search("(cat OR dog")
	assert.Contains(p.t, p.text(".problem pre"), "(cat OR dog")
	assert.Contains(p.t, p.text(".problem pre"), "^")
	assert.Equal(p.t, "query_syntax", p.text(".problem .code"))
	assert.Equal(p.t, true, p.evaluate(`document.querySelector("#cut").closest(".control").hidden`), "no cut was used")
}

func testAddressAndBack(p *tab) {
	p.search(yellowFlower)
	assert.Contains(p.t, p.evaluate(`location.href`), "?q=a+yellow+flower")
	p.search("zebra")
	p.do(`history.back()`)
	p.wait(`document.querySelector("#query").value === "` + yellowFlower + `" && document.querySelector("#results .badge") !== null`)
	p.do(`history.back()`)
	p.wait(`document.querySelector("#home .tile a") !== null`)
	assert.Empty(p.t, p.evaluate(`document.querySelector("#query").value`))
}

func testPhone(p *tab) {
	p.resize(390, 844)
	fits := func(state string) {
		p.t.Helper()
		assert.Equal(p.t, true, p.evaluate(`document.documentElement.scrollWidth <= innerWidth`), "%s is wider than a phone", state)
	}
	p.wait(`document.querySelector("#home .tile a") !== null`)
	fits("the start page")
	p.search(nonsense)
	fits("the empty answer")
	p.search(yellowFlower)
	fits("the results")
	p.enlarge()
	fits("the enlarged view")
	assert.Equal(p.t, true, p.evaluate(`document.querySelector(".panel").scrollWidth <= innerWidth`))
	p.do(`document.querySelector("#close-viewer").click()`)
	p.do(`document.querySelector("#syntax-button").click()`)
	p.wait(`document.querySelector("#syntax").matches(":popover-open")`)
	fits("the help")
	p.do(`document.querySelector("#tags-link").click()`)
	p.wait(`document.querySelector("#tag-form") !== null`)
	fits("the tags")
}

func testMarkupInQuery(p *tab) {
	p.search(`<img src=x onerror=alert(1)> flower`)
	assert.Equal(p.t, true, p.evaluate(`document.querySelector("#results img[onerror]") === null`))
}

func testReload(p *tab) {
	p.search(yellowFlower)
	first := p.hits()[0].name
	p.enlarge()
	p.run(chromedp.Reload())
	p.wait(`document.querySelector("#viewer[open] .match") !== null`)
	assert.Equal(p.t, first, p.text("#viewer-title"))
}

// testKey is about a server for other machines.
func testKey(p *tab) {
	p.mayLog("401")
	p.wait(`document.querySelector("#key-dialog").open`)
	p.run(chromedp.SendKeys(chromedp.CSS("#key"), "wrong"+kb.Enter))
	p.wait(`document.querySelector("#key-dialog").open && !document.querySelector("#key-wrong").hidden`)
	p.run(chromedp.SendKeys(chromedp.CSS("#key"), rightKey+kb.Enter))
	p.wait(`document.querySelectorAll("#home .tile img.loaded").length > 3`)
	assert.Equal(p.t, true, p.evaluate(`document.querySelector(".tile img").src.startsWith("blob:")`), "pictures are fetched with the key")
	assert.Equal(p.t, false, p.evaluate(`document.querySelector("#key-dialog").open`))
	assert.Nil(p.t, p.evaluate(`localStorage.getItem("sightline-key")`), "the key stays in the tab")
}

var percentage = regexp.MustCompile(`^[<>]? ?[\d.]+ %$`)
