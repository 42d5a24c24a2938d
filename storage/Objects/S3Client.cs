using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Amazon;
using Amazon.Runtime;
using Amazon.S3;

namespace Broadcast.Storage.Objects;

/// <summary>Sets the AWS client up so that any S3 service understands it.</summary>
internal static class S3Client
{
    public static AmazonS3Client Create(StorageOptions options)
    {
        var config = new AmazonS3Config
        {
            // Newer checksum headers are refused or mixed into the bytes by services that do not know them.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            RetryMode = RequestRetryMode.Standard,
            MaxErrorRetry = 2,

            // Our own deadlines, which know the size of the body, come first.
            Timeout = TimeSpan.FromMinutes(30),
            HttpClientFactory = new Clients(TimeSpan.FromSeconds(Math.Min(5, options.TimeoutSeconds)), options.AuthorityFile),
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

    private sealed class Clients(TimeSpan connectWithin, string? authorities) : HttpClientFactory
    {
        private readonly X509ChainPolicy? _trust = string.IsNullOrEmpty(authorities) ? null : Trust(authorities);

        public override HttpClient CreateHttpClient(IClientConfig clientConfig)
        {
            var sockets = new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                ConnectTimeout = connectWithin,
                MaxConnectionsPerServer = 64,

                // S3 moves behind its name: connections are renewed so that DNS is asked again.
                PooledConnectionLifetime = TimeSpan.FromMinutes(2),
                SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = _trust },
            };
            return new HttpClient(new SmallBodiesAtOnce(sockets)) { Timeout = clientConfig.Timeout ?? Timeout.InfiniteTimeSpan };
        }

        private static X509ChainPolicy Trust(string authorities)
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.ImportFromPemFile(authorities);
            return policy;
        }
    }

    /// <summary>
    /// Takes <c>Expect: 100-continue</c> off requests with small bodies. .NET sends a body of up to 1024 bytes even after a final answer has come instead of the
    /// "continue", as RFC 9110 section 10.1.1 allows; Ceph's gateway then takes it for the beginning of the next request on the connection.
    /// </summary>
    private sealed class SmallBodiesAtOnce(HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        private const int SentAnyway = 1024;

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.Headers.ExpectContinue == true && request.Content?.Headers.ContentLength is <= SentAnyway)
            {
                request.Headers.ExpectContinue = false;
            }

            return base.SendAsync(request, cancellationToken);
        }
    }
}
