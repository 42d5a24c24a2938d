namespace Broadcast.Media;

/// <summary>
/// The slate at the end of a session: what stands where the last encoder was, while no other has taken its place. It is live like everything else; a replay ends before it, and has it once an encoder is behind it.
/// </summary>
/// <param name="First">Number of its first segment, common to all renditions.</param>
/// <param name="Start">Where that begins, in the rendition where it was announced first.</param>
/// <param name="WallClock">Wall clock of <paramref name="Start"/>, from arrival.</param>
public sealed record TimelineSlate(long First, MediaTime Start, DateTimeOffset WallClock);

/// <summary>Finds the slate at the end of a session in what its timeline says. Pure; guarded by whoever owns the timeline.</summary>
internal sealed class SlateFold
{
    /// <summary>Number of its first segment, which may not have begun yet.</summary>
    private long? _first;

    /// <summary>The slate, or <see langword="null"/> while what came last is an encoder's.</summary>
    public TimelineSlate? Slate { get; private set; }

    /// <summary>Whether a segment of this number, or a discontinuity before it, is the slate's.</summary>
    public bool Covers(long segment) => segment >= _first;

    /// <summary>A run begins: of the slate, where none is shown yet, or of an encoder, which ends it.</summary>
    /// <returns>Whether that is news.</returns>
    public bool Break(TimelineEvent.Discontinuity discontinuity)
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

    /// <summary>A segment of some rendition begins.</summary>
    public void Open(long segment, MediaTime start, DateTimeOffset wallClock)
    {
        if (Slate is null && _first is { } first && segment >= first)
        {
            Slate = new TimelineSlate(first, start, wallClock);
        }
    }

    /// <summary>A checkpoint says it.</summary>
    public void Take(TimelineSlate slate) => (_first, Slate) = (slate.First, slate);
}
