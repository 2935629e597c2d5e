package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"

	"github.com/spf13/cobra"

	"iggysink/internal/iggyserver"
	"iggysink/internal/tlsfile"
	"iggysink/schema"
)

func newBrokerCommand() *cobra.Command {
	var opts iggyserver.Options
	var insecure bool
	var certFile, keyFile string
	cmd := &cobra.Command{
		Use:   "broker",
		Short: "Run the in-process Iggy server alone, for development",
		Long: `broker runs the Iggy server of 'iggysink dev' alone. It speaks the TCP protocol of Iggy 0.8 to any client. With
--http-address it also serves the routes of the HTTP API that messages take. Log in as user iggy with the password of
$IGGY_PASSWORD, or iggy if it is not set. The server keeps everything in memory and loses it when it ends. With --tls-cert
and --tls-key both listeners speak TLS.`,
		Example: `  iggysink broker
  IGGY_PASSWORD=$(openssl rand -hex 16) iggysink broker --address 0.0.0.0:8090 --tls-cert tls.crt --tls-key tls.key`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return stoppable(cmd.Context(), func(ctx context.Context) error {
				opts.Password = os.Getenv("IGGY_PASSWORD")
				var err error
				if opts.TLS, err = serverTLS(certFile, keyFile); err != nil {
					return err
				}
				if !insecure {
					if err := refuseOpenBroker(opts); err != nil {
						return err
					}
				}
				return runBroker(ctx, opts, cmd.OutOrStdout())
			})
		},
	}
	cmd.Flags().StringVar(&opts.Address, "address", "127.0.0.1:8090", "host and port to listen on; port 0 takes a free one")
	cmd.Flags().StringVar(&opts.HTTPAddress, "http-address", "", "host and port to listen on for HTTP, such as 127.0.0.1:3000 (default: not)")
	cmd.Flags().BoolVar(&insecure, "insecure", false, "listen beyond loopback with the default password")
	cmd.Flags().StringVar(&certFile, "tls-cert", "", "PEM `file` with the certificate of the broker, and those above it (default: clear text)")
	cmd.Flags().StringVar(&keyFile, "tls-key", "", "PEM `file` with the key of --tls-cert")
	cmd.MarkFlagsRequiredTogether("tls-cert", "tls-key")
	return cmd
}

// serverTLS is how a server speaks TLS with a certificate of files; nil without files.
func serverTLS(certFile, keyFile string) (*tls.Config, error) {
	if certFile == "" {
		return nil, nil
	}
	certificate, err := tlsfile.Pair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("--tls-cert %s, --tls-key %s: %w", certFile, keyFile, err)
	}
	return &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}, nil
}

// refuseOpenBroker is an error where others than this machine could log in with a password that everybody knows.
func refuseOpenBroker(opts iggyserver.Options) error {
	if opts.Password != "" && opts.Password != "iggy" {
		return nil
	}
	for _, address := range []string{opts.Address, opts.HTTPAddress} {
		if address == "" {
			continue
		}
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return fmt.Errorf("the broker's address %q: %w", address, err)
		}
		if !schema.IsLoopback(host) {
			return fmt.Errorf("the broker would listen on %s with the default password, which everybody knows: "+
				"set IGGY_PASSWORD, listen on 127.0.0.1, or say --insecure", address)
		}
	}
	return nil
}

// runBroker prints "ready" and the addresses once clients can connect, so that a script can wait for the line.
func runBroker(ctx context.Context, opts iggyserver.Options, stdout io.Writer) error {
	server, err := iggyserver.Start(opts)
	if err != nil {
		return fmt.Errorf("starting the broker: %w", err)
	}
	line := "ready " + server.Addr()
	if opts.HTTPAddress != "" {
		line += " http " + server.HTTPAddr()
	}
	if _, err = fmt.Fprintln(stdout, line); err == nil {
		<-ctx.Done()
	}
	if closeErr := server.Close(); err == nil {
		err = closeErr
	}
	return err
}
