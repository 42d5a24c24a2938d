using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Options;

namespace Broadcast.Storage;

/// <summary>
/// Where objects live; configuration section <c>Storage</c>. Without a bucket they are files under <c>objects</c> in the data folder; with one they are in any
/// S3 service (AWS, MinIO, Ceph, Garage, R2).
/// </summary>
public sealed class StorageOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Storage";

    /// <summary>The S3 bucket, which must exist. Not set: objects are kept on disk.</summary>
    public string? Bucket { get; set; }

    /// <summary>The S3 service, as <c>http://host:port</c> or <c>https://…</c>. Not set: AWS, found by <see cref="Region"/>.</summary>
    public string? Endpoint { get; set; }

    /// <summary>
    /// A PEM file with the certificates of the authorities that an <c>https</c> service's certificate may come from, in place of the system's: for a service with an authority of its own, or with a
    /// certificate that it signed itself. Read at the start. Not set: those that the system trusts.
    /// </summary>
    public string? AuthorityFile { get; set; }

    /// <summary>The region that requests are signed for and, without <see cref="Endpoint"/>, sent to. Most services other than AWS take any, so there is a default.</summary>
    public string? Region { get; set; }

    /// <summary>The access key's id. Not set: the AWS credential chain (environment, profile, container or instance role).</summary>
    public string? AccessKey { get; set; }

    /// <summary>The secret that belongs to <see cref="AccessKey"/>. Never logged.</summary>
    public string? SecretKey { get; set; }

    /// <summary>Put before every name, as a folder: lets several installations share a bucket. For example <c>broadcast/production</c>.</summary>
    public string? Prefix { get; set; }

    /// <summary>
    /// The S3 storage class of objects of 128 KiB and more, such as <c>STANDARD_IA</c> or <c>INTELLIGENT_TIERING</c>, by the service's own names. Not set: the bucket's own. Classes whose objects
    /// cannot be read at once (<c>GLACIER</c>, <c>DEEP_ARCHIVE</c>) are refused.
    /// </summary>
    public string? StorageClass { get; set; }

    /// <summary>
    /// Seconds that S3 may take to answer one request (1 to 600, default 15); a body adds the time it takes at 1 MiB/s. A request that takes longer counts as
    /// "unreachable" and is tried again by whoever asked. Longer than S3's own p99 on a bad day (about 5 s), short enough that a dead server is noticed.
    /// </summary>
    public int TimeoutSeconds { get; set; } = 15;

    /// <summary>
    /// Whether a disk store's objects are flushed to the medium before they get their name (default true), so that no power cut leaves a torn object. It is off
    /// the live path. Turn it off for slow disks whose last half minute may be lost with the power.
    /// </summary>
    public bool FlushToDisk { get; set; } = true;
}

/// <summary>Lists everything that is wrong with <see cref="StorageOptions"/>, not the first thing only.</summary>
internal sealed class StorageOptionsValidator : IValidateOptions<StorageOptions>
{
    public ValidateOptionsResult Validate(string? name, StorageOptions options)
    {
        var mistakes = new List<string>();
        var s3 = !string.IsNullOrEmpty(options.Bucket);

        if (s3 && !IsBucketName(options.Bucket!))
        {
            mistakes.Add($"Storage:Bucket '{options.Bucket}' is not a bucket name: use 3 to 63 of a-z, 0-9, '.' and '-', beginning and ending with a letter or digit.");
        }

        if (!s3)
        {
            foreach (var (key, value) in new[]
                     {
                         ("Endpoint", options.Endpoint), ("Region", options.Region), ("AccessKey", options.AccessKey), ("SecretKey", options.SecretKey), ("Prefix", options.Prefix), ("StorageClass", options.StorageClass),
                         ("AuthorityFile", options.AuthorityFile),
                     })
            {
                if (!string.IsNullOrEmpty(value))
                {
                    mistakes.Add($"Storage:{key} is set but Storage:Bucket is not: name the bucket, or remove the key to store on disk.");
                }
            }
        }

        if (!string.IsNullOrEmpty(options.Endpoint) && !IsEndpoint(options.Endpoint))
        {
            // The value is not repeated: people put credentials into URLs.
            mistakes.Add("Storage:Endpoint is not an address: write http://host:port or https://host, with no path, query or credentials.");
        }

        if (s3 && !string.IsNullOrEmpty(options.AuthorityFile) && FaultOf(options.AuthorityFile) is { } fault)
        {
            mistakes.Add($"Storage:AuthorityFile '{options.AuthorityFile}' {fault}: name a PEM file with the certificate of the authority that signed the service's.");
        }

        if (string.IsNullOrEmpty(options.AccessKey) != string.IsNullOrEmpty(options.SecretKey))
        {
            mistakes.Add(string.IsNullOrEmpty(options.AccessKey)
                ? "Storage:SecretKey is set but Storage:AccessKey is not: set both, or neither to use the AWS credential chain."
                : "Storage:AccessKey is set but Storage:SecretKey is not: set both, or neither to use the AWS credential chain.");
        }

        if (s3 && string.IsNullOrEmpty(options.Endpoint) && string.IsNullOrEmpty(options.Region))
        {
            mistakes.Add("Storage:Region is needed when Storage:Endpoint is not set (for example eu-central-1).");
        }

        if (!string.IsNullOrEmpty(options.Prefix) && !Media.ObjectName.TryParse(options.Prefix.Trim('/'), out _))
        {
            mistakes.Add($"Storage:Prefix '{options.Prefix}' is not a folder name: use segments of A-Z a-z 0-9 . _ - joined by '/', none beginning with a dot.");
        }

        if (!string.IsNullOrEmpty(options.StorageClass) && (options.StorageClass.Length > 64 || !options.StorageClass.All(c => char.IsAsciiLetterUpper(c) || char.IsAsciiDigit(c) || c == '_')))
        {
            mistakes.Add($"Storage:StorageClass '{options.StorageClass}' is not a storage class: use its name in A-Z, 0-9 and '_', such as STANDARD_IA.");
        }
        else if (options.StorageClass is "GLACIER" or "DEEP_ARCHIVE")
        {
            mistakes.Add($"Storage:StorageClass '{options.StorageClass}' keeps objects where they cannot be read at once: viewers could not play them. Use STANDARD_IA, INTELLIGENT_TIERING or GLACIER_IR.");
        }

        if (options.TimeoutSeconds is < 1 or > 600)
        {
            mistakes.Add($"Storage:TimeoutSeconds is {options.TimeoutSeconds}: use 1 to 600.");
        }

        return mistakes.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(mistakes);
    }

    private static string? FaultOf(string authorities)
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPemFile(authorities);
            return certificates.Count == 0 ? "has no certificate in it" : null;
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
