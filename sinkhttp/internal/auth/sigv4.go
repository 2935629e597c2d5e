package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"

	"iggysink/schema"
)

// sigV4 signs with AWS credentials. They come from the standard chain, which keeps them until they end.
type sigV4 struct {
	block   schema.AuthAwsSigv4
	timeout time.Duration
	signer  *v4.Signer

	loading  chan struct{} // holds one: whoever is in it may touch provider
	provider aws.CredentialsProvider
	source   atomic.Pointer[string] // of the last credentials, as the chain names it
}

// newSigV4 reads nothing yet. The chain has an HTTP client of its own: what keeps a sink from the address of the instance's
// metadata must not keep the chain from it.
func newSigV4(b *schema.AuthAwsSigv4, timeout time.Duration) *sigV4 {
	return &sigV4{
		block: *b, timeout: timeout, loading: make(chan struct{}, 1),
		// S3 alone signs a path as it is; for any other service it is encoded once more.
		signer: v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = isS3(b.Service) }),
	}
}

// Apply implements Credential.
func (s *sigV4) Apply(ctx context.Context, r *Request) (Generation, error) {
	bounded, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	provider, err := s.chain(bounded)
	if err != nil {
		return 0, s.failure(ctx, err)
	}
	credentials, err := provider.Retrieve(bounded)
	if err != nil {
		return 0, s.failure(ctx, err)
	}
	if was := s.source.Load(); was == nil || *was != credentials.Source {
		s.source.Store(&credentials.Source)
	}
	if err := s.sign(ctx, credentials, r); err != nil {
		return 0, s.failure(ctx, err)
	}
	return 1, nil
}

// sign adds the signature to the headers of r.
func (s *sigV4) sign(ctx context.Context, credentials aws.Credentials, r *Request) error {
	signed := *r.URL // the signer writes to it, and all requests of a partition share it
	if !isS3(s.block.Service) {
		signed.RawPath = canonicalPath(r.URL.EscapedPath())
		path, err := url.PathUnescape(signed.RawPath)
		if err != nil {
			return err
		}
		signed.Path = path
	}
	sum := sha256.Sum256(r.Body)
	digest := hex.EncodeToString(sum[:])
	for _, name := range []string{"X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-Sha256", "Authorization"} {
		delete(r.Header, name) // the signer appends to the value that it finds, which all requests share as well
	}
	if wantsDigest(s.block.Service) {
		r.Header["X-Amz-Content-Sha256"] = []string{digest}
	}
	request := (&http.Request{
		Method: r.Method, URL: &signed, Host: r.Host, Header: r.Header, ContentLength: int64(len(r.Body)),
	}).WithContext(ctx)
	return s.signer.SignHTTP(ctx, credentials, request, digest, s.block.Service, s.block.Region, r.Time)
}

// Offline implements Credential: of the chain it asks the environment and the shared files, as they stand.
func (s *sigV4) Offline(r *Request) map[string]string {
	ctx := context.Background() // nothing here waits
	credentials, found := s.local(ctx)
	if found && s.sign(ctx, credentials, r) == nil {
		return nil
	}
	return map[string]string{"Authorization": "a signature with AWS credentials, of which neither the environment nor the shared files " +
		"have any: the other places take a connection"}
}

// local returns the credentials that are there without a connection and without a command, in the order of the chain.
func (s *sigV4) local(ctx context.Context) (aws.Credentials, bool) {
	environment, err := config.NewEnvConfig()
	if err != nil {
		return aws.Credentials{}, false
	}
	if s.block.Profile == "" && (environment.Credentials.HasKeys() || environment.WebIdentityTokenFilePath != "") {
		return environment.Credentials, environment.Credentials.HasKeys()
	}
	profile := s.block.Profile
	if profile == "" {
		profile = environment.SharedConfigProfile
	}
	if profile == "" {
		profile = config.DefaultSharedConfigProfile
	}
	shared, err := config.LoadSharedConfigProfile(ctx, profile, func(o *config.LoadSharedConfigOptions) {
		if environment.SharedConfigFile != "" {
			o.ConfigFiles = []string{environment.SharedConfigFile}
		}
		if environment.SharedCredentialsFile != "" {
			o.CredentialsFiles = []string{environment.SharedCredentialsFile}
		}
	})
	return shared.Credentials, err == nil && shared.RoleARN == "" && shared.Credentials.HasKeys()
}

// isS3 reports whether a service is S3 under one of the names that it signs with.
func isS3(service string) bool {
	return service == "s3" || service == "s3express" || service == "s3-outposts" || service == "s3-object-lambda"
}

// wantsDigest reports whether a service asks for the hash of the body in a header of its own: S3, and OpenSearch Serverless.
func wantsDigest(service string) bool { return isS3(service) || service == "aoss" }

// Describe implements Credential.
func (s *sigV4) Describe() string {
	if source := s.source.Load(); source != nil && *source != "" {
		return "AWS credentials of " + *source
	}
	return "AWS credentials"
}

// Renew implements Credential: credentials are fetched again at their end, by the chain.
func (s *sigV4) Renew(Generation) bool { return false }

func (s *sigV4) failure(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return &Error{Reason: "there are no AWS credentials: environment, shared files, web identity, container and instance contain none",
		Down: true, Err: err}
}

// chain returns the credential chain, built once.
func (s *sigV4) chain(ctx context.Context) (aws.CredentialsProvider, error) {
	select {
	case s.loading <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { <-s.loading }()
	if s.provider != nil {
		return s.provider, nil
	}
	options := []func(*config.LoadOptions) error{config.WithRegion(s.block.Region)}
	if s.block.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(s.block.Profile))
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, err
	}
	s.provider = loaded.Credentials
	return s.provider, nil
}
