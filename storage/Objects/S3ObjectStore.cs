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
/// Uploads, the server's own work (reads of journals and index blocks, metadata, lists, deletions) and viewers have separate connections:
/// reads of viewers, however many or slow, delay neither live sessions nor recovery.
/// </para>
/// </summary>
internal sealed class S3ObjectStore : IObjectStore, IDisposable
{
    /// <summary>Maximum number of connections for everything except uploads and reads of viewers.</summary>
    internal const int MaxReadConnections = 64;

    /// <summary>Maximum number of concurrent uploads. Each has as many connections as it uses.</summary>
    internal const int MaxUploads = 32;

    private const int ConflictAttempts = 6;

    /// <summary>
    /// Minimum size in bytes for a storage class. Smaller objects stay in the bucket's default class, because other classes bill a minimum
    /// size and duration.
    /// </summary>
    private const long MinClassLength = 128 << 10;

    private readonly AmazonS3Client _client;
    private readonly AmazonS3Client _uploadClient;
    private readonly AmazonS3Client _viewerClient;
    private readonly SemaphoreSlim _uploads = new(MaxUploads);
    private readonly S3Bucket _bucket;
    private readonly S3Multipart _multipart;
    private readonly S3Replacement _replacement;
    private readonly S3Reader _reader;
    private readonly S3ViewerReads _viewerReads;
    private readonly S3Deletion _deletion;
    private readonly bool _signBodies;
    private readonly bool _sendMd5;
    private readonly S3StorageClass? _storageClass;

    /// <param name="options">Bucket and connection settings.</param>
    /// <param name="time">The time provider.</param>
    /// <param name="sendMd5">Whether to send <c>Content-MD5</c>; by default when signatures do not cover the body. Set by tests
    /// only.</param>
    public S3ObjectStore(StorageOptions options, TimeProvider time, bool? sendMd5 = null)
    {
        _bucket = new S3Bucket(options, time);

        // Over TLS the signature need not cover the body; some services accept only unsigned bodies.
        _signBodies = options.Endpoint?.StartsWith("http://", StringComparison.OrdinalIgnoreCase) == true;
        _sendMd5 = sendMd5 ?? !_signBodies;
        _storageClass = string.IsNullOrEmpty(options.StorageClass) ? null : new S3StorageClass(options.StorageClass);
        _client = S3Client.Create(options, MaxReadConnections);
        _uploadClient = S3Client.Create(options, MaxUploads * S3Multipart.Parallel);
        _viewerClient = S3Client.Create(options, S3ViewerReads.MaxConnections);
        _multipart = new S3Multipart(_uploadClient, _bucket.Name, _signBodies);
        _replacement = new S3Replacement(_uploadClient, _bucket.Name, time);
        _reader = new S3Reader(_bucket, _client);
        _viewerReads = new S3ViewerReads(_bucket, _viewerClient);
        _deletion = new S3Deletion(_bucket, _client);
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
        _viewerClient.Dispose();
        _uploads.Dispose();
        _viewerReads.Dispose();
    }

    public override string ToString() =>
        _bucket.Prefix.Length == 0 ? _bucket.Errors.Location : $"{_bucket.Errors.Location} under {_bucket.Prefix}";

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
        var start = new InitiateMultipartUploadRequest { BucketName = _bucket.Name, Key = _bucket.KeyOf(name), StorageClass = _storageClass,
            ContentType = headers.ContentType };
        if (headers.CacheControl is { } cacheControl)
        {
            start.Headers.CacheControl = cacheControl;
        }

