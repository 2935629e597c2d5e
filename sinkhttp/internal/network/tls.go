package network

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"

	"iggysink/internal/tlsfile"
	"iggysink/schema"
)

// secrets are the files of a tls block, read again when one of them has changed: a connection that is made takes what is
// there, connections under way keep what they have. Files that do not fit together, as in the middle of a renewal, are
// told once and tried again at the next connection; until then those from before are used.
type secrets struct {
	block    schema.TLS
	insecure bool
	log      *slog.Logger

	mu     sync.Mutex
	config *tls.Config
	stamps [3]stamp // of the last attempt to read
}

// stamp tells whether a file is the one that was read.
type stamp struct {
	size  int64
	mtime time.Time
	info  fs.FileInfo
}

func (s stamp) same(other stamp) bool {
	if s.info == nil || other.info == nil {
		return s.info == nil && other.info == nil
	}
	return s.size == other.size && s.mtime.Equal(other.mtime) && os.SameFile(s.info, other.info)
}

func newSecrets(cfg *schema.Sink, log *slog.Logger) (*secrets, error) {
	s := &secrets{insecure: cfg.TLSDangerAcceptInvalidCerts, log: log}
	if cfg.TLS != nil {
		s.block = *cfg.TLS
	}
	s.stamps = s.look()
	var err error
	s.config, err = s.read()
	return s, err
}

// current returns the configuration for a connection that is about to be made. It is not to be changed.
func (s *secrets) current() *tls.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.look()
	changed := false
	for i := range now {
		changed = changed || !now[i].same(s.stamps[i])
	}
	if !changed {
		return s.config
	}
	s.stamps = now
	config, err := s.read()
	if err != nil {
		s.log.Warn("the files of tls have changed and cannot be used; those from before stay in use", "error", err)
		return s.config
	}
	s.config = config
	s.log.Info("the files of tls have changed and were read again")
	return config
}

// look returns the stamps of the files.
func (s *secrets) look() (all [3]stamp) {
	for i, path := range []string{s.block.CAFile, s.block.CertFile, s.block.KeyFile} {
		if path == "" {
			continue
		}
		if info, err := os.Stat(path); err == nil {
			all[i] = stamp{info.Size(), info.ModTime(), info}
		}
	}
	return all
}

// read makes the configuration. The files are read here and not by req, which only logs that it cannot read one and trusts
// nobody else where it has a certificate authority.
func (s *secrets) read() (*tls.Config, error) {
	config := &tls.Config{
		MinVersion: tls.VersionTLS12, ServerName: s.block.ServerName,
		InsecureSkipVerify: s.insecure, //nolint:gosec // asked for by name, and warned of
	}
	if s.block.MinVersion == schema.TLSVersion13 {
		config.MinVersion = tls.VersionTLS13
	}
	if s.block.CAFile != "" {
		var err error
		if config.RootCAs, err = tlsfile.Authorities(s.block.CAFile); err != nil {
			return nil, fmt.Errorf("tls: ca_file: %w", err)
		}
	}
	if s.block.CertFile != "" || s.block.KeyFile != "" {
		if s.block.CertFile == "" || s.block.KeyFile == "" {
			return nil, errors.New("tls: cert_file and key_file need each other")
		}
		pair, err := tlsfile.Pair(s.block.CertFile, s.block.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("tls: cert_file and key_file: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}
