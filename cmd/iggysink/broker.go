package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"iggysink/internal/iggyserver"
)

func newBrokerCommand() *cobra.Command {
	var address string
	cmd := &cobra.Command{
		Use:   "broker",
		Short: "Run the in-process Iggy server alone, for development",
		Long: `broker runs the Iggy server of 'iggysink dev' alone. It speaks the protocol of Iggy 0.8 over TCP to any client, takes
user iggy with password iggy, and keeps everything in memory: what it holds is gone when it ends.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return stoppable(cmd.Context(), func(ctx context.Context) error {
				return runBroker(ctx, address, cmd.OutOrStdout())
			})
		},
	}
	cmd.Flags().StringVar(&address, "address", "127.0.0.1:8090", "host and port to listen on; port 0 takes a free one")
	return cmd
}

// runBroker prints "ready" and the address once clients can connect, so that a script can wait for the line.
func runBroker(ctx context.Context, address string, stdout io.Writer) error {
	server, err := iggyserver.Start(iggyserver.Options{Address: address})
	if err != nil {
		return fmt.Errorf("starting the broker: %w", err)
	}
	if _, err = fmt.Fprintf(stdout, "ready %s\n", server.Addr()); err == nil {
		<-ctx.Done()
	}
	if closeErr := server.Close(); err == nil {
		err = closeErr
	}
	return err
}
