using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Amazon.S3;
using Amazon.S3.Model;
using Broadcast.Media;
using Broadcast.Media.Storage;

namespace Broadcast.Storage.Objects;

/// <summary>
/// Object store in an S3 bucket. Every request has a deadline. Creating uses <c>If-None-Match: *</c>. Each such put stores a unique ID in
/// the object's metadata, so that a client retry after a lost response recognizes its own object.
/// <para>
/// Checksums: every object's CRC-32C is in its metadata (<c>x-amz-meta-broadcast-crc32c</c>). The service verifies the transmission: over
/// plain HTTP by the signature, which covers the body's SHA-256, over TLS by <c>Content-MD5</c>. All services support both, but not the
/// newer <c>x-amz-checksum-…</c> headers.
/// </para>
/// <para>
/// Uploads have connections of their own, so that reads, however many, never delay those of live sessions.
/// </para>
/// </summary>
internal sealed class S3ObjectStore : IObjectStore, IDisposable
{
    /// <summary>Maximum number of connections for everything except uploads.</summary>
    internal const int MaxReadConnections = 64;

    /// <summary>Maximum number of concurrent uploads. Each has as many connections as it uses.</summary>
    internal const int MaxUploads = 32;

    private const int NamesPerDelete = 1000;
    private const int ConflictAttempts = 6;
    private const string PutId = "broadcast-put";
    private const string Checksum = "broadcast-crc32c";

    /// <summary>
    /// Minimum size in bytes for a storage class. Smaller objects stay in the bucket's default class, because other classes bill a minimum
    /// size and duration.
    /// </summary>
    private const long MinClassLength = 128 << 10;

    private readonly AmazonS3Client _client;
    private readonly AmazonS3Client _uploadClient;
    private readonly SemaphoreSlim _uploads = new(MaxUploads);
    private readonly TimeProvider _time;
    private readonly S3Errors _errors;
    private readonly S3Multipart _multipart;
    private readonly S3Replacement _replacement;
    private readonly string _bucket;
    private readonly string _prefix;
    private readonly bool _signBodies;
    private readonly bool _sendMd5;
    private readonly S3StorageClass? _storageClass;
    private readonly TimeSpan _timeout;
    private volatile bool _bucketSeen;

    /// <param name="options">Bucket and connection settings.</param>
    /// <param name="time">The time provider.</param>
    /// <param name="sendMd5">Whether to send <c>Content-MD5</c>; by default when signatures do not cover the body. Set by tests
    /// only.</param>
    public S3ObjectStore(StorageOptions options, TimeProvider time, bool? sendMd5 = null)
    {
        _time = time;
        _bucket = options.Bucket!;
        _prefix = string.IsNullOrEmpty(options.Prefix) ? "" : options.Prefix.Trim('/') + "/";
        _timeout = TimeSpan.FromSeconds(options.TimeoutSeconds);
        _errors = new S3Errors(string.IsNullOrEmpty(options.Endpoint) ? $"AWS {options.Region}" : options.Endpoint, _bucket);

        // Over TLS the signature need not cover the body; some services accept only unsigned bodies.
        _signBodies = options.Endpoint?.StartsWith("http://", StringComparison.OrdinalIgnoreCase) == true;
        _sendMd5 = sendMd5 ?? !_signBodies;
        _storageClass = string.IsNullOrEmpty(options.StorageClass) ? null : new S3StorageClass(options.StorageClass);
        _client = S3Client.Create(options, MaxReadConnections);
        _uploadClient = S3Client.Create(options, MaxUploads * S3Multipart.Parallel);
        _multipart = new S3Multipart(_uploadClient, _bucket, _signBodies);
        _replacement = new S3Replacement(_uploadClient, _bucket, time);
    }

    /// <summary>
    /// Size in bytes from which a file is uploaded in parts. S3's limit for one put is 5 GiB; parts of 16 MiB are retried individually.
    /// Lowered by tests only.
    /// </summary>
    internal long MultipartFrom { get; init; } = 64L << 20;

    public void Dispose()
    {
        _client.Dispose();
        _uploadClient.Dispose();
        _uploads.Dispose();
    }

    public override string ToString() => _prefix.Length == 0 ? _errors.Location : $"{_errors.Location} under {_prefix}";

    public Task<bool> PutAsync(ObjectName name, ReadOnlyMemory<byte> bytes, PutCondition condition, CancellationToken cancellationToken)
    {
        var segment = MemoryMarshal.TryGetArray(bytes, out var array) ? array : new ArraySegment<byte>(bytes.ToArray());
        return PutAsync(name, bytes.Length, condition, FileDigest.Of(bytes.Span, _sendMd5), request =>
            request.InputStream = new MemoryStream(segment.Array!, segment.Offset, segment.Count, writable: false), cancellationToken);
    }

