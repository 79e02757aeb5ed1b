package qdrant_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
	"github.com/sightline-search/sightline/vectordb/qdrant"
	"github.com/sightline-search/sightline/vectordb/qdrant/qdranttest"
)

// These tests hold what the client library does not do by itself.

var clientModel = vectordb.Model{Name: "client", Feature: "f", Scoring: "s"}

// options names a stand-in.
func options(t *testing.T, s *qdranttest.Server, mode qdrant.Mode) qdrant.Options {
	t.Helper()
	target, err := qdrant.ParseTarget("qdrant://" + s.Address())
	require.NoError(t, err)
	return qdrant.Options{Target: target, Mode: mode}
}

func TestATargetIsAURLWithoutAKey(t *testing.T) {
	for raw, want := range map[string]qdrant.Target{
		"qdrant://localhost":            {Host: "localhost", Port: 6334, Prefix: "sightline"},
		"qdrant://localhost:7000/":      {Host: "localhost", Port: 7000, Prefix: "sightline"},
		"qdrants://q.example.org:1/a-b": {Host: "q.example.org", Port: 1, Prefix: "a-b", TLS: true},
		"qdrant://[::1]:6334/x":         {Host: "::1", Port: 6334, Prefix: "x"},
	} {
		got, err := qdrant.ParseTarget(raw)
		require.NoError(t, err, raw)
		assert.Equal(t, want, got, raw)
		again, err := qdrant.ParseTarget(got.String())
		require.NoError(t, err)
		assert.Equal(t, got, again)
	}
	for _, raw := range []string{
		"", "localhost:6334", "http://localhost", "qdrant://", "qdrant://:6334", "qdrant://h:0", "qdrant://h:70000", "qdrant://h/a/b",
		"qdrant://h/ä", "qdrant://h?x=1", "qdrant://h/" + string(make([]byte, 101)), "qdrant://key@h", "qdrant://user:key@h",
	} {
		_, err := qdrant.ParseTarget(raw)
		assert.Equal(t, sightline.CodeInvalid, sightline.CodeOf(err), raw)
		assert.NotContains(t, fmt.Sprint(err), "user:key", "a key is not shown")
	}
}

// TestServersOfOtherVersions: the library only logs; a store refuses what it cannot write to safely.
func TestServersOfOtherVersions(t *testing.T) {
	for version, want := range map[string]struct {
		refused bool
		warns   bool
	}{
		"1.15.5": {refused: true}, "0.9.0": {refused: true}, "2.0.0": {refused: true},
		"1.16.0": {}, "1.17.1": {}, "v1.18.3": {}, "1.19.0": {warns: true}, "dev": {warns: true},
	} {
		s := qdranttest.Start(t, qdranttest.Options{Version: version})
		o := options(t, s, qdrant.ReadOnly)
		var warned []string
		o.Warn = func(w string) { warned = append(warned, w) }
		store, err := qdrant.Open(t.Context(), o)
		if want.refused {
			assert.Equal(t, sightline.CodeIndexVersion, sightline.CodeOf(err), version)
			assert.ErrorContains(t, err, version)
			assert.ErrorContains(t, err, "1.16 to 1.18")
			continue
		}
		require.NoError(t, err, version)
		assert.Equal(t, want.warns, len(warned) == 1, "%s: %v", version, warned)
		require.NoError(t, store.Close())
	}
}

// TestTheKeyIsSentWithEveryCall: the library drops it for some dial options, and its health check passes without one.
func TestTheKeyIsSentWithEveryCall(t *testing.T) {
	s := qdranttest.Start(t, qdranttest.Options{APIKey: "s3cret"})
	for _, mode := range []qdrant.Mode{qdrant.ReadOnly, qdrant.ReadWrite} {
		for _, key := range []string{"", "wrong"} {
			o := options(t, s, mode)
			o.APIKey = key
			_, err := qdrant.Open(t.Context(), o)
			require.Equal(t, sightline.CodeUnavailable, sightline.CodeOf(err), "%v", err)
			require.ErrorContains(t, err, "SIGHTLINE_QDRANT_API_KEY")
			require.NotContains(t, err.Error(), "wrong")
		}
	}
	o := options(t, s, qdrant.ReadWrite)
	o.APIKey = "s3cret"
	store, err := qdrant.Open(t.Context(), o)
	require.NoError(t, err)
	require.NoError(t, store.SetModel(t.Context(), clientModel))
	require.NoError(t, store.Close())
}