        S3Bucket.SetChecksum(start.Metadata, digest.Sum);
        return await UploadAsync($"Could not store {name}", _bucket.LimitFor(length),
            token => _multipart.PutAsync(start, path, length, condition, _sendMd5, token), cancellationToken);
    }

    public Task<bool> ReplaceAsync(ObjectName name, ReadOnlyMemory<byte> bytes, ManifestRank rank, ObjectHeaders headers,
        CancellationToken cancellationToken)
    {
        var copy = bytes.ToArray();
        var digest = FileDigest.Of(copy, _sendMd5);
        return UploadAsync($"Could not store {name}", _bucket.LimitFor(copy.Length), token => _replacement.PutAsync(
            _bucket.KeyOf(name), rank, () =>
        {
            var request = Request(name, headers);
            request.InputStream = new MemoryStream(copy, writable: false);
            request.MD5Digest = digest.Md5;
            S3Bucket.SetChecksum(request.Metadata, digest.Sum);
            return request;
        }, token), cancellationToken);
    }

    public Task<ObjectContent?> OpenAsync(ObjectName name, long offset, long? length, CancellationToken cancellationToken) =>
        _reader.OpenAsync(name, offset, length, cancellationToken);

    public Task<ObjectContent?> OpenAsync(ObjectName name, long offset, long? length, ReadPurpose purpose,
        CancellationToken cancellationToken) => purpose switch
        {
            ReadPurpose.ServerWork => _reader.OpenAsync(name, offset, length, cancellationToken),
            ReadPurpose.CacheFill => _viewerReads.OpenWholeAsync(name, offset, length, cancellationToken),
            _ => _viewerReads.OpenAsync(name, offset, length, waits: purpose == ReadPurpose.StartedDownload, cancellationToken),
        };

    public Task<ObjectInfo?> FindAsync(ObjectName name, CancellationToken cancellationToken) =>
        _bucket.CallAsync($"Could not look for {name}", _bucket.Timeout,
            async token => (await _bucket.HeadAsync(_client, name, token)).Info, cancellationToken);

    public Task DeleteAsync(IReadOnlyCollection<ObjectName> names, CancellationToken cancellationToken) =>
        _deletion.DeleteAsync(names, cancellationToken);

    public async IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var page in PagesAsync(prefix, delimiter: null, cancellationToken))
        {
            foreach (var found in page.S3Objects ?? [])
            {
                if (ObjectName.TryParse(found.Key[_bucket.Prefix.Length..], out var name))
                {
                    yield return new ObjectInfo(name, found.Size ?? 0, S3Bucket.Utc(found.LastModified));
                }
            }
        }
    }

    public IAsyncEnumerable<string> ListFoldersAsync(string prefix, CancellationToken cancellationToken)
    {
        Prefixes.RequireFolder(prefix);
        return Folders(prefix, cancellationToken);
    }

    private async IAsyncEnumerable<string> Folders(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var page in PagesAsync(prefix, delimiter: "/", cancellationToken))
        {
            foreach (var folder in page.CommonPrefixes ?? [])
            {
                var name = folder[(_bucket.Prefix.Length + prefix.Length)..].TrimEnd('/');
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
            var request = new ListObjectsV2Request { BucketName = _bucket.Name, Prefix = _bucket.Prefix + prefix, Delimiter = delimiter,
                ContinuationToken = next };
            var page = await _bucket.CallAsync($"Could not list '{prefix}'", _bucket.Timeout,
                token => _client.ListObjectsV2Async(request, token), cancellationToken);
            yield return page;
            next = page.IsTruncated == true ? page.NextContinuationToken : null;
        }
        while (next is not null);
    }

    private Task<bool> PutAsync(ObjectName name, long length, PutCondition condition, FileDigest digest, Action<PutObjectRequest> fill,
        CancellationToken cancellationToken) =>
        UploadAsync($"Could not store {name}", _bucket.LimitFor(length), async token =>
        {
            var id = Guid.NewGuid().ToString("N");
            for (var attempt = 1; ; attempt++)
            {
                var request = Request(name, ObjectHeaders.Of(name));
                fill(request);
                request.MD5Digest = digest.Md5;
                request.StorageClass = length >= MinClassLength ? _storageClass : null;
                S3Bucket.SetChecksum(request.Metadata, digest.Sum);
                if (condition == PutCondition.CreateOnly)
                {
                    request.IfNoneMatch = "*";
                    S3Bucket.SetPutId(request.Metadata, id);
                }

                try
                {
                    await _uploadClient.PutObjectAsync(request, token);
                    return true;
                }
                catch (AmazonS3Exception e) when (e.StatusCode == HttpStatusCode.PreconditionFailed)
                {
                    return (await _bucket.HeadAsync(_uploadClient, name, token)).PutId == id;
                }
                catch (AmazonS3Exception e) when (e.StatusCode == HttpStatusCode.Conflict && attempt < ConflictAttempts)
                {
                    // Another put or delete of the same name is in progress (409 ConditionalRequestConflict): retry to see which one won.
                    await Task.Delay(TimeSpan.FromMilliseconds((50 << attempt) + Random.Shared.Next(50)), _bucket.Time, token);
                }
                finally
                {
                    request.InputStream?.Dispose();
                }
            }
        }, cancellationToken);

    private PutObjectRequest Request(ObjectName name, ObjectHeaders headers)
    {
        var request = new PutObjectRequest { BucketName = _bucket.Name, Key = _bucket.KeyOf(name), UseChunkEncoding = false,
            DisablePayloadSigning = !_signBodies, ContentType = headers.ContentType };
        if (headers.CacheControl is { } cacheControl)
        {
            request.Headers.CacheControl = cacheControl;
        }

        return request;
    }

    /// <summary>Uploads in turn. The deadline starts when the upload does, not while it waits for others.</summary>
    private async Task<bool> UploadAsync(string operation, TimeSpan limit, Func<CancellationToken, Task<bool>> call,
        CancellationToken cancellationToken)
    {
        await _uploads.WaitAsync(cancellationToken);
        try
        {
            return await _bucket.CallAsync(operation, limit, call, cancellationToken);
        }
        finally
        {
            _uploads.Release();
        }
    }
}