    public async Task<bool> PutFileAsync(ObjectName name, string path, PutCondition condition, CancellationToken cancellationToken)
    {
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"Could not store {name}: {path} does not exist.", path);
        }

        long length;
        FileDigest digest;
        using (var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete,
            FileOptions.Asynchronous))
        {
            length = RandomAccess.GetLength(file);
            digest = await FileDigest.OfAsync(file, 0, length, _sendMd5 && length < MultipartFrom, cancellationToken);
            if (StoredChecksum.Read(file) is { } stored && stored != digest.Sum)
            {
                throw new ObjectStoreException(
                    ObjectStoreErrorKind.Other,
                    $"Could not store {name}: {path} is corrupt (CRC-32C {Crc32C.Format(digest.Sum)} instead "
                    + $"of {Crc32C.Format(stored)}). Check the disk.");
            }
        }

        if (length < MultipartFrom)
        {
            return await PutAsync(name, length, condition, digest, request => request.InputStream = S3Multipart.OpenForReading(path),
                cancellationToken);
        }

        // Not every service checks the condition when completing a multipart upload, so it is also checked here.
        if (condition == PutCondition.CreateOnly && await FindAsync(name, cancellationToken) is not null)
        {
            return false;
        }

        var headers = ObjectHeaders.Of(name);
        var start = new InitiateMultipartUploadRequest { BucketName = _bucket, Key = _prefix + name.Value, StorageClass = _storageClass,
            ContentType = headers.ContentType };
        if (headers.CacheControl is { } cacheControl)
        {
            start.Headers.CacheControl = cacheControl;
        }

        start.Metadata[Checksum] = Crc32C.Format(digest.Sum);
        return await UploadAsync($"Could not store {name}", LimitFor(length),
            token => _multipart.PutAsync(start, path, length, condition, _sendMd5, token), cancellationToken);
    }

    public Task<bool> ReplaceAsync(ObjectName name, ReadOnlyMemory<byte> bytes, ManifestRank rank, ObjectHeaders headers,
        CancellationToken cancellationToken)
    {
        var copy = bytes.ToArray();
        var digest = FileDigest.Of(copy, _sendMd5);
        return UploadAsync($"Could not store {name}", LimitFor(copy.Length), token => _replacement.PutAsync(
            _prefix + name.Value, rank, () =>
        {
            var request = Request(name, headers);
            request.InputStream = new MemoryStream(copy, writable: false);
            request.MD5Digest = digest.Md5;
            request.Metadata[Checksum] = Crc32C.Format(digest.Sum);
            return request;
        }, token), cancellationToken);
    }

    public Task<ObjectContent?> OpenAsync(ObjectName name, long offset, long? length, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length ?? 0, nameof(length));
        var operation = $"Could not read {name}";
        return CallAsync(operation, _timeout, async token =>
        {
            var request = new GetObjectRequest { BucketName = _bucket, Key = _prefix + name.Value };
            if (length == 0)
            {
                return await EmptyAsync(name, offset, token);
            }

            if (offset > 0 || length is not null)
            {
                var last = length is null || length > long.MaxValue - offset ? long.MaxValue : offset + length.Value - 1;
                request.ByteRange = new Amazon.S3.Model.ByteRange(offset, last);
            }

            try
            {
                var response = await _client.GetObjectAsync(request, token);
                var total = response.HttpStatusCode == HttpStatusCode.PartialContent
                    ? TotalOf(response.ContentRange) ?? throw new ObjectStoreException(ObjectStoreErrorKind.Other,
                        $"{operation}: {_errors.Location} sent a range without a total length.")
                    : response.ContentLength;
                if (response.HttpStatusCode != HttpStatusCode.PartialContent && request.ByteRange is not null
                    && (offset > 0 || response.ContentLength > length))
                {
                    response.Dispose();
                    throw new ObjectStoreException(ObjectStoreErrorKind.Other,
                        $"{operation}: {_errors.Location} does not support range requests.");
                }

                return new ObjectContent(new S3Body(response, response.ContentLength, _timeout, _time, _errors, operation), offset,
                    response.ContentLength, total)
                {
                    Checksum = Crc32C.Parse(response.Metadata[Checksum]),
                };
            }
            catch (AmazonS3Exception e) when (e.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
            {
                return await EmptyAsync(name, offset, token);
            }
            catch (AmazonS3Exception e) when (IsNoObject(e))
            {
                await EnsureBucketAsync(_client, token);
                return null;
            }
        }, cancellationToken);
    }

    public Task<ObjectInfo?> FindAsync(ObjectName name, CancellationToken cancellationToken) =>
        CallAsync($"Could not look for {name}", _timeout, async token => (await HeadAsync(_client, name, token)).Info, cancellationToken);

    public async IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var page in PagesAsync(prefix, delimiter: null, cancellationToken))
        {
            foreach (var found in page.S3Objects ?? [])
            {
                if (ObjectName.TryParse(found.Key[_prefix.Length..], out var name))
                {
                    yield return new ObjectInfo(name, found.Size ?? 0, Utc(found.LastModified));
                }
            }
        }
    }

    public IAsyncEnumerable<string> ListFoldersAsync(string prefix, CancellationToken cancellationToken)
    {
        Prefixes.RequireFolder(prefix);
        return Folders(prefix, cancellationToken);
    }

    public async Task DeleteAsync(IReadOnlyCollection<ObjectName> names, CancellationToken cancellationToken)
    {
        var failed = new List<ObjectName>();
        ObjectStoreException? first = null;
        foreach (var chunk in names.Chunk(NamesPerDelete))
        {
            var request = new DeleteObjectsRequest { BucketName = _bucket, Quiet = true,
                Objects = [.. chunk.Select(name => new KeyVersion { Key = _prefix + name.Value })] };
            try
            {
                await CallAsync($"Could not delete {chunk.Length} objects", LimitFor(chunk.Length * 10_000L), async token =>
                {
                    try
                    {
                        return await _client.DeleteObjectsAsync(request, token);
                    }
                    catch (DeleteObjectsException e)
                    {
                        return ExplainDeleteErrors(e, chunk) is { } error ? throw error : e.Response;
                    }
                }, cancellationToken);
            }
            catch (ObjectStoreException e) when (e.FailedNames.Count > 0)
            {
                failed.AddRange(e.FailedNames);
                first ??= e;
            }
        }

        if (first is not null)
        {
            throw new ObjectStoreException(first.Kind, first.Message, first) { FailedNames = failed };
        }
    }

    /// <summary>Returns the first error of a deletion with the names that failed; <see langword="null"/> when they were missing.</summary>
    private ObjectStoreException? ExplainDeleteErrors(DeleteObjectsException exception, ObjectName[] names)
    {
        var errors = (exception.Response.DeleteErrors ?? []).Where(error => error.Code != "NoSuchKey").ToList();
        if (errors.Count == 0)
        {
            return null;
        }

        var status = errors[0].Code == "AccessDenied" ? HttpStatusCode.Forbidden : HttpStatusCode.InternalServerError;
        var error = _errors.FromErrorCode(errors[0].Code, status, $"Could not delete {errors[0].Key}", exception);
        var keys = errors.Select(failure => failure.Key).ToHashSet(StringComparer.Ordinal);
        var failed = names.Where(name => keys.Contains(_prefix + name.Value)).ToList();

        // A service that names other keys does not say which deletions failed.
        return failed.Count == keys.Count
            ? new ObjectStoreException(error.Kind, error.Message, error.InnerException) { FailedNames = failed } : error;
    }

    private static DateTimeOffset Utc(DateTime? time) => new((time ?? DateTime.UnixEpoch).ToUniversalTime());

    private static long? TotalOf(string? contentRange) =>
        contentRange is not null && long.TryParse(contentRange.AsSpan(contentRange.LastIndexOf('/') + 1), out var total) ? total : null;

    private static bool IsNoObject(AmazonS3Exception e) => e.StatusCode == HttpStatusCode.NotFound && e.ErrorCode != "NoSuchBucket";

    /// <summary>Deadline of a request with a body: the response timeout plus the transfer at 1 MiB/s.</summary>
    private TimeSpan LimitFor(long bytes) => _timeout + TimeSpan.FromSeconds(bytes >> 20);

    private async IAsyncEnumerable<string> Folders(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var page in PagesAsync(prefix, delimiter: "/", cancellationToken))
        {
            foreach (var folder in page.CommonPrefixes ?? [])
            {
                var name = folder[(_prefix.Length + prefix.Length)..].TrimEnd('/');
                if (ObjectName.TryParse(name, out _))
                {
                    yield return name;
                }
            }
        }
    }

    private async IAsyncEnumerable<ListObjectsV2Response> PagesAsync(string prefix, string? delimiter,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (!Prefixes.CanMatch(prefix))
        {
            yield break;
        }

        string? next = null;
        do
        {
            var request = new ListObjectsV2Request { BucketName = _bucket, Prefix = _prefix + prefix, Delimiter = delimiter,
                ContinuationToken = next };
            var page = await CallAsync($"Could not list '{prefix}'", _timeout, token => _client.ListObjectsV2Async(request, token),
                cancellationToken);
            yield return page;
            next = page.IsTruncated == true ? page.NextContinuationToken : null;
        }
        while (next is not null);
    }

    private Task<bool> PutAsync(ObjectName name, long length, PutCondition condition, FileDigest digest, Action<PutObjectRequest> fill,
        CancellationToken cancellationToken) =>
        UploadAsync($"Could not store {name}", LimitFor(length), async token =>
        {
            var id = Guid.NewGuid().ToString("N");
            for (var attempt = 1; ; attempt++)
            {
                var request = Request(name, ObjectHeaders.Of(name));
                fill(request);
                request.MD5Digest = digest.Md5;
                request.StorageClass = length >= MinClassLength ? _storageClass : null;
                request.Metadata[Checksum] = Crc32C.Format(digest.Sum);
                if (condition == PutCondition.CreateOnly)
                {
                    request.IfNoneMatch = "*";
                    request.Metadata[PutId] = id;
                }

                try
                {
                    await _uploadClient.PutObjectAsync(request, token);
                    return true;
                }
                catch (AmazonS3Exception e) when (e.StatusCode == HttpStatusCode.PreconditionFailed)
                {
                    return (await HeadAsync(_uploadClient, name, token)).PutId == id;
                }
                catch (AmazonS3Exception e) when (e.StatusCode == HttpStatusCode.Conflict && attempt < ConflictAttempts)
                {
                    // Another put or delete of the same name is in progress (409 ConditionalRequestConflict): retry to see which one won.
                    await Task.Delay(TimeSpan.FromMilliseconds((50 << attempt) + Random.Shared.Next(50)), _time, token);
                }
                finally
                {
                    request.InputStream?.Dispose();
                }
            }
        }, cancellationToken);

    private PutObjectRequest Request(ObjectName name, ObjectHeaders headers)
    {
        var request = new PutObjectRequest { BucketName = _bucket, Key = _prefix + name.Value, UseChunkEncoding = false,
            DisablePayloadSigning = !_signBodies, ContentType = headers.ContentType };
        if (headers.CacheControl is { } cacheControl)
        {
            request.Headers.CacheControl = cacheControl;
        }

        return request;
    }

    private async Task<(ObjectInfo? Info, string? PutId)> HeadAsync(AmazonS3Client client, ObjectName name,
        CancellationToken cancellationToken)
    {
        try
        {
            var head = await client.GetObjectMetadataAsync(
                new GetObjectMetadataRequest { BucketName = _bucket, Key = _prefix + name.Value }, cancellationToken);
            return (new ObjectInfo(name, head.ContentLength, Utc(head.LastModified)) { Rank = S3Replacement.RankOf(head.Metadata) },
                head.Metadata[PutId]);
        }
        catch (AmazonS3Exception e) when (IsNoObject(e))
        {
            await EnsureBucketAsync(client, cancellationToken);
            return (null, null);
        }
    }

    private async Task<ObjectContent?> EmptyAsync(ObjectName name, long offset, CancellationToken cancellationToken) =>
        (await HeadAsync(_client, name, cancellationToken)).Info is { } info
        ? new ObjectContent(Stream.Null, Math.Min(offset, info.Length), 0, info.Length) : null;

    /// <summary>
    /// A HEAD response has no body, so "not found" may also mean a missing bucket. Checks the bucket until any request has succeeded.
    /// </summary>
    private async Task EnsureBucketAsync(AmazonS3Client client, CancellationToken cancellationToken)
    {
        if (!_bucketSeen)
        {
            await client.ListObjectsV2Async(new ListObjectsV2Request { BucketName = _bucket, MaxKeys = 1 }, cancellationToken);
            _bucketSeen = true;
        }
    }

    /// <summary>Uploads in turn. The deadline starts when the upload does, not while it waits for others.</summary>
    private async Task<bool> UploadAsync(string operation, TimeSpan limit, Func<CancellationToken, Task<bool>> call,
        CancellationToken cancellationToken)
    {
        await _uploads.WaitAsync(cancellationToken);
        try
        {
            return await CallAsync(operation, limit, call, cancellationToken);
        }
        finally
        {
            _uploads.Release();
        }
    }

    private async Task<T> CallAsync<T>(string operation, TimeSpan limit, Func<CancellationToken, Task<T>> call,
        CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(limit, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            var result = await call(either.Token);
            _bucketSeen = true;
            return result;
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (Exception) when (deadline.IsCancellationRequested)
        {
            throw _errors.TimedOut(operation, limit);
        }
        catch (FileNotFoundException)
        {
            throw;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw _errors.Explain(e, operation);
        }
    }
}
