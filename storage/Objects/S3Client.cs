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
            ConnectTimeout = TimeSpan.FromSeconds(Math.Min(5, options.TimeoutSeconds)),
            MaxConnectionsPerServer = 64,
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
}
