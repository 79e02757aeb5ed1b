package redis_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/cache/redis"
	"github.com/sightline-search/sightline/internal/redistest"
)

// The certificate of the tests' server, which this process trusts as the documentation says: by SSL_CERT_FILE. The system
// reads that once, so it is set before anything else.
var certificate, privateKey string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "sightline-redis-test-")
	if err == nil {
		defer os.RemoveAll(dir)
		err = writeCertificate(dir)
	}
	if err == nil {
		err = os.Setenv("SSL_CERT_FILE", certificate)
	}
	if err != nil {
		panic(err)
	}
	m.Run()
}

// writeCertificate makes a certificate for 127.0.0.1 and its key.
func writeCertificate(dir string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a cache"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	certificate, privateKey = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	if err := os.WriteFile(certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		return err
	}
	return os.WriteFile(privateKey, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), 0o600)
}

func TestTheServerMustBeWhoItSaysAndIsGivenThePassword(t *testing.T) {
	server := redistest.Start(t, "--port", "0", "--tls-port", redistest.Port, "--tls-cert-file", certificate, "--tls-key-file", privateKey,
		"--tls-auth-clients", "no", "--requirepass", "hunter2 /?#[]@")
	_, port, err := net.SplitHostPort(server.Address)
	require.NoError(t, err)
	const password = "hunter2%20%2F%3F%23%5B%5D%40"
	for name, tc := range map[string]struct {
		url   string
		fails bool
	}{
		"TLS and password":         {"rediss://:" + password + "@" + server.Address, false},
		"no password":              {"rediss://" + server.Address, true},
		"another password":         {"rediss://:hunter2@" + server.Address, true},
		"no TLS":                   {"redis://:" + password + "@" + server.Address, true},
		"a name that is not in it": {"rediss://:" + password + "@localhost:" + port, true},
	} {
		c := open(t, server.Address, func(o *redis.Options) { o.URL = tc.url })
		reason := <-c.changes
		_, asked := redis.Ask(t.Context(), tc.url)
		if !tc.fails {
			require.NoError(t, reason, name)
			require.NoError(t, asked, name)
			continue
		}
		for _, err := range []error{reason, asked} {
			require.Error(t, err, name)
			assert.NotContains(t, err.Error(), "hunter2", name)
		}
		assert.Equal(t, sightline.CodeUnavailable, sightline.CodeOf(asked), name)
		c.Set(t.Context(), "a", []byte("one"))
		_, ok := c.Get(t.Context(), "b")
		assert.False(t, ok, name)
	}
}

func TestAskTellsWhoTheServerIs(t *testing.T) {
	facts, err := redis.Ask(t.Context(), "redis://"+redistest.Start(t, "--maxmemory", "50mb", "--maxmemory-policy", "allkeys-lru").Address)
	require.NoError(t, err)
	assert.Regexp(t, `^\d+\.\d+\.\d+$`, facts.Version)
	assert.EqualValues(t, 50<<20, facts.Max)
	assert.Equal(t, "allkeys-lru", facts.Policy)
	assert.Positive(t, facts.Used)
}
