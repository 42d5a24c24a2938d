using Broadcast.Media;
using Broadcast.Origin.Delivery;
using Broadcast.Origin.Hls;

namespace Broadcast.Origin.Rewinding;

/// <summary>What a range of a broadcast is answered with.</summary>
/// <param name="Document">The playlist or MPD, or <see langword="null"/> when there is none.</param>
/// <param name="MaxAge">How long caches may keep it.</param>
/// <param name="Refusal">Why there is none, for people; <see langword="null"/> when nothing can be said.</param>
/// <param name="IsBusy">Whether too much is being drawn: the asker is to come again.</param>
internal readonly record struct RangeAnswer(Document? Document, TimeSpan MaxAge, string? Refusal = null, bool IsBusy = false);

/// <summary>
/// Playlists of a part of a broadcast: from a time on while it goes on (start-over), or up to another (catch-up). What is over by then never changes, whenever it is asked for.
/// </summary>
internal sealed class RangePlaylists(ChapterShelf shelf, RangeShelf drawn, TimeProvider time)
{
    /// <summary>Stand for lists that are no rendition's.</summary>
    private const string Index = "/index", SessionMpd = "/mpd", ChannelMpd = "/channel", GuardedMpd = "/guarded";

    /// <summary>How long caches may keep what does not change any more. Its media may go one day, so not for ever.</summary>
    private static readonly TimeSpan WholeMaxAge = TimeSpan.FromHours(1);

    /// <summary>The multivariant playlist of a range: its media playlists are of the same range, and only those that have something in it are listed.</summary>
    /// <exception cref="IOException">Spool or store failed.</exception>
    public Task<RangeAnswer> MultivariantAsync(LiveSession session, TimeRange range, CancellationToken cancellationToken) =>
        AnswerAsync(session, Index, range, lists: null, "There is nothing in that time.", () => DrawMultivariantAsync(session, range), cancellationToken);

    /// <summary>The media playlist of a rendition in a range.</summary>
    /// <exception cref="IOException">Spool or store failed.</exception>
    public Task<RangeAnswer> MediaAsync(LiveSession session, string rendition, TimeRange range, CancellationToken cancellationToken)
    {
        const string Nothing = "There is nothing of this rendition in that time.";
        return session.CellsOf(rendition) is null
            ? Task.FromResult(new RangeAnswer(null, default, Nothing))
            : AnswerAsync(session, rendition, range, lists: 1, Nothing, () => DrawMediaAsync(session, rendition, range), cancellationToken);
    }

    /// <summary>The MPD of a range.</summary>
    /// <param name="session">The session.</param>
    /// <param name="isGuarded">At the channel's address, whether a token stands before it, which no answer may hold; <see langword="null"/> at the session's own.</param>
    /// <param name="range">The range.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="IOException">Spool or store failed.</exception>
    public Task<RangeAnswer> MpdAsync(LiveSession session, bool? isGuarded, TimeRange range, CancellationToken cancellationToken) => AnswerAsync(
        session, isGuarded switch { null => SessionMpd, true => GuardedMpd, false => ChannelMpd }, range, lists: null, "There is nothing in that time.",
        () => DrawMpdAsync(session, isGuarded, range), cancellationToken);

