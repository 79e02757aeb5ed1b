package imagefile

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/sightline-search/sightline"
)

// Read is the first half of Open, for callers that decode only what they do not know yet: the bytes of one file and
// the identity of the image. DecodeRead is the second half. Errors are those of Open.
func Read(path string, l Limits) ([]byte, sightline.ImageID, error) {
	data, err := read(path, l.MaxBytes)
	if err != nil {
		return nil, "", err.WithParam(path)
	}
	return data, identify(data), nil
}

// identify gives the identity of an image file's bytes.
func identify(data []byte) sightline.ImageID {
	sum := sha256.Sum256(data)
	return sightline.ImageID(hex.EncodeToString(sum[:]))
}
