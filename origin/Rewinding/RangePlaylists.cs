using Broadcast.Media;
using Broadcast.Origin.Delivery;
using Broadcast.Origin.Hls;

namespace Broadcast.Origin.Rewinding;

/// <summary>What a range of a broadcast is answered with.</summary>
/// <param name="Document">The playlist or MPD, or <see langword="null"/> when there is none.</param>
/// <param name="MaxAge">How long caches may keep it.</param>
/// <param name="Refusal">Why there is none, for people; <see langword="null"/> when nothing can be said.</param>
internal readonly record struct RangeAnswer(Document? Document, TimeSpan MaxAge, string? Refusal = null);

/// <summary>
/// Playlists of a part of a broadcast: from a time on while it goes on (start-over), or up to another (catch-up). What is over by then never changes, whenever it is asked for.
/// </summary>
internal sealed class RangePlaylists(ChapterShelf shelf, TimeProvider time)
{
    /// <summary>How long caches may keep what does not change any more. Its media may go one day, so not for ever.</summary>
    private static readonly TimeSpan WholeMaxAge = TimeSpan.FromHours(1);

    /// <summary>The multivariant playlist of a range: its media playlists are of the same range.</summary>
    public RangeAnswer Multivariant(LiveSession session, TimeRange range)
    {
        var view = PastView.Of(session);
        if (Refusal(view, range) is { } refusal)
        {
            return new RangeAnswer(null, default, refusal);
        }

        var playlist = session.Read(Playlists.Multivariant);
        var query = range.Query;
        return new RangeAnswer(
            (playlist with
            {
                Audio = [.. playlist.Audio.Select(audio => audio.Uri is null ? audio : audio with { Uri = audio.Uri + query })],
                Variants = [.. playlist.Variants.Select(variant => variant with { Uri = variant.Uri + query })],
                Keys = [],
                Images = null,
            }).ToDocument(),
            MaxAgeOf(view, range));
    }

    /// <summary>The media playlist of a rendition in a range.</summary>
    /// <exception cref="IOException">Spool or store failed.</exception>
    public async Task<RangeAnswer> MediaAsync(LiveSession session, string rendition, TimeRange range, CancellationToken cancellationToken)
    {
        var view = PastView.Of(session);
        if (Refusal(view, range) is { } refusal)
        {
            return new RangeAnswer(null, default, refusal);
        }

        var isWhole = IsWhole(view, range);
        var cut = await view.CutAsync(range, shelf, cancellationToken);
        if (cut?.Renditions.FirstOrDefault(other => other.Name == rendition) is not { } own)
        {
            return new RangeAnswer(null, default, "There is nothing of this rendition in that time.");
        }

        var target = view.Session.Latency.TargetDuration;
        return new RangeAnswer(
            new MediaPlaylist
            {
                TargetDuration = (int)Math.Ceiling(target.TotalSeconds),
                HoldBack = 3 * target,
                MediaSequence = own.Segments[0].Number,
                DiscontinuitySequence = cut.DiscontinuitiesBefore(own.Segments[0].Number),
                IndependentSegments = own.IsIndependent,
                Type = isWhole ? "VOD" : view.Session.Rewind == Rewind.All ? "EVENT" : null,
                StartsAtBegin = !isWhole,
                Segments = [.. own.Segments.Select(segment => ChapterText.Listed(rendition, segment, target))],
                IsEnded = isWhole,
            }.ToDocument(),
            MaxAgeOf(view, range));
    }

    /// <summary>The MPD of a range.</summary>
    /// <param name="session">The session.</param>
    /// <param name="isGuarded">At the channel's address, whether a token stands before it, which no answer may hold; <see langword="null"/> at the session's own.</param>
    /// <param name="range">The range.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="IOException">Spool or store failed.</exception>
    public async Task<RangeAnswer> MpdAsync(LiveSession session, bool? isGuarded, TimeRange range, CancellationToken cancellationToken)
    {
        var view = PastView.Of(session);
        if (Refusal(view, range) is { } refusal)
        {
            return new RangeAnswer(null, default, refusal);
        }

        var isWhole = IsWhole(view, range);
        var cut = await view.CutAsync(range, shelf, cancellationToken);
        if (cut is null || PastMpd.Draw(cut, isWhole, isRange: true, TimeSpan.FromMinutes(Math.Ceiling((view.End!.Value - range.Start).TotalMinutes) + 1)) is not { } mpd)
        {
            return new RangeAnswer(null, default, "There is nothing in that time.");
        }

        return new RangeAnswer(RewoundPlaylists.At(mpd, session, isGuarded, isWhole ? null : range.Query).ToDocument(), MaxAgeOf(view, range));
    }

    /// <summary>Why there is nothing of a range, or <see langword="null"/>.</summary>
    private string? Refusal(PastView view, TimeRange range) => view switch
    {
        _ when range.Start > time.GetUtcNow() => "That has not happened yet.",
        { Begin: null } => "There is nothing yet.",
        _ when range.End <= view.Begin => $"What can be gone back to begins at {TimeRange.Text(view.Begin.Value)}.",
        _ when range.Start >= view.End => "There is nothing of that time" + (view.IsEnded ? "." : " yet."),
        _ => null,
    };

    /// <summary>Whether all of a range is over, so that nothing can be added to it. A rendition may be two segments behind the leading one.</summary>
    private static bool IsWhole(PastView view, TimeRange range) =>
        view.IsEnded || range.End + (2 * view.Session.Latency.TargetDuration) <= view.End;

    private static TimeSpan MaxAgeOf(PastView view, TimeRange range) =>
        IsWhole(view, range) && range.Start >= view.Begin ? WholeMaxAge : view.Session.Latency.TargetDuration / 2;
}