func TestAKeyIsNotSentInTheClear(t *testing.T) {
	for _, host := range []string{"192.0.2.1", "qdrant.example.org", "[2001:db8::1]"} {
		target, err := qdrant.ParseTarget("qdrant://" + host)
		require.NoError(t, err)
		_, err = qdrant.Open(t.Context(), qdrant.Options{Target: target, APIKey: "s3cret"})
		assert.Equal(t, sightline.CodeInvalid, sightline.CodeOf(err), host)
		assert.ErrorContains(t, err, "qdrants://")
		assert.NotContains(t, err.Error(), "s3cret")
	}
}

func TestTLS(t *testing.T) {
	certificate, roots := selfSigned(t)
	s := qdranttest.Start(t, qdranttest.Options{APIKey: "s3cret", TLS: &tls.Config{Certificates: []tls.Certificate{certificate}}})
	target, err := qdrant.ParseTarget("qdrants://" + s.Address())
	require.NoError(t, err)
	_, err = qdrant.Open(t.Context(), qdrant.Options{Target: target, APIKey: "s3cret"})
	require.Equal(t, sightline.CodeUnavailable, sightline.CodeOf(err), "nobody known has signed: %v", err)
	store, err := qdrant.Open(t.Context(), qdrant.Options{Target: target, APIKey: "s3cret", Roots: roots})
	require.NoError(t, err)
	n, err := store.Count(t.Context(), nil)
	require.NoError(t, err)
	assert.Zero(t, n)
	require.NoError(t, store.Close())
}

// selfSigned makes a certificate of 127.0.0.1 and the pool that trusts it.
func selfSigned(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	parsed, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}

// TestBigAnswersAndManyCalls: an answer may be larger than the library's 4 MiB, and a batch goes out in several calls.
func TestBigAnswersAndManyCalls(t *testing.T) {
	s := qdranttest.Start(t, qdranttest.Options{})
	store := openOn(t, s, qdrant.ReadWrite)
	require.NoError(t, store.SetModel(t.Context(), clientModel))
	var records []vectordb.Record
	var ids []sightline.ImageID
	for n := range 24 {
		r := record(n, 0, fmt.Sprintf("/p/%d.jpg", n))
		r.Features.Patches = make([]byte, 1<<20)
		r.Features.Patches[n] = 1
		records, ids = append(records, r), append(ids, r.Image.ID)
	}
	before := s.Calls("Upsert")
	require.NoError(t, store.Put(t.Context(), records))
	assert.Greater(t, s.Calls("Upsert")-before, 4, "32 MB in base64, 8 MB a call")
	features, err := store.Features(t.Context(), ids)
	require.NoError(t, err)
	for n, id := range ids {
		assert.Equal(t, records[n].Features, features[id])
	}
}

// TestAServerThatIsBackIsFoundAtOnce: a call waits for a second at most, and that is enough. The library's own back-off
// would let calls fail for many seconds more.
func TestAServerThatIsBackIsFoundAtOnce(t *testing.T) {
	s := qdranttest.Start(t, qdranttest.Options{})
	store := openOn(t, s, qdrant.ReadOnly)
	for range 2 {
		s.Stop()
		for range 2 { // each failure makes the connection wait longer
			_, err := store.Count(t.Context(), nil)
			require.Equal(t, sightline.CodeUnavailable, sightline.CodeOf(err))
		}
		s.Restart()
		_, err := store.Count(t.Context(), nil)
		require.NoError(t, err)
	}
}

// TestRateLimitsNameATime: the library's error carries it; a moment is waited for, an hour is not.
func TestRateLimitsNameATime(t *testing.T) {
	s := qdranttest.Start(t, qdranttest.Options{})
	store := openOn(t, s, qdrant.ReadOnly)
	s.Inject(qdranttest.Fault{Times: 2, Err: qdranttest.TooMany(0)})
	_, err := store.Count(t.Context(), nil)
	require.NoError(t, err)
	s.Inject(qdranttest.Fault{Times: 1, Err: qdranttest.TooMany(3600)})
	_, err = store.Count(t.Context(), nil)
	require.Equal(t, sightline.CodeUnavailable, sightline.CodeOf(err))
	require.ErrorContains(t, err, "3600 seconds")
}

