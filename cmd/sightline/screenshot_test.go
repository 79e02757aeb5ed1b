package main

import (
	"bytes"
	"flag"
	"image"
	"image/draw"
	"image/png"
	"os"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// For example: go test ./cmd/sightline -run TestPage/picture -screenshot "$PWD/docs/screenshot.png".
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
	assert.LessOrEqual(p.t, len(small), screenshotBytes)
	if *screenshotFile != "" {
		require.NoError(p.t, os.WriteFile(*screenshotFile, small, 0o644))
	}
}

// shrink drops as few of the lowest bits of each colour as it takes to stay within screenshotBytes.
func shrink(t *testing.T, picture []byte) []byte {
	t.Helper()
	decoded, err := png.Decode(bytes.NewReader(picture))
	require.NoError(t, err)
	var small bytes.Buffer
	for bits := range 4 {
		coarse := image.NewNRGBA(decoded.Bounds())
		draw.Draw(coarse, coarse.Bounds(), decoded, decoded.Bounds().Min, draw.Src)
		for i, v := range coarse.Pix {
			coarse.Pix[i] = v | (1<<bits - 1)
		}
		small.Reset()
		encoder := png.Encoder{CompressionLevel: png.BestCompression}
		require.NoError(t, encoder.Encode(&small, coarse))
		if small.Len() <= screenshotBytes {
			break
		}
	}
	return small.Bytes()
}
