namespace Broadcast.Packager;

/// <summary>
/// Puts decisions in the order in which they are announced: of each segment the leader's first part comes first. Another rendition is often done a few milliseconds earlier, and what is killed just then would leave a
/// segment of which only the others have something: a hole in the leader, with a discontinuity on both sides, which some players do not get across. So what belongs to a segment waits for it. That is less than a part, and the
/// leader's segment is closed before anything follows it, so that nothing waits for ever.
/// </summary>
/// <param name="output">Where they go, in order.</param>
internal sealed class CutOrder(List<Cut> output)
{
    private readonly List<Cut> _waiting = [];
    private long _open;

    /// <summary>Decisions as they are made.</summary>
    public List<Cut> Decided { get; } = [];

    /// <summary>Passes on what may be announced.</summary>
    /// <param name="leader">The leader's name; <see langword="null"/> where there is none, and then nothing waits.</param>
    public void Pass(string? leader)
    {
        if (Decided.Count == 0 && (leader is not null || _waiting.Count == 0))
        {
            return;
        }

        foreach (var cut in Decided)
        {
            _open = leader is null || RenditionOf(cut) == leader ? Math.Max(_open, SegmentOf(cut)) : _open;
        }

        _waiting.AddRange(Decided);
        Decided.Clear();
        var kept = 0;
        for (var i = 0; i < _waiting.Count; i++)
        {
            var cut = _waiting[i];
            if (leader is null || SegmentOf(cut) <= _open)
            {
                output.Add(cut);
            }
            else
            {
                _waiting[kept++] = cut;
            }
        }

        _waiting.RemoveRange(kept, _waiting.Count - kept);
    }

    private static string? RenditionOf(Cut cut) => cut switch
    {
        Cut.Part part => part.Rendition,
        Cut.Closed closed => closed.Rendition,
        Cut.Gap gap => gap.Rendition,
        _ => null,
    };

    private static long SegmentOf(Cut cut) => cut switch
    {
        Cut.Part part => part.Segment,
        Cut.Closed closed => closed.Segment,
        Cut.Gap gap => gap.Segment,
        Cut.Discontinuity discontinuity => discontinuity.Segment,
        _ => 0,
    };
}
