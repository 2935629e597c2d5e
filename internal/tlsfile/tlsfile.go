// Package tlsfile reads the files of TLS: authorities, and a certificate with its key. It bounds what it reads, and its
// errors name the file.
package tlsfile

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"

	"iggysink/internal/boundedfile"
)

// MaxSize is how many bytes a file may have. The authorities of a whole system have a quarter of it.
const MaxSize = 1 << 20

// Authorities returns the system's authorities and those in a PEM file.
func Authorities(path string) (*x509.CertPool, error) {
	pem, err := boundedfile.Read(path, MaxSize)
	if err != nil {
		return nil, err
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool() // a system without authorities
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("no certificate in %s: the file is empty, or has no PEM certificate in it", path)
	}
	return pool, nil
}

// Pair returns the certificate in a PEM file, with those above it, and its key in another.
func Pair(certFile, keyFile string) (tls.Certificate, error) {
	cert, err := boundedfile.Read(certFile, MaxSize)
	if err != nil {
		return tls.Certificate{}, err
	}
	key, err := boundedfile.Read(keyFile, MaxSize)
	if err != nil {
		return tls.Certificate{}, err
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("%s and %s: %w", certFile, keyFile, err)
	}
	return pair, nil
}
