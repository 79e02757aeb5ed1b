package encoder

import "unicode"

// The reference tokenizer carries the character tables of Unicode 8. In them the marks, punctuation and format
// characters that were added later are characters like letters, and three old ones belong to another category.
// TestEveryCharacterIsTreatedAsTheReferenceDoes tells when a new Go release, with new tables, asks for more here.

// since9 covers the later marks, punctuation and format characters, and nothing that Unicode 8 had as such.
var since9 = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0x061D, 0x061D, 1},
		{0x07FD, 0x07FD, 1},
		{0x0890, 0x08E2, 1},
		{0x09FD, 0x09FE, 1},
		{0x0A76, 0x0A76, 1},
		{0x0AFA, 0x0AFF, 1},
		{0x0B55, 0x0B55, 1},
		{0x0C04, 0x0C3C, 1},
		{0x0C77, 0x0C77, 1},
		{0x0C84, 0x0C84, 1},
		{0x0D00, 0x0D00, 1},
		{0x0D3B, 0x0D3C, 1},
		{0x0D81, 0x0D81, 1},
		{0x0EBA, 0x0EBA, 1},
		{0x0ECE, 0x0ECE, 1},
		{0x180F, 0x1886, 1},
		{0x1ABF, 0x1ACE, 1},
		{0x1B7D, 0x1B7E, 1},
		{0x1DF6, 0x1DFB, 1},
		{0x2E43, 0x2E5D, 1},
		{0xA82C, 0xA82C, 1},
		{0xA8C5, 0xA8C5, 1},
		{0xA8FF, 0xA8FF, 1},
		{0xA9BD, 0xA9BD, 1},
	},
	R32: []unicode.Range32{
		{0x10D24, 0x10F89, 1},
		{0x11070, 0x11074, 1},
		{0x110C2, 0x110CD, 1},
		{0x111CF, 0x111CF, 1},
		{0x1123E, 0x11241, 1},
		{0x1133B, 0x1133B, 1},
		{0x11438, 0x1145E, 1},
		{0x11660, 0x1166C, 1},
		{0x116B9, 0x116B9, 1},
		{0x1182F, 0x11FFF, 1},
		{0x12FF1, 0x13455, 1},
		{0x16E97, 0x16F4F, 1},
		{0x16FE2, 0x16FE4, 1},
		{0x1CF00, 0x1CF46, 1},
		{0x1E000, 0x1E4EF, 1},
		{0x1E944, 0x1E95F, 1},
	},
}

const (
	canadianChi     = 0x166D  // was punctuation, is a symbol
	hanunooPamudpod = 0x1734  // was a mark, is a spacing mark
	sharadaSandhi   = 0x111C9 // was punctuation, is a mark
)

// isMark reports whether r is a non-spacing mark to Unicode 8.
func isMark(r rune) bool {
	return (unicode.Is(unicode.Mn, r) && r != sharadaSandhi && !unicode.Is(since9, r)) || r == hanunooPamudpod
}

// isFormat reports whether r is a control, format or private character to Unicode 8.
func isFormat(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co) && !unicode.Is(since9, r)
}

// isPunctuation covers Unicode 8's punctuation and ASCII's symbols.
func isPunctuation(r rune) bool {
	switch {
	case r < unicode.MaxASCII:
		return unicode.IsPunct(r) || unicode.IsSymbol(r)
	case r == canadianChi || r == sharadaSandhi:
		return true
	}
	return unicode.IsPunct(r) && !unicode.Is(since9, r)
}
