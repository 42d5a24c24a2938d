using System.Collections.Concurrent;
using System.Net;
using Amazon.S3;
using Amazon.S3.Model;
using Broadcast.Media;

namespace Broadcast.Storage.Objects;

/// <summary>
/// Replaces lists in the order of their ranks. A rank is in the object's metadata (<c>x-amz-meta-broadcast-rank</c>). What this process wrote itself it replaces only while it is still that
/// (<c>If-Match</c>), so that a list usually costs one request; where it is not any more, it looks whose it is. A service that does not know <c>If-Match</c> at a put takes whatever comes last.
/// </summary>
internal sealed class S3Replacement(AmazonS3Client client, string bucket, TimeProvider time)
{
    private const string Rank = "broadcast-rank";
    private const int Attempts = 8;

    /// <summary>Names whose newest version is remembered; above it all are forgotten and looked at again.</summary>
    private const int MaxKnown = 10_000;

    private readonly ConcurrentDictionary<string, (string? Tag, ListRank? Rank)> _known = new(StringComparer.Ordinal);
    private volatile bool _isUnconditional;

    /// <summary>The rank in an object's metadata.</summary>
    public static ListRank? RankOf(MetadataCollection metadata) => ListRank.TryParse(metadata[Rank], out var rank) ? rank : null;

    /// <summary>Puts a list.</summary>
    /// <param name="key">The object's key.</param>
    /// <param name="rank">How new it is.</param>
    /// <param name="make">Makes the request, each time anew.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns><see langword="false"/> when a newer one is there.</returns>
    public async Task<bool> PutAsync(string key, ListRank rank, Func<PutObjectRequest> make, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var (tag, there) = _known.TryGetValue(key, out var known) && !(known.Rank > rank) ? known : await LookAsync(key, cancellationToken);
            if (there > rank)
            {
                return false;
            }

            var request = make();
            try
            {
                // Without its quotes, as AWS shows it: Ceph compares it with the bare tag.
                request.Metadata[Rank] = rank.ToString();
                (request.IfMatch, request.IfNoneMatch) = _isUnconditional ? (null, null) : tag is null ? (null, "*") : (tag.Trim('"'), (string?)null);
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
                // Somebody else wrote or deleted it, or this process did and never heard the answer.
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

    private void Remember(string key, string tag, ListRank rank)
    {
        if (_known.Count >= MaxKnown)
        {
            _known.Clear();
        }

        _known[key] = (tag, rank);
    }

    private async Task<(string? Tag, ListRank? Rank)> LookAsync(string key, CancellationToken cancellationToken)
    {
        try
        {
            var head = await client.GetObjectMetadataAsync(new GetObjectMetadataRequest { BucketName = bucket, Key = key }, cancellationToken);
            return (head.ETag, RankOf(head.Metadata));
        }
        catch (AmazonS3Exception e) when (e.StatusCode == HttpStatusCode.NotFound && e.ErrorCode != "NoSuchBucket")
        {
            return (null, null);
        }
    }
}
