using Broadcast.Media;
using Broadcast.Origin.Dash;
using Broadcast.Origin.Delivery;
using Broadcast.Origin.Hls;
using Broadcast.Origin.Rewinding;
using Broadcast.Origin.Thumbnails;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.Recordings;

/// <summary>
/// Playlists, MPDs and thumbnails of recordings and clips: drawn as those of ranges are, from all that is kept of a session, and naming its media where they are when it is live. While the session goes on
/// they grow; nothing is ever removed.
/// </summary>
internal sealed class ReplayPlaylists(ChapterShelf chapters, RangeShelf drawn, IOptions<OriginOptions> options)
{
    /// <summary>Stand before the names of lists, so that they are none of a session's own.</summary>
    private const string Index = "/vod-index", Manifest = "/vod-mpd", PlainManifest = "/vod-mpd-plain", Cues = "/vod-thumbnails", Rendition = "/vod/";

    /// <summary>Versions of what is whole come after all that grew, which is told apart by the time, because a session may be read from its journal anew. The last pictures come after the end.</summary>
    private const long WholeVersion = 1L << 60;

    /// <summary>The multivariant playlist: of the renditions that have something in the recording.</summary>
    /// <exception cref="IOException">Spool or store failed.</exception>
    public Task<RangeAnswer> MultivariantAsync(LiveSession session, RecordingRange recording, CancellationToken cancellationToken) =>
        AnswerAsync(session, recording, Index, isCounted: false, lists: null, (range, _) => DrawMultivariantAsync(session, range), cancellationToken);

    /// <summary>The media playlist of a rendition.</summary>
    /// <exception cref="IOException">Spool or store failed.</exception>
    public Task<RangeAnswer> MediaAsync(LiveSession session, RecordingRange recording, string rendition, CancellationToken cancellationToken) =>
        session.CellsOf(rendition) is null ? Task.FromResult(default(RangeAnswer))
            : AnswerAsync(session, recording, Rendition + rendition, isCounted: false, lists: 1, (range, isWhole) => DrawMediaAsync(session, range, rendition, isWhole), cancellationToken);

    /// <summary>The MPD. It lists its segments in every latency profile.</summary>
    /// <exception cref="IOException">Spool or store failed.</exception>
    public Task<RangeAnswer> MpdAsync(LiveSession session, RecordingRange recording, CancellationToken cancellationToken) =>
        AnswerAsync(session, recording, Manifest, isCounted: true, lists: null, (range, isWhole) => DrawMpdAsync(session, range, isWhole), cancellationToken);

    /// <summary>The MPD of what is over, for where no server of ours answers: it does not name our clock, which nobody needs for it.</summary>
    /// <exception cref="IOException">Spool or store failed.</exception>
    public Task<RangeAnswer> PlainMpdAsync(LiveSession session, RecordingRange recording, CancellationToken cancellationToken) =>
        AnswerAsync(session, recording, PlainManifest, isCounted: true, lists: null, (range, isWhole) => DrawMpdAsync(session, range, isWhole, isPlain: true), cancellationToken);

    /// <summary>The thumbnails as WebVTT, by the time since the recording's begin.</summary>
    /// <exception cref="IOException">Spool or store failed.</exception>
    public Task<RangeAnswer> ThumbnailsAsync(LiveSession session, RecordingRange recording, CancellationToken cancellationToken) =>
        AnswerAsync(session, recording, Cues, isCounted: false, lists: 1, (range, _) => DrawCuesAsync(session, range), cancellationToken);

    private async Task<RangeAnswer> AnswerAsync(
        LiveSession session, RecordingRange recording, string list, bool isCounted, int? lists, Func<TimeRange, bool, Task<Document?>> draw, CancellationToken cancellationToken)
    {
        var range = RecordedObjects.RangeOf(recording);
        var edges = PastEdges.Of(session, isCounted, isReplay: true);
        var isWhole = edges.IsWhole(range);
        var version = session.Read((timeline, _) => isWhole ? WholeVersion + (timeline.Sheets is [.., var newest] ? newest.Start.Rescale(1000).Ticks + 1 : 0) : session.ListedAt.UtcTicks);
        var segments = edges.CountIn(range) * (lists ?? edges.Renditions);
        if (!drawn.TryGet(new RangeKey(session.Id, list, range, session.Begin?.Segment ?? 0), version, segments, () => draw(range, isWhole), out var drawing))
        {
            return new RangeAnswer(null, default, IsBusy: true);
        }

        return new RangeAnswer(await drawing.WaitAsync(cancellationToken), isWhole ? options.Value.EndedPlaylistMaxAge : edges.Target / 2);
    }

