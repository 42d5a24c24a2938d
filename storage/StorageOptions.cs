using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Options;

namespace Broadcast.Storage;

/// <summary>
/// Options of the object store; configuration section <c>Storage</c>. Without a bucket, objects are files under <c>objects</c> in the data
/// folder. With a bucket, they are in any S3 service (AWS, MinIO, Ceph, Garage, R2).
/// </summary>
public sealed class StorageOptions
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Storage";

    /// <summary>Existing S3 bucket. Unset: objects are stored on disk.</summary>
    public string? Bucket { get; set; }

    /// <summary>Endpoint of the S3 service, as <c>http://host:port</c> or <c>https://…</c>. Unset: AWS in <see cref="Region"/>.</summary>
    public string? Endpoint { get; set; }

    /// <summary>
    /// PEM file with the trusted certificate authorities of an <c>https</c> endpoint, instead of the system's: for services with a private
    /// authority or a self-signed certificate. Read at startup. Unset: the system's trusted authorities.
    /// </summary>
    public string? AuthorityFile { get; set; }

    /// <summary>
    /// Region for request signatures and, without <see cref="Endpoint"/>, of the service. Most services other than AWS accept any region,
    /// so there is a default.
    /// </summary>
    public string? Region { get; set; }

    /// <summary>Access key ID. Unset: the AWS credential chain (environment, profile, container or instance role).</summary>
    public string? AccessKey { get; set; }

    /// <summary>Secret of <see cref="AccessKey"/>. Never logged.</summary>
    public string? SecretKey { get; set; }

    /// <summary>
    /// Folder prefix of all object names, such as <c>broadcast/production</c>, so that several installations can share a bucket.
    /// </summary>
    public string? Prefix { get; set; }

    /// <summary>
    /// S3 storage class of objects of 128 KiB and more, such as <c>STANDARD_IA</c> or <c>INTELLIGENT_TIERING</c>, as named by the service.
    /// Unset: the bucket's default. Classes without immediate access (<c>GLACIER</c>, <c>DEEP_ARCHIVE</c>) are rejected.
    /// </summary>
    public string? StorageClass { get; set; }

    /// <summary>
    /// Timeout of an S3 request in seconds (1 to 600, default 15), plus the transfer time of a body at 1 MiB/s. A timed-out request counts
    /// as "unreachable" and is retried by the caller. The default is longer than S3's p99 on a bad day (about 5 s), and short enough to
    /// notice a dead server.
    /// </summary>
    public int TimeoutSeconds { get; set; } = 15;

    /// <summary>
    /// Indicates whether a disk store flushes objects to the medium before naming them (default true), so that a power cut leaves no torn
    /// object. It is not on the live path. Disable it for slow disks when losing the last 30 s in a power cut is acceptable.
    /// </summary>
    public bool FlushToDisk { get; set; } = true;
}

/// <summary>Validates <see cref="StorageOptions"/> and reports all errors.</summary>
internal sealed class StorageOptionsValidator : IValidateOptions<StorageOptions>
{
    public ValidateOptionsResult Validate(string? name, StorageOptions options)
    {
        var errors = new List<string>();
        var s3 = !string.IsNullOrEmpty(options.Bucket);

        if (s3 && !IsBucketName(options.Bucket!))
        {
            errors.Add(
                $"Storage:Bucket '{options.Bucket}' is not a bucket name: use 3 to 63 of a-z, 0-9, '.' and '-', starting and ending with "
                + "a letter or digit.");
        }

        if (!s3)
        {
            foreach (var (key, value) in new[]
                     {
                         ("Endpoint", options.Endpoint), ("Region", options.Region), ("AccessKey", options.AccessKey),
                         ("SecretKey", options.SecretKey), ("Prefix", options.Prefix), ("StorageClass", options.StorageClass),
                         ("AuthorityFile", options.AuthorityFile),
                     })
            {
                if (!string.IsNullOrEmpty(value))
                {
                    errors.Add($"Storage:{key} is set but Storage:Bucket is not: set the bucket, or remove the option to store on disk.");
                }
            }
        }

        if (!string.IsNullOrEmpty(options.Endpoint) && !IsEndpoint(options.Endpoint))
        {
            // The value is not repeated, because URLs may contain credentials.
            errors.Add("Storage:Endpoint is not a URL: use http://host:port or https://host, with no path, query or credentials.");
        }

        if (s3 && !string.IsNullOrEmpty(options.AuthorityFile) && FindAuthorityFileError(options.AuthorityFile) is { } error)
        {
            errors.Add(
                $"Storage:AuthorityFile '{options.AuthorityFile}' {error}: use a PEM file with the certificate of the authority that "
                + "signed the service's certificate.");
        }

        if (string.IsNullOrEmpty(options.AccessKey) != string.IsNullOrEmpty(options.SecretKey))
        {
            errors.Add(string.IsNullOrEmpty(options.AccessKey)
                ? "Storage:SecretKey is set but Storage:AccessKey is not: set both, or neither to use the AWS credential chain."
                : "Storage:AccessKey is set but Storage:SecretKey is not: set both, or neither to use the AWS credential chain.");
        }

        if (s3 && string.IsNullOrEmpty(options.Endpoint) && string.IsNullOrEmpty(options.Region))
        {
            errors.Add("Storage:Region is required when Storage:Endpoint is not set (for example eu-central-1).");
        }

        if (!string.IsNullOrEmpty(options.Prefix) && !Broadcast.Media.ObjectName.TryParse(options.Prefix.Trim('/'), out _))
        {
            errors.Add(
                $"Storage:Prefix '{options.Prefix}' is not a folder name: use segments of A-Z a-z 0-9 . _ - joined by '/', none starting "
                + "with a dot.");
        }

        if (!string.IsNullOrEmpty(options.StorageClass) && (options.StorageClass.Length > 64
            || !options.StorageClass.All(c => char.IsAsciiLetterUpper(c) || char.IsAsciiDigit(c) || c == '_')))
        {
            errors.Add(
                $"Storage:StorageClass '{options.StorageClass}' is not a storage class: use its name in A-Z, 0-9 and '_', such as "
                + "STANDARD_IA.");
        }
        else if (options.StorageClass is "GLACIER" or "DEEP_ARCHIVE")
        {
            errors.Add(
                $"Storage:StorageClass '{options.StorageClass}' has no immediate access: viewers could not play its objects. Use "
                + "STANDARD_IA, INTELLIGENT_TIERING or GLACIER_IR.");
        }

        if (options.TimeoutSeconds is < 1 or > 600)
        {
            errors.Add($"Storage:TimeoutSeconds is {options.TimeoutSeconds}: use 1 to 600.");
        }

        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }

    private static string? FindAuthorityFileError(string authorities)
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPemFile(authorities);
            return certificates.Count == 0 ? "contains no certificate" : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            return e is CryptographicException ? "is not a PEM file of certificates" : "cannot be read";
        }
        finally
        {
            foreach (var certificate in certificates)
            {
                certificate.Dispose();
            }
        }
    }

    private static bool IsBucketName(string text) =>
        text.Length is >= 3 and <= 63
        && char.IsAsciiLetterOrDigit(text[0]) && char.IsAsciiLetterOrDigit(text[^1])
        && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '-');

    private static bool IsEndpoint(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri)
        && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps)
        && uri.Host.Length > 0 && uri.UserInfo.Length == 0 && uri.AbsolutePath == "/" && uri.Query.Length == 0 && uri.Fragment.Length == 0;
}
