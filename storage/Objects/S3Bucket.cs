using System.Net;
using Amazon.S3;
using Amazon.S3.Model;
using Broadcast.Media;
using Broadcast.Media.Storage;

namespace Broadcast.Storage.Objects;

/// <summary>
/// The bucket of an <see cref="S3ObjectStore"/>: keys, deadlines, errors and the requests that several operations share.
/// </summary>
internal sealed class S3Bucket
{
    private const string Checksum = "broadcast-crc32c";
    private const string PutId = "broadcast-put";
    private volatile bool _wasSeen;

    public S3Bucket(StorageOptions options, TimeProvider time)
    {
        Time = time;
        Name = options.Bucket!;
        Prefix = string.IsNullOrEmpty(options.Prefix) ? "" : options.Prefix.Trim('/') + "/";
        Timeout = TimeSpan.FromSeconds(options.TimeoutSeconds);
        Errors = new S3Errors(string.IsNullOrEmpty(options.Endpoint) ? $"AWS {options.Region}" : options.Endpoint, Name);
    }

    public string Name { get; }

    /// <summary>Empty, or the prefix of all keys, ending in a slash.</summary>
    public string Prefix { get; }

    public TimeSpan Timeout { get; }

    public TimeProvider Time { get; }

    public S3Errors Errors { get; }

    public static DateTimeOffset Utc(DateTime? time) => new((time ?? DateTime.UnixEpoch).ToUniversalTime());

    /// <summary>Returns whether an error means that the object, not the bucket, is missing.</summary>
    public static bool IsNoObject(AmazonS3Exception e) => e.StatusCode == HttpStatusCode.NotFound && e.ErrorCode != "NoSuchBucket";

    /// <summary>Sets the metadata entry with an object's checksum.</summary>
    public static void SetChecksum(MetadataCollection metadata, uint sum) => metadata[Checksum] = Crc32C.Format(sum);

    /// <summary>Reads the metadata entry with an object's checksum.</summary>
    public static uint? ChecksumOf(MetadataCollection metadata) => Crc32C.Parse(metadata[Checksum]);

    /// <summary>Sets the metadata entry that identifies a put.</summary>
    public static void SetPutId(MetadataCollection metadata, string id) => metadata[PutId] = id;

    public string KeyOf(ObjectName name) => Prefix + name.Value;

    /// <summary>Deadline of a request with a body: the response timeout plus the transfer at 1 MiB/s.</summary>
    public TimeSpan LimitFor(long bytes) => Timeout + TimeSpan.FromSeconds(bytes >> 20);

    /// <summary>Finds an object's metadata and the ID of its put; <see langword="null"/> when it does not exist.</summary>
    public async Task<(ObjectInfo? Info, string? PutId)> HeadAsync(AmazonS3Client client, ObjectName name,
        CancellationToken cancellationToken)
    {
        try
        {
            var head = await client.GetObjectMetadataAsync(
                new GetObjectMetadataRequest { BucketName = Name, Key = KeyOf(name) }, cancellationToken);
            return (new ObjectInfo(name, head.ContentLength, Utc(head.LastModified)) { Rank = S3Replacement.RankOf(head.Metadata) },
                head.Metadata[PutId]);
        }
        catch (AmazonS3Exception e) when (IsNoObject(e))
        {
            await EnsureExistsAsync(client, cancellationToken);
            return (null, null);
        }
    }

    /// <summary>
    /// A HEAD response has no body, so "not found" may also mean a missing bucket. Checks the bucket until any request has succeeded.
    /// </summary>
    public async Task EnsureExistsAsync(AmazonS3Client client, CancellationToken cancellationToken)
    {
        if (!_wasSeen)
        {
            await client.ListObjectsV2Async(new ListObjectsV2Request { BucketName = Name, MaxKeys = 1 }, cancellationToken);
            _wasSeen = true;
        }
    }

    /// <summary>Executes requests with a common deadline, and translates their errors.</summary>
    public async Task<T> CallAsync<T>(string operation, TimeSpan limit, Func<CancellationToken, Task<T>> call,
        CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(limit, Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            var result = await call(either.Token);
            _wasSeen = true;
            return result;
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (Exception) when (deadline.IsCancellationRequested)
        {
            throw Errors.TimedOut(operation, limit);
        }
        catch (FileNotFoundException)
        {
            throw;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw Errors.Explain(e, operation);
        }
    }
}
