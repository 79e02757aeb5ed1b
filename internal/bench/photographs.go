package bench

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// writePhotographs writes n JPEGs of one size into a folder. They are synthetic: one picture of seeded noise and gradients,
// and behind its end, where no decoder looks, a number that makes each file an image of its own.
func writePhotographs(folder string, n, width, height int) (bytesEach int, err error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return 0, fmt.Errorf("make a folder of images: %w", err)
	}
	var file bytes.Buffer
	if err := jpeg.Encode(&file, synthetic(width, height), &jpeg.Options{Quality: 90}); err != nil {
		return 0, fmt.Errorf("make an image: %w", err)
	}
	end := file.Len()
	for i := range n {
		whole := binary.LittleEndian.AppendUint32(file.Bytes()[:end], uint32(i)) //nolint:gosec // a few hundred images
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%04d.jpg", i)), whole, 0o600); err != nil {
			return 0, fmt.Errorf("write an image: %w", err)
		}
	}
	return end, nil
}

// synthetic is a picture with about as much to code as a photograph: broad shapes, finer ones in them, and grain.
func synthetic(width, height int) image.Image {
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // it has to be the same picture every time
	coarse, fine := noise(random, 16), noise(random, 128)
	img := image.NewYCbCr(image.Rect(0, 0, width, height), image.YCbCrSubsampleRatio420)
	for y := range height {
		v := float64(y) / float64(height)
		for x := range width {
			u := float64(x) / float64(width)
			img.Y[y*img.YStride+x] = uint8(60 + 100*coarse.at(u, v) + 60*fine.at(u, v) + 20*random.Float64())
			if x%2 == 0 && y%2 == 0 {
				i := img.COffset(x, y)
				img.Cb[i], img.Cr[i] = uint8(80+90*coarse.at(v, u)), uint8(170-90*coarse.at(u, 1-v))
			}
		}
	}
	return img
}

// field is a square of random levels 0..1, interpolated between.
type field struct {
	side   int
	levels []float64
}

func noise(random *rand.Rand, side int) field {
	f := field{side, make([]float64, side*side)}
	for i := range f.levels {
		f.levels[i] = random.Float64()
	}
	return f
}

// at is the level at a place of the unit square.
func (f field) at(u, v float64) float64 {
	x, y := u*float64(f.side-1), v*float64(f.side-1)
	i, j := min(int(x), f.side-2), min(int(y), f.side-2)
	x, y = x-float64(i), y-float64(j)
	row := f.levels[j*f.side+i:]
	return (row[0]*(1-x)+row[1]*x)*(1-y) + (row[f.side]*(1-x)+row[f.side+1]*x)*y
}
