namespace Broadcast.Media.Timeline;

/// <summary>
/// The slate at the end of a session, shown after the last encoder until another one replaces it. It is part of the live stream. VOD
/// playback ends before the slate, and includes it once encoder media follows.
/// </summary>
/// <param name="First">Sequence number of its first segment, common to all renditions.</param>
/// <param name="Start">Start of that segment in the rendition that announced it first.</param>
/// <param name="WallClock">Wall-clock time of <paramref name="Start"/>, derived from arrival.</param>
public sealed record TimelineSlate(long First, MediaTime Start, DateTimeOffset WallClock);

/// <summary>Tracks the slate at the end of a session from its timeline events. Not thread-safe.</summary>
internal sealed class SlateProjection
{
    /// <summary>Sequence number of the slate's first segment, which may not exist yet.</summary>
    private long? _first;

    /// <summary>The slate; <see langword="null"/> when the last media is from an encoder.</summary>
    public TimelineSlate? Slate { get; private set; }

    /// <summary>Returns whether a segment, or the discontinuity before it, belongs to the slate.</summary>
    public bool Covers(long segment) => segment >= _first;

    /// <summary>Applies a discontinuity: the slate starts unless it is already shown, or an encoder ends it.</summary>
    /// <returns>Whether the state changed.</returns>
    public bool ApplyDiscontinuity(TimelineEvent.Discontinuity discontinuity)
    {
        if (discontinuity.IsSlate)
        {
            var isFirst = _first is null;
            _first ??= discontinuity.Segment;
            return isFirst;
        }

        if (_first is not { } first || discontinuity.Segment < first)
        {
            return false;
        }

        (_first, Slate) = (null, null);
        return true;
    }

    /// <summary>Applies the start of a segment in any rendition.</summary>
    public void OpenSegment(long segment, MediaTime start, DateTimeOffset wallClock)
    {
        if (Slate is null && _first is { } first && segment >= first)
        {
            Slate = new TimelineSlate(first, start, wallClock);
        }
    }

    /// <summary>Restores the slate from a checkpoint.</summary>
    public void Restore(TimelineSlate slate) => (_first, Slate) = (slate.First, slate);
}
