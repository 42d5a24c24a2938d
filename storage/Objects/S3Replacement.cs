using System.Collections.Concurrent;
using System.Net;
using Amazon.S3;
using Amazon.S3.Model;
using Broadcast.Media.Storage;

namespace Broadcast.Storage.Objects;

/// <summary>
/// Replaces manifests in the order of their ranks, which are stored in the object metadata (<c>x-amz-meta-broadcast-rank</c>). A manifest
/// last written by this process is replaced with <c>If-Match</c>, which usually takes one request; after a conflict the current rank is
/// read. Services that do not support <c>If-Match</c> for puts keep the last write.
/// </summary>
internal sealed class S3Replacement(AmazonS3Client client, string bucket, TimeProvider time)
{
    private const string Rank = "broadcast-rank";
    private const int Attempts = 8;

    /// <summary>Maximum number of remembered object versions; above it, all are forgotten and read again.</summary>
    private const int MaxKnown = 10_000;

    private readonly ConcurrentDictionary<string, (string? Tag, ManifestRank? Rank)> _known = new(StringComparer.Ordinal);
    private volatile bool _isUnconditional;

    /// <summary>The rank in an object's metadata.</summary>
    public static ManifestRank? RankOf(MetadataCollection metadata) => ManifestRank.TryParse(metadata[Rank], out var rank) ? rank : null;

    /// <summary>Puts a manifest.</summary>
    /// <param name="key">Key of the object.</param>
    /// <param name="rank">Rank of the manifest.</param>
    /// <param name="createRequest">Creates the request, once per attempt.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <returns><see langword="false"/> when a newer manifest exists.</returns>
    public async Task<bool> PutAsync(string key, ManifestRank rank, Func<PutObjectRequest> createRequest,
        CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var (tag, currentRank) = _known.TryGetValue(key, out var known)
                && !(known.Rank > rank) ? known : await ReadRankAsync(key, cancellationToken);
            if (currentRank > rank)
            {
                return false;
            }

            var request = createRequest();
            try
            {
                // Without quotes, as in AWS examples: Ceph compares it with the bare tag.
                request.Metadata[Rank] = rank.ToString();
                (request.IfMatch, request.IfNoneMatch) = _isUnconditional ? (null, null)
                    : tag is null ? (null, "*") : (tag.Trim('"'), (string?)null);
                Remember(key, (await client.PutObjectAsync(request, cancellationToken)).ETag, rank);
                return true;
            }
            catch (AmazonS3Exception e) when (e.StatusCode == HttpStatusCode.NotImplemented && !_isUnconditional)
            {
                _isUnconditional = true;
            }
            catch (AmazonS3Exception e) when (attempt < Attempts && e.ErrorCode != "NoSuchBucket"
                && e.StatusCode is HttpStatusCode.PreconditionFailed or HttpStatusCode.Conflict or HttpStatusCode.NotFound)
            {
                // Another process wrote or deleted the object, or the response of this process was lost.
                _known.TryRemove(key, out _);
                if (attempt > 1)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds((25 << attempt) + Random.Shared.Next(50)), time, cancellationToken);
                }
            }
            catch
            {
                _known.TryRemove(key, out _);
                throw;
            }
            finally
            {
                request.InputStream?.Dispose();
            }
        }
    }

    private void Remember(string key, string tag, ManifestRank rank)
    {
        if (_known.Count >= MaxKnown)
        {
            _known.Clear();
        }

        _known[key] = (tag, rank);
    }

    private async Task<(string? Tag, ManifestRank? Rank)> ReadRankAsync(string key, CancellationToken cancellationToken)
    {
        try
        {
            var head = await client.GetObjectMetadataAsync(new GetObjectMetadataRequest { BucketName = bucket, Key = key },
                cancellationToken);
            return (head.ETag, RankOf(head.Metadata));
        }
        catch (AmazonS3Exception e) when (e.StatusCode == HttpStatusCode.NotFound && e.ErrorCode != "NoSuchBucket")
        {
            return (null, null);
        }
    }
}
