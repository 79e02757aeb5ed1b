package bundle

// Open reads and verifies the bundle in dir: manifest checksum, every file's size and SHA-256, sizes that fit together.
// Errors carry CodeBundleMissing or CodeBundleCorrupt and name the file.
func Open(dir string) (*Bundle, error) { panic("not built yet") }

// Path gives the path of one of the bundle's files.
func (b *Bundle) Path(file string) string { panic("not built yet") }

// Label finds a label by name or alias, case and surrounding space ignored.
func (b *Bundle) Label(name string) (Label, bool) { panic("not built yet") }

// Probability applies the scale to a logit.
func (s Scale) Probability(logit float64) float64 { panic("not built yet") }
