using System.Net;
using Amazon.S3;
using Amazon.S3.Model;
using Broadcast.Media;
using Broadcast.Media.Storage;

namespace Broadcast.Storage.Objects;

/// <summary>Reads objects of a bucket through one client.</summary>
internal sealed class S3Reader(S3Bucket bucket, AmazonS3Client client)
{
    /// <summary>Opens an object or a byte range of it. The content uses a connection until it is disposed of or read to its end.</summary>
    public Task<ObjectContent?> OpenAsync(ObjectName name, long offset, long? length, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length ?? 0, nameof(length));
        var operation = $"Could not read {name}";
        return bucket.CallAsync(operation, bucket.Timeout, async token =>
        {
            var request = new GetObjectRequest { BucketName = bucket.Name, Key = bucket.KeyOf(name) };
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
                var response = await client.GetObjectAsync(request, token);
                var total = response.HttpStatusCode == HttpStatusCode.PartialContent
                    ? TotalOf(response.ContentRange) ?? throw new ObjectStoreException(ObjectStoreErrorKind.Other,
                        $"{operation}: {bucket.Errors.Location} sent a range without a total length.")
                    : response.ContentLength;
                if (response.HttpStatusCode != HttpStatusCode.PartialContent && request.ByteRange is not null
                    && (offset > 0 || response.ContentLength > length))
                {
                    response.Dispose();
                    throw new ObjectStoreException(ObjectStoreErrorKind.Other,
                        $"{operation}: {bucket.Errors.Location} does not support range requests.");
                }

                var body = new S3Body(response, response.ContentLength, bucket.Timeout, bucket.Time, bucket.Errors, operation);
                return new ObjectContent(body, offset, response.ContentLength, total)
                {
                    Checksum = S3Bucket.ChecksumOf(response.Metadata),
                };
            }
            catch (AmazonS3Exception e) when (e.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
            {
                return await EmptyAsync(name, offset, token);
            }
            catch (AmazonS3Exception e) when (S3Bucket.IsNoObject(e))
            {
                await bucket.EnsureExistsAsync(client, token);
                return null;
            }
        }, cancellationToken);
    }

    private static long? TotalOf(string? contentRange) =>
        contentRange is not null && long.TryParse(contentRange.AsSpan(contentRange.LastIndexOf('/') + 1), out var total) ? total : null;

    private async Task<ObjectContent?> EmptyAsync(ObjectName name, long offset, CancellationToken cancellationToken) =>
        (await bucket.HeadAsync(client, name, cancellationToken)).Info is { } info
        ? new ObjectContent(Stream.Null, Math.Min(offset, info.Length), 0, info.Length) : null;
}
