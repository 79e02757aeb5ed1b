package main

import (
	"net"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWrongUsageEndsWithTwo(t *testing.T) {
	p := newPlace(t)
	require.NoError(t, os.MkdirAll(p.data, 0o755))
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"no command":             {nil, "no command"},
		"unknown command":        {[]string{"serch"}, `did you mean "search"`},
		"unknown flag":           {[]string{"search", "--colour", "red", "dog"}, "unknown flag: --colour"},
		"unknown subcommand":     {[]string{"bundle", "shew"}, `no command "shew"`},
		"bundle alone":           {[]string{"bundle"}, "no command"},
		"index without a path":   {[]string{"index"}, "for example: sightline index ~/Pictures"},
		"index, bad workers":     {[]string{"index", "--workers", "-1", "."}, "--workers"},
		"tag without a file":     {[]string{"tag"}, "for example: sightline tag photo.jpg"},
		"eval, two datasets":     {[]string{"eval", "a", "b"}, "name one dataset"},
		"bench, unknown section": {[]string{"bench", "--only", "decoder,speed"}, `called "speed"; there are decoder, features`},
		"bench, no repetition":   {[]string{"bench", "--repeat", "0"}, "repeat is 0"},
		"serve with an argument": {[]string{"serve", "x"}, `serve takes no arguments, not "x"`},
		"minus before a query":   {[]string{"search", "-person"}, "write 'NOT person', or put -- before the query: sightline search -- '-person'"},
		"unknown short flag":     {[]string{"doctor", "-x"}, "there is no flag -x"},
		"flag without a value":   {[]string{"search", "dog", "--limit"}, "--limit needs a value"},
		"probability no number":  {[]string{"search", "dog", "--min-probability", "high"}, `--min-probability is "high": it must be a number`},
		"switch with a value":    {[]string{"search", "dog", "--plain=maybe"}, `--plain is "maybe": it must be true or false`},
		"no query":               {[]string{"search"}, "the query is empty"},
		"empty query":            {[]string{"search", ""}, "the query is empty"},
		"blank query":            {[]string{"search", " \t "}, "the query is empty"},
		"query too long":         {[]string{"search", strings.Repeat("x", 100_000)}, "limit is 2000"},
		"syntax":                 {[]string{"search", "dog AND"}, "^"},
		"bad filter":             {[]string{"search", "dog", "--filter", "cat"}, "--filter"},
		"limit 0":                {[]string{"search", "dog", "--limit", "0"}, "1..1000"},
		"limit over":             {[]string{"search", "dog", "--limit", "1001"}, "1..1000"},
		"limit no number":        {[]string{"search", "dog", "--limit", "ten"}, `--limit is "ten": it must be a whole number`},
		"probability over":       {[]string{"search", "dog", "--min-probability", "2"}, "0..1"},
		"probability NaN":        {[]string{"search", "dog", "--min-probability", "NaN"}, "0..1"},
		"sort":                   {[]string{"search", "dog", "--sort", "best"}, "newest"},
		"candidates":             {[]string{"search", "dog", "--candidates", "-1"}, "--candidates"},
		"query and image":        {[]string{"search", "dog", "--image", "a.jpg"}, "exclude each other"},
		"image and like":         {[]string{"search", "--like", strings.Repeat("0", 64), "--image", "a.jpg"}, "exclude each other"},
		"like without an id":     {[]string{"search", "--like", "dog"}, "64 hexadecimal digits"},
		"cursor":                 {[]string{"search", "dog", "--cursor", "x"}, "cursor"},
		"setting":                {[]string{"doctor", "--threads", "many"}, "--threads"},
		"open without a key":     {[]string{"serve", "--listen", "0.0.0.0:0"}, "no API key"},
		"every address":          {[]string{"serve", "--listen", ":0"}, "no API key"},
		"no address":             {[]string{"serve", "--listen", "8080"}, "HOST:PORT"},
	} {
		t.Run(name, func(t *testing.T) {
			o := p.must(exitUsage, c.args...)
			assert.Contains(t, o.stderr, c.says)
			assert.NotContains(t, o.stderr, "arg(s)", "in this program's words")
			assert.NotContains(t, o.stderr, "strconv")
			assert.Empty(t, o.stdout, "stdout carries results only")
		})
	}
}

func TestWhatCannotBeDoneEndsWithOne(t *testing.T) {
	p := newPlace(t)
	require.NoError(t, os.MkdirAll(p.data, 0o755))
	empty, text := t.TempDir(), t.TempDir()+"/onnxruntime.so"
	writeFile(t, text, []byte("not a library"))
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	for name, c := range map[string]struct {
		args []string
		says []string
	}{
		"no such folder": {[]string{"index", "/no/such/folder"}, []string{"/no/such/folder", "check the spelling"}},
		"no images":      {[]string{"index", empty}, []string{"no images", empty}},
		"unknown id":     {[]string{"search", "--like", strings.Repeat("0", 64)}, []string{"not in the index"}},
		"no such image":  {[]string{"search", "--image", "/no/such.jpg"}, []string{"/no/such.jpg"}},
		"no bundle":      {[]string{"search", "dog", "--bundle", empty}, []string{empty, "bundle.json"}},
		"port in use":    {[]string{"serve", "--listen", taken.Addr().String()}, []string{"another program listens on", "--listen"}},
		"no dataset":     {[]string{"eval", "/no/such.jsonl"}, []string{"/no/such.jsonl"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := p.must(exitFailed, c.args...)
			for _, says := range c.says {
				assert.Contains(t, o.stderr, says)
			}
			assert.NotContains(t, o.stderr, "indexing 0/0", "work that never began is not told")
			assert.Empty(t, o.stdout)
		})
	}
}

func TestHelpShowsNoCommandLineThatIsRefused(t *testing.T) {
	help := newPlace(t).must(exitDone, "--help").stdout
	assert.Contains(t, help, "sightline [command]")
	assert.NotContains(t, help, "sightline [flags]")
}

func TestHelpAndVersionAreResults(t *testing.T) {
	p := newPlace(t)
	for _, args := range [][]string{{"--help"}, {"search", "--help"}, {"--version"}, {"version"}, {"version", "--json"}} {
		o := p.must(exitDone, args...)
		assert.NotEmpty(t, o.stdout)
		assert.Empty(t, o.stderr)
	}
}

func TestResultsThatCannotBeWrittenAreAFailure(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	require.NoError(t, err)
	defer full.Close()
	var stderr strings.Builder
	program := Program{Stdin: strings.NewReader(""), Stdout: full, Stderr: &stderr, Environ: newPlace(t).env}
	assert.Equal(t, exitFailed, program.Run(t.Context(), []string{"version"}))
	assert.Contains(t, stderr.String(), "the results cannot be written")
}

func TestSettingsComeFromTheEnvironment(t *testing.T) {
	p := newPlace(t)
	p.env = append(p.env, "SIGHTLINE_JSON=true")
	assert.True(t, strings.HasPrefix(p.must(exitDone, "version").stdout, "{"))
	p.env = append(p.env, "SIGHTLINE_LOG_LEVEL=loud")
	assert.Contains(t, p.must(exitUsage, "version").stderr, "SIGHTLINE_LOG_LEVEL")
}