    private async Task<Document?> DrawMultivariantAsync(LiveSession session, TimeRange range)
    {
        if (await PastView.Of(session, isReplay: true).CutAsync(range, chapters) is not { } cut)
        {
            return null;
        }

        // What is promised of bits is measured over what is listed: a session's own record knows of its live window only, where it was read from a journal.
        var measured = cut.Renditions.ToDictionary(rendition => rendition.Name, rendition => Measure(cut, rendition), StringComparer.Ordinal);
        var listed = measured.Where(rendition => rendition.Value.HasMedia).Select(rendition => rendition.Key).ToHashSet(StringComparer.Ordinal);
        if (listed.Count == 0)
        {
            return null;
        }

        var playlist = session.Read((timeline, records) =>
        {
            foreach (var name in records.Keys)
            {
                measured.TryAdd(name, new RenditionRecord(session.Latency.TargetDuration));
            }

            return Playlists.Multivariant(timeline, measured, listed);
        });
        return (playlist with
        {
            Audio = [.. playlist.Audio.Select(audio => audio.Uri is null ? audio : audio with { Uri = FileOf(audio.Uri) })],
            Variants = [.. playlist.Variants.Select(variant => variant with { Uri = FileOf(variant.Uri) })],
            Keys = [],
            Images = null,
        }).ToDocument();
    }

    private async Task<Document?> DrawMediaAsync(LiveSession session, TimeRange range, string rendition, bool isWhole)
    {
        var cut = await PastView.Of(session, isReplay: true).CutAsync(range, chapters, rendition);
        if (cut?.Renditions.FirstOrDefault(other => other.Name == rendition) is not { } own)
        {
            return null;
        }

        var target = cut.Session.Latency.TargetDuration;
        var folder = AddressOf(session);
        return new MediaPlaylist
        {
            TargetDuration = (int)Math.Ceiling(target.TotalSeconds),
            HoldBack = 3 * target,
            MediaSequence = own.Segments[0].Number,
            DiscontinuitySequence = cut.DiscontinuitiesBefore(own.Segments[0].Number),
            IndependentSegments = Measure(cut, own).IsIndependent,
            // As of an event: the type is not among what may change, and what is over may have been asked for before it was (RFC 8216bis, 6.2.1).
            Type = "EVENT",
            StartsAtBegin = true,
            Segments = [.. own.Segments.Select(segment => ChapterText.Listed(rendition, segment, target)).Select(segment => segment with { Uri = folder + segment.Uri, Map = folder + segment.Map })],
            IsEnded = isWhole,
        }.ToDocument();
    }

    private async Task<Document?> DrawMpdAsync(LiveSession session, TimeRange range, bool isWhole, bool isPlain = false)
    {
        var view = PastView.Of(session, isCounted: true, isReplay: true);
        if (await view.CutAsync(range, chapters, reach: ReachOf(view)) is not { } cut)
        {
            return null;
        }

        var renditions = new List<PastRendition>();
        foreach (var rendition in cut.Renditions)
        {
            var record = Measure(cut, rendition);
            renditions.Add(rendition with { Peak = record.Bitrate.Peak, IsIndependent = record.IsIndependent });
        }

        cut = cut with { Renditions = renditions };
        var length = (view.End - view.Begin).GetValueOrDefault();
        return (PastMpd.Draw(cut, isWhole, range, TimeSpan.FromHours(Math.Ceiling(length.TotalHours) + 1)) is { } mpd ? mpd with { BaseUrl = AddressOf(session), Clocks = isPlain ? [] : mpd.Clocks } : null)?.ToDocument();
    }

    private async Task<Document?> DrawCuesAsync(LiveSession session, TimeRange range)
    {
        var view = PastView.Of(session, isReplay: true);
        var leader = view.Renditions.FirstOrDefault(rendition => rendition.Kind == TrackKind.Video) ?? view.Renditions.FirstOrDefault();
        var cut = await view.CutAsync(range, chapters, leader?.Name, ReachOf(view));
        if (cut?.Leader?.Segments is not [var first, ..] segments)
        {
            return null;
        }

        var (begin, end) = (first.Start.ToTimeSpan(), segments[^1].End.ToTimeSpan());
        var sheets = cut.Sheets.Where(sheet => sheet.End.ToTimeSpan() > begin && sheet.Start.ToTimeSpan() < end).ToList();
        return sheets.Count == 0 ? null : ThumbnailCues.Draw(sheets, end, AddressOf(session), begin > TimeSpan.Zero ? begin : TimeSpan.Zero);
    }

    /// <summary>The session's folder as seen from a recording's lists, so that a token in the path stays.</summary>
    private static string AddressOf(LiveSession session) => $"../../{RecordedObjects.FolderOf(session.Channel, session.Id)}";

    /// <summary>A sheet is in the chapter that it ends in, or, when it came late, in the one after that.</summary>
    private static TimeSpan ReachOf(PastView view) => view.Sheets is [.., var newest] ? 2 * newest.Duration.ToTimeSpan() : TimeSpan.Zero;

    private static string FileOf(string address) => address[(address.LastIndexOf('/') + 1)..];

    private static RenditionRecord Measure(PastView view, PastRendition rendition)
    {
        var record = new RenditionRecord(view.Session.Latency.TargetDuration);
        record.Observe(rendition.Segments);
        return record;
    }
}
