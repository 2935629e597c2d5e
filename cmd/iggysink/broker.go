package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"iggysink/internal/iggyserver"
)

func newBrokerCommand() *cobra.Command {
	var address, httpAddress string
	cmd := &cobra.Command{
		Use:   "broker",
		Short: "Run the in-process Iggy server alone, for development",
		Long: `broker runs the Iggy server of 'iggysink dev' alone. It speaks the protocol of Iggy 0.8 over TCP to any client, and the
routes of its HTTP API that messages take with --http-address. It takes user iggy with password iggy, and keeps everything in
memory: what it holds is gone when it ends.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return stoppable(cmd.Context(), func(ctx context.Context) error {
				return runBroker(ctx, address, httpAddress, cmd.OutOrStdout())
			})
		},
	}
	cmd.Flags().StringVar(&address, "address", "127.0.0.1:8090", "host and port to listen on; port 0 takes a free one")
	cmd.Flags().StringVar(&httpAddress, "http-address", "", "host and port to listen on for HTTP, such as 127.0.0.1:3000 (default: not)")
	return cmd
}

// runBroker prints "ready" and the addresses once clients can connect, so that a script can wait for the line.
func runBroker(ctx context.Context, address, httpAddress string, stdout io.Writer) error {
	server, err := iggyserver.Start(iggyserver.Options{Address: address, HTTPAddress: httpAddress})
	if err != nil {
		return fmt.Errorf("starting the broker: %w", err)
	}
	line := "ready " + server.Addr()
	if httpAddress != "" {
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
