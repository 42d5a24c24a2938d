using Broadcast.Media.Bmff;
using Broadcast.Media.Storage;
using Broadcast.Media.Timeline;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.Vod;

/// <summary>
/// Builds download layouts. It reads the sample tables of segments, several at a time, and adds them in file order. A missing or damaged
/// segment becomes a gap, as in playlists; a temporary read failure is an error.
/// </summary>
internal sealed class DownloadBuilder(ISpool spool, IOptions<OriginOptions> options, ILogger<DownloadBuilder> logger)
{
    /// <summary>Number of segments that one download reads concurrently.</summary>
    public const int MaxConcurrentReads = 32;

    private readonly SegmentMetadataReader _metadataReader = new(spool);

    /// <summary>Builds a download; <see langword="null"/> when it has no playable media.</summary>
    /// <param name="plan">Its content.</param>
    /// <param name="cancellationToken">Cancels the build.</param>
    /// <exception cref="IOException">The spool or the object store failed.</exception>
    public async Task<Download?> BuildAsync(DownloadPlan plan, CancellationToken cancellationToken)
    {
        var builder = new MovieBuilder(options.Value.DownloadCacheBytes);
        foreach (var _ in plan.Tracks)
        {
            builder.AddTrack();
        }

        var order = InOrder(plan);
        var setups = new Dictionary<(int Track, int Init), MovieTrackSetup?>();
        var lost = 0;
        try
        {
            for (var first = 0; first < order.Length; first += MaxConcurrentReads)
            {
                var some = order.AsMemory(first, Math.Min(MaxConcurrentReads, order.Length - first)).ToArray();
                var read =
                    await Task.WhenAll(some.Select(next => _metadataReader.ReadAsync(plan.SegmentOf(next.Track, next.Segment.Number),
                        next.Segment.Length, cancellationToken)));
                for (var i = 0; i < some.Length; i++)
                {
                    var (track, segment) = some[i];
                    if (!setups.TryGetValue((track, segment.Init), out var setup))
                    {
                        setups[(track, segment.Init)] = setup = await _metadataReader.ReadSetupAsync(plan.InitOf(track, segment.Init),
                            cancellationToken);
                    }

                    if (setup is null || read[i].Count == 0)
                    {
                        lost++;
                        continue;
                    }

                    builder.Add(track, setup, first + i, read[i]);
                }
            }
        }
        catch (MovieTooLongException)
        {
            return new Download("The recording is too long for one file with its sample tables: create a shorter clip.");
        }
        catch (InvalidBmffException exception)
        {
            OriginLog.DownloadRejected(logger, plan.Session.Channel, plan.Session.Id, exception.Message);
            return new Download("The recording's timestamps do not fit into one file: create a clip of a part of it.");
        }

        if (lost > 0)
        {
            OriginLog.DownloadHasGaps(logger, plan.Session.Channel, plan.Session.Id, lost, order.Length);
        }

        return builder.IsEmpty ? null : new Download(plan, [.. order.Select(next => new DownloadSegment(next.Track, next.Segment.Number))],
            builder.Build(plan.Start));
    }

    /// <summary>Segments with media of all tracks, ordered by sequence number and then by track.</summary>
    private static (int Track, IndexedSegment Segment)[] InOrder(DownloadPlan plan) =>
    [
        .. plan.Tracks.SelectMany((track, index) => track.Segments.Where(segment => segment.HasMedia)
            .Select(segment => (Track: index, Segment: segment)))
            .OrderBy(next => next.Segment.Number).ThenBy(next => next.Track),
    ];
}