// TestACallersDeadlineIsTheCallers, whatever code a server gives it.
func TestACallersDeadlineIsTheCallers(t *testing.T) {
	s := qdranttest.Start(t, qdranttest.Options{})
	store := openOn(t, s, qdrant.ReadOnly)
	for _, code := range []codes.Code{codes.Unknown, codes.Internal, codes.Unavailable, codes.DeadlineExceeded} {
		ctx, cancel := context.WithCancel(t.Context())
		s.Inject(qdranttest.Fault{Times: 1, Do: cancel, Err: status.Error(code, "malformed header")})
		_, err := store.Count(ctx, nil)
		require.ErrorIs(t, err, context.Canceled, code.String())
	}
}

// TestOrdersBeyondOnePage: the protocol gives no offset in an order, and goes on after a value only.
func TestOrdersBeyondOnePage(t *testing.T) {
	s := qdranttest.Start(t, qdranttest.Options{})
	store := openOn(t, s, qdrant.ReadWrite)
	require.NoError(t, store.SetModel(t.Context(), clientModel))
	const images = 2300 // pages hold 1000
	var records []vectordb.Record
	for n := range images {
		r := record(n, 0, fmt.Sprintf("/p/%d.jpg", n))
		r.Image.TakenAt = time.Date(2024, 1, 1+n%2, 0, 0, 0, 0, time.UTC) // two values, each longer than a page
		records = append(records, r)
	}
	require.NoError(t, store.Put(t.Context(), records))
	for _, order := range []vectordb.Order{vectordb.ByID, vectordb.Newest, vectordb.Oldest} {
		seen := map[sightline.ImageID]bool{}
		var last *sightline.Image
		for img, err := range store.Images(t.Context(), nil, order) {
			require.NoError(t, err)
			require.False(t, seen[img.ID], "twice")
			seen[img.ID] = true
			if last != nil {
				require.True(t, inOrder(order, last, img), "order %d", order)
			}
			last = img
		}
		require.Len(t, seen, images, "order %d", order)
	}
}

func inOrder(order vectordb.Order, a, b *sightline.Image) bool {
	compared := a.TakenAt.Compare(b.TakenAt)
	if order == vectordb.Newest {
		compared = -compared
	}
	if order == vectordb.ByID {
		compared = 0
	}
	return compared < 0 || compared == 0 && a.ID < b.ID
}

// TestNamesOfAnyBytes: the protocol takes UTF-8 only, file systems anything.
func TestNamesOfAnyBytes(t *testing.T) {
	s := qdranttest.Start(t, qdranttest.Options{})
	store := openOn(t, s, qdrant.ReadWrite)
	require.NoError(t, store.SetModel(t.Context(), clientModel))
	r := record(1, 0, "/p/\xff\xfe.jpg", "/p/caf\xc3.jpg", "/p/\uFFFD.jpg")
	r.Image.Camera, r.Tags = "a\x00b\xff", []sightline.Tag{{Name: "\xf0\x28", Probability: 0.5}}
	require.NoError(t, store.Put(t.Context(), []vectordb.Record{r}))
	images, err := store.Get(t.Context(), []sightline.ImageID{r.Image.ID})
	require.NoError(t, err)
	require.Len(t, images, 1)
	assert.Equal(t, r.Image.Camera, images[0].Camera)
	assert.ElementsMatch(t, r.Image.Files, images[0].Files)
	tags, err := store.Tags(t.Context(), []sightline.ImageID{r.Image.ID})
	require.NoError(t, err)
	assert.Equal(t, r.Tags, tags[r.Image.ID])
	require.NoError(t, store.RemoveFiles(t.Context(), []string{"/p/\xff\xfe.jpg", "/p/caf\xc3.jpg"}))
	for f, err := range store.Files(t.Context(), "/p") {
		require.NoError(t, err)
		assert.Equal(t, "/p/\uFFFD.jpg", f.File.Path)
	}
}
