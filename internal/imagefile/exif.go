package imagefile

import (
	"bytes"
	"strings"
	"time"

	"github.com/bep/imagemeta"
)

// metadata is what EXIF tells of an image. Damaged EXIF tells nothing: an image is not refused for it.
type metadata struct {
	orientation orientation
	takenAt     time.Time
	camera      string
}

// The EXIF tags that are read, by the names that the library gives them.
var exifTags = map[string]bool{
	"Orientation": true, "Make": true, "Model": true,
	"DateTimeOriginal": true, "OffsetTimeOriginal": true, "CreateDate": true, "OffsetTimeDigitized": true,
}

func (f *format) metadata(data []byte) metadata {
	if f.exif == imagemeta.ImageFormatAuto {
		return metadata{}
	}
	tags := map[string]any{}
	// What was read before an error counts: cameras write EXIF blocks that end badly. The library turns its own panics
	// into errors.
	_, _ = imagemeta.Decode(imagemeta.Options{
		R: bytes.NewReader(data), ImageFormat: f.exif, Sources: imagemeta.EXIF,
		ShouldHandleTag: func(t imagemeta.TagInfo) bool {
			return strings.HasPrefix(t.Namespace, "IFD0") && exifTags[t.Tag]
		},
		HandleTag: func(t imagemeta.TagInfo) error {
			if _, seen := tags[t.Tag]; !seen {
				tags[t.Tag] = t.Value
			}
			return nil
		},
	})
	taken := exifTime(tags["DateTimeOriginal"], tags["OffsetTimeOriginal"])
	if taken.IsZero() {
		taken = exifTime(tags["CreateDate"], tags["OffsetTimeDigitized"])
	}
	return metadata{
		orientation: exifOrientation(tags["Orientation"]),
		takenAt:     taken,
		camera:      cameraName(exifText(tags["Make"]), exifText(tags["Model"])),
	}
}

// exifTime reads EXIF's local time. Where the offset is missing, as older cameras leave it, the time counts as UTC, so
// that an index does not depend on the time zone of the machine that made it.
func exifTime(clock, offset any) time.Time {
	const layout = "2006:01:02 15:04:05"
	text := exifText(clock)
	if t, err := time.Parse(layout+"-07:00", text+exifText(offset)); err == nil {
		return t.UTC()
	}
	t, err := time.Parse(layout, text)
	if err != nil {
		return time.Time{}
	}
	return t
}

// cameraName joins make and model; most models already begin with the make.
func cameraName(maker, model string) string {
	if maker == "" || strings.HasPrefix(strings.ToLower(model), strings.ToLower(maker)) {
		return model
	}
	return strings.TrimSpace(maker + " " + model)
}

// exifText gives a text tag as one clean line of at most 100 bytes; "" when it is not a text.
func exifText(v any) string {
	s, ok := v.(string)
	if !ok {
		return ""
	}
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 100 {
		s = strings.ToValidUTF8(s[:100], "")
	}
	return s
}
