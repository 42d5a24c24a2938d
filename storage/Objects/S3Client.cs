using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Amazon;
using Amazon.Runtime;
using Amazon.S3;

namespace Broadcast.Storage.Objects;

/// <summary>Creates AWS clients that are compatible with any S3 service.</summary>
internal static class S3Client
{
    /// <summary>Creates a client with a connection pool of its own.</summary>
    /// <param name="options">Endpoint and credentials.</param>
    /// <param name="maxConnections">Maximum number of connections.</param>
    public static AmazonS3Client Create(StorageOptions options, int maxConnections)
    {
        var config = new AmazonS3Config
        {
            // Services without support for the newer checksum headers reject them or mix them into the body.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            RetryMode = RequestRetryMode.Standard,
            MaxErrorRetry = 2,

            // The store's own deadlines depend on the body size and expire first.
            Timeout = TimeSpan.FromMinutes(30),
            HttpClientFactory = new ClientFactory(TimeSpan.FromSeconds(Math.Min(5, options.TimeoutSeconds)), options.AuthorityFile,
                maxConnections),
        };

        if (string.IsNullOrEmpty(options.Endpoint))
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(options.Region);
        }
        else
        {
            config.ServiceURL = options.Endpoint;
            config.ForcePathStyle = true;
            config.AuthenticationRegion = string.IsNullOrEmpty(options.Region) ? "us-east-1" : options.Region;
        }

        return string.IsNullOrEmpty(options.AccessKey)
            ? new AmazonS3Client(config)
            : new AmazonS3Client(new BasicAWSCredentials(options.AccessKey, options.SecretKey), config);
    }

    private sealed class ClientFactory(TimeSpan connectTimeout, string? authorities, int maxConnections) : HttpClientFactory
    {
        private readonly X509ChainPolicy? _trust = string.IsNullOrEmpty(authorities) ? null : Trust(authorities);

        public override HttpClient CreateHttpClient(IClientConfig clientConfig)
        {
            var sockets = new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                ConnectTimeout = connectTimeout,
                MaxConnectionsPerServer = maxConnections,

                // Connections are renewed regularly, so that DNS changes of S3 take effect.
                PooledConnectionLifetime = TimeSpan.FromMinutes(2),
                SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = _trust },
            };
            return new HttpClient(new ExpectContinueSuppressor(sockets)) { Timeout = clientConfig.Timeout ?? Timeout.InfiniteTimeSpan };
        }

        private static X509ChainPolicy Trust(string authorities)
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.ImportFromPemFile(authorities);
            return policy;
        }
    }

    /// <summary>
    /// Removes <c>Expect: 100-continue</c> from requests with small bodies. .NET sends a body of up to 1024 bytes even after a final
    /// response instead of the "continue", as RFC 9110 section 10.1.1 allows. Ceph's gateway then parses the body as the next request on
    /// the connection.
    /// </summary>
    private sealed class ExpectContinueSuppressor(HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        private const int MaxBodyLength = 1024;

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.Headers.ExpectContinue == true && request.Content?.Headers.ContentLength is <= MaxBodyLength)
            {
                request.Headers.ExpectContinue = false;
            }

            return base.SendAsync(request, cancellationToken);
        }
    }
}
