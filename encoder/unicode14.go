package encoder

import "unicode"

// since15 covers the letters and numbers that Unicode 15 added. The reference's pattern carries the tables of Unicode 14,
// in which they are neither. TestEveryCharacterIsTreatedAsCLIPDoes tells when a new Go release asks for more here.
var since15 = &unicode.RangeTable{
	R32: []unicode.Range32{
		{0x1123F, 0x11240, 1},
		{0x11F02, 0x11F59, 1},
		{0x1342F, 0x1342F, 1},
		{0x13441, 0x13446, 1},
		{0x1B132, 0x1B132, 1},
		{0x1B155, 0x1B155, 1},
		{0x1D2C0, 0x1D2D3, 1},
		{0x1DF25, 0x1DF2A, 1},
		{0x1E030, 0x1E06D, 1},
		{0x1E4D0, 0x1E4F9, 1},
		{0x2B739, 0x2B739, 1},
		{0x31350, 0x323AF, 1},
	},
}