    /// <param name="session">The session.</param>
    /// <param name="list">Which of its lists.</param>
    /// <param name="range">The range.</param>
    /// <param name="lists">Of how many renditions segments are looked at; <see langword="null"/> for all.</param>
    /// <param name="nothing">What is told where nothing comes of it.</param>
    /// <param name="draw">Draws it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    private async Task<RangeAnswer> AnswerAsync(
        LiveSession session, string list, TimeRange range, int? lists, string nothing, Func<Task<Document?>> draw, CancellationToken cancellationToken)
    {
        var edges = PastEdges.Of(session, isCounted: list is SessionMpd or ChannelMpd or GuardedMpd);
        if (Refusal(edges, range) is { } refusal)
        {
            return new RangeAnswer(null, default, refusal);
        }

        var segments = edges.CountIn(range) * (lists ?? edges.Renditions);
        return !drawn.TryGet(new RangeKey(session.Id, list, range, session.Begin?.Segment ?? 0), edges.VersionOf(range), segments, draw, out var drawing) ? new RangeAnswer(null, default, IsBusy: true)
            : await drawing.WaitAsync(cancellationToken) is { } document ? new RangeAnswer(document, MaxAgeOf(edges, range))
            : new RangeAnswer(null, default, nothing);
    }

    private async Task<Document?> DrawMultivariantAsync(LiveSession session, TimeRange range)
    {
        var cut = await PastView.Of(session).CutAsync(range, shelf);
        var listed = cut?.Renditions.Where(rendition => rendition.Segments.Any(segment => segment.HasMedia)).Select(rendition => rendition.Name).ToHashSet(StringComparer.Ordinal);
        if (listed is not { Count: > 0 })
        {
            return null;
        }

        var playlist = session.Read((timeline, records) => Playlists.Multivariant(timeline, records, listed));
        var query = range.Query;
        return (playlist with
        {
            Audio = [.. playlist.Audio.Select(audio => audio.Uri is null ? audio : audio with { Uri = audio.Uri + query })],
            Variants = [.. playlist.Variants.Select(variant => variant with { Uri = variant.Uri + query })],
            Keys = [],
            Images = null,
        }).ToDocument();
    }

    private async Task<Document?> DrawMediaAsync(LiveSession session, string rendition, TimeRange range)
    {
        var isWhole = PastEdges.Of(session, isCounted: false).IsWhole(range);
        var view = PastView.Of(session);
        var cut = await view.CutAsync(range, shelf, rendition);
        if (cut?.Renditions.FirstOrDefault(other => other.Name == rendition) is not { } own)
        {
            return null;
        }

        var target = view.Session.Latency.TargetDuration;
        return new MediaPlaylist
        {
            TargetDuration = (int)Math.Ceiling(target.TotalSeconds),
            HoldBack = 3 * target,
            MediaSequence = own.Segments[0].Number,
            DiscontinuitySequence = cut.DiscontinuitiesBefore(own.Segments[0].Number),
            IndependentSegments = own.IsIndependent,
            // The type is not among what a server may change (RFC 8216bis, 6.2.1). So what is over is no VOD: it may have been asked for before it was over.
            Type = view.Session.Rewind == Rewind.All ? "EVENT" : null,
            StartsAtBegin = true,
            Segments = [.. own.Segments.Select(segment => ChapterText.Listed(rendition, segment, target))],
            IsEnded = isWhole,
        }.ToDocument();
    }

    private async Task<Document?> DrawMpdAsync(LiveSession session, bool? isGuarded, TimeRange range)
    {
        var isWhole = PastEdges.Of(session, isCounted: true).IsWhole(range);
        var view = PastView.Of(session, isCounted: true);
        var cut = await view.CutAsync(range, shelf);
        var begin = range.Start > view.Begin ? range.Start : view.Begin;
        return cut is not null && PastMpd.Draw(cut, isWhole, range, TimeSpan.FromMinutes(Math.Ceiling((view.End - begin).GetValueOrDefault().TotalMinutes) + 1)) is { } mpd
            ? RewoundPlaylists.At(mpd, session, isGuarded, isWhole ? null : range.Query).ToDocument()
            : null;
    }

    /// <summary>Why there is nothing of a range, or <see langword="null"/>.</summary>
    private string? Refusal(PastEdges edges, TimeRange range) => edges switch
    {
        _ when range.Start > time.GetUtcNow() => "That has not happened yet.",
        { Begin: null } => "There is nothing yet.",
        _ when range.End <= edges.Begin => $"What can be gone back to begins at {TimeRange.Text(edges.Begin.Value)}.",
        _ when range.Start >= edges.End => "There is nothing of that time" + (edges.IsEnded ? "." : " yet."),
        _ => null,
    };

    private static TimeSpan MaxAgeOf(PastEdges edges, TimeRange range) => edges.IsWhole(range) && range.Start >= edges.Begin ? WholeMaxAge : edges.Target / 2;
}
