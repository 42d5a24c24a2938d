using Broadcast.Media;
using Broadcast.Media.Bmff;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.Recordings;

/// <summary>
/// Lays downloads out: reads of every segment what it says of its samples, several at a time, and hands that on in the order of the file. What cannot be read because it is not there or broken becomes a
/// hole, as in playlists; what cannot be read now is an error.
/// </summary>
internal sealed class DownloadMaker(ISpool spool, IOptions<OriginOptions> options, ILogger<DownloadMaker> logger)
{
    /// <summary>Segments that are read at the same time for one download.</summary>
    public const int AtOnce = 32;

    private readonly SegmentHeads _heads = new(spool);

    /// <summary>Lays a download out; <see langword="null"/> when there is nothing that could be played.</summary>
    /// <param name="plan">What is to be in it.</param>
    /// <exception cref="IOException">Spool or store failed.</exception>
    public async Task<Download?> MakeAsync(DownloadPlan plan)
    {
        var builder = new MovieBuilder(options.Value.DownloadMemory);
        foreach (var _ in plan.Tracks)
        {
            builder.AddTrack();
        }

        var order = InOrder(plan);
        var setups = new Dictionary<(int Track, int Init), MovieTrackSetup?>();
        var lost = 0;
        try
        {
            for (var first = 0; first < order.Length; first += AtOnce)
            {
                var some = order.AsMemory(first, Math.Min(AtOnce, order.Length - first)).ToArray();
                var read = await Task.WhenAll(some.Select(next => _heads.ReadAsync(plan.SegmentOf(next.Track, next.Segment.Number), next.Segment.Length, CancellationToken.None)));
                for (var i = 0; i < some.Length; i++)
                {
                    var (track, segment) = some[i];
                    if (!setups.TryGetValue((track, segment.Init), out var setup))
                    {
                        setups[(track, segment.Init)] = setup = await _heads.ReadSetupAsync(plan.InitOf(track, segment.Init), CancellationToken.None);
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
            return new Download("That is too long for one file, whose tables a player needs before anything else: make a clip of a part of it.");
        }
        catch (InvalidBmffException mistake)
        {
            OriginLog.DownloadRefused(logger, plan.Session.Channel, plan.Session.Id, mistake.Message);
            return new Download("Its times cannot be told in one file: make a clip of a part of it.");
        }

        if (lost > 0)
        {
            OriginLog.DownloadHasHoles(logger, plan.Session.Channel, plan.Session.Id, lost, order.Length);
        }

        return builder.IsEmpty ? null : new Download(plan, [.. order.Select(next => new DownloadSegment(next.Track, next.Segment.Number))], builder.Build(plan.Begin));
    }

    /// <summary>Segments with media of all tracks by number, which is common to them; those of one number in the order of the tracks.</summary>
    private static (int Track, ChapterSegment Segment)[] InOrder(DownloadPlan plan) =>
    [
        .. plan.Tracks.SelectMany((track, index) => track.Segments.Where(segment => segment.HasMedia).Select(segment => (Track: index, Segment: segment)))
            .OrderBy(next => next.Segment.Number).ThenBy(next => next.Track),
    ];
}
