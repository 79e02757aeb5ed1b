package main

import (
	"bytes"
	"flag"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// For example: go test ./cmd/sightline -run TestPage/picture -screenshot ../../docs/screenshot.png.
var screenshotFile = flag.String("screenshot", "", "also write the README's picture of the search page to this `FILE`")

// screenshotBytes is the most that the picture may weigh in the repository.
const screenshotBytes = 600_000

// testScreenshot takes the README's picture: the answer to the query that the README begins with.
func testScreenshot(p *tab) {
	p.resize(1280, 800)
	p.search(yellowFlower)
	p.do(`document.activeElement.blur()`)
	p.wait(`[...document.querySelectorAll("#results .tile")].every((tile) =>
		tile.getBoundingClientRect().top > innerHeight || tile.querySelector("img.loaded")) &&
		document.getAnimations().length === 0`)
	taken, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	require.NoError(p.t, err)
	small := shrink(p.t, taken)
	assert.Less(p.t, len(small), screenshotBytes)
	if *screenshotFile != "" {
		require.NoError(p.t, os.WriteFile(*screenshotFile, small, 0o644))
	}
}

// shrink drops what the eye does not miss, the last bits of each colour, and what PNG can do without.
func shrink(t *testing.T, picture []byte) []byte {
	t.Helper()
	decoded, err := png.Decode(bytes.NewReader(picture))
	require.NoError(t, err)
	plain := image.NewRGBA(decoded.Bounds())
	draw.Draw(plain, plain.Bounds(), decoded, decoded.Bounds().Min, draw.Src)
	for i, v := range plain.Pix {
		plain.Pix[i] = v&0xf8 | v>>5
	}
	opaque := image.NewNRGBA(plain.Bounds())
	draw.Draw(opaque, opaque.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.Draw(opaque, opaque.Bounds(), plain, image.Point{}, draw.Over)
	var small bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	require.NoError(t, encoder.Encode(&small, opaque))
	return small.Bytes()
}
