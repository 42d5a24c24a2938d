using Amazon.S3;
using Broadcast.Media;
using Broadcast.Media.Storage;

namespace Broadcast.Storage.Objects;

/// <summary>
/// Reads of viewers, with connections of their own. A viewer's content is read range by range into a buffer, so that a slow viewer holds
/// no connection while it reads. A viewer beyond a limit is rejected at once (<see cref="ObjectStoreErrorKind.TooManyReads"/>); only
/// responses that have begun wait.
/// </summary>
internal sealed class S3ViewerReads(S3Bucket bucket, AmazonS3Client client) : IDisposable
{
    /// <summary>Maximum number of connections.</summary>
    public const int MaxConnections = 128;

    /// <summary>Maximum number of response bodies that are open at once. Below the number of connections, so none waits for one.</summary>
    public const int MaxBodies = 96;

    /// <summary>Maximum number of contents that viewers have open at once.</summary>
    public const int MaxContents = 1024;

    /// <summary>Number of contents with a buffer of 2 MiB each. The others get ranges of 64 KiB until one is free.</summary>
    public const int MaxLargeRanges = 32;

    private const int LargeRange = 2 << 20;
    private const int SmallRange = 64 << 10;
    private readonly S3Reader _reader = new(bucket, client);
    private readonly SemaphoreSlim _bodies = new(MaxBodies);
    private readonly SemaphoreSlim _contents = new(MaxContents);
    private readonly SemaphoreSlim _largeRanges = new(MaxLargeRanges);

    public void Dispose()
    {
        _bodies.Dispose();
        _contents.Dispose();
        _largeRanges.Dispose();
    }

    /// <summary>Opens an object that is read at once, in one request.</summary>
    public async Task<ObjectContent?> OpenWholeAsync(ObjectName name, long offset, long? length, CancellationToken cancellationToken)
    {
        await EnterAsync(_bodies, name, waits: false, cancellationToken);
        ObjectContent? content = null;
        try
        {
            content = await _reader.OpenAsync(name, offset, length, cancellationToken);
            return content is null ? null : new ObjectContent(new ReleasingStream(content.Stream, () => _bodies.Release()), content.Offset,
                content.Length, content.TotalLength) { Checksum = content.Checksum };
        }
        finally
        {
            if (content is null)
            {
                _bodies.Release();
            }
        }
    }

    /// <summary>Opens an object for a viewer, and reads its first range.</summary>
    /// <param name="name">Object name.</param>
    /// <param name="offset">Offset of the first byte.</param>
    /// <param name="length">Maximum number of bytes; <see langword="null"/> for all that follow.</param>
    /// <param name="waits">Whether the call waits at a limit, for as long as for a response of the store.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    public async Task<ObjectContent?> OpenAsync(ObjectName name, long offset, long? length, bool waits, CancellationToken cancellationToken)
    {
        await EnterAsync(_contents, name, waits, cancellationToken);
        ObjectContent? opened = null;
        try
        {
            if (await ReadRangeAsync(name, offset, length ?? long.MaxValue, waits, cancellationToken) is not { } first)
            {
                return null;
            }

            var (start, count) = ByteRanges.Clip(offset, length, first.TotalLength);
            var stream = new RangedStream(first, count, start,
                (at, left, token) => NextRangeAsync(name, at, left, first.TotalLength, token), () => _contents.Release());
            return opened = new ObjectContent(stream, start, count, first.TotalLength) { Checksum = first.Checksum };
        }
        finally
        {
            if (opened is null)
            {
                _contents.Release();
            }
        }
    }

    private async Task<BufferedRange> NextRangeAsync(ObjectName name, long offset, long left, long totalLength,
        CancellationToken cancellationToken)
    {
        var range = await ReadRangeAsync(name, offset, left, waits: true, cancellationToken);
        if (range is null || range.TotalLength != totalLength || range.Left == 0)
        {
            range?.Release();
            throw new ObjectStoreException(ObjectStoreErrorKind.Other,
                $"Could not read {name}: {bucket.Errors.Location} deleted or changed it after {offset} bytes.");
        }

        return range;
    }

    /// <summary>Reads the next range completely into a buffer; the connection is then free.</summary>
    private async Task<BufferedRange?> ReadRangeAsync(ObjectName name, long offset, long left, bool waits,
        CancellationToken cancellationToken)
    {
        await EnterAsync(_bodies, name, waits, cancellationToken);
        try
        {
            var isLarge = left > SmallRange && _largeRanges.Wait(0, CancellationToken.None);
            BufferedRange? range = null;
            try
            {
                var length = Math.Min(left, isLarge ? LargeRange : SmallRange);
                await using var content = await _reader.OpenAsync(name, offset, length, cancellationToken);
                if (content is null)
                {
                    return null;
                }

                var read = new BufferedRange((int)content.Length, content.TotalLength, content.Checksum,
                    isLarge ? () => _largeRanges.Release() : null);
                isLarge = false;
                try
                {
                    await content.Stream.ReadExactlyAsync(read.Memory, cancellationToken);
                    return range = read;
                }
                finally
                {
                    if (range is null)
                    {
                        read.Release();
                    }
                }
            }
            finally
            {
                if (isLarge)
                {
                    _largeRanges.Release();
                }
            }
        }
        finally
        {
            _bodies.Release();
        }
    }

    private async Task EnterAsync(SemaphoreSlim limit, ObjectName name, bool waits, CancellationToken cancellationToken)
    {
        if (limit.Wait(0, CancellationToken.None))
        {
            return;
        }

        if (waits)
        {
            using var deadline = new CancellationTokenSource(bucket.Timeout, bucket.Time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
            try
            {
                await limit.WaitAsync(either.Token);
                return;
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // Rejected below.
            }
        }

        throw new ObjectStoreException(ObjectStoreErrorKind.TooManyReads,
            $"Could not read {name}: too many viewers read from {bucket.Errors.Location} at once.");
    }
}
