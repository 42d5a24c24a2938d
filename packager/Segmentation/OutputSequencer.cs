namespace Broadcast.Packager.Segmentation;

/// <summary>
/// Orders the segmenter's output: the leader's first part of each segment comes first. Other renditions are often complete a few
/// milliseconds earlier. If the process were killed then, the segment would exist only in them: a gap in the leader with discontinuities on
/// both sides, which some players cannot cross. So other output of a segment waits for the leader. The wait is shorter than a part, and the
/// leader's segment closes before the next one, so it always ends.
/// </summary>
/// <param name="output">Receives the ordered output.</param>
internal sealed class OutputSequencer(List<SegmenterOutput> output)
{
    private readonly List<SegmenterOutput> _waiting = [];
    private long _openSegment;

    /// <summary>Output in the order of creation.</summary>
    public List<SegmenterOutput> Input { get; } = [];

    /// <summary>Passes on the output that can be announced.</summary>
    /// <param name="leader">Name of the leader; <see langword="null"/> without a leader, when nothing waits.</param>
    public void Flush(string? leader)
    {
        if (Input.Count == 0 && (leader is not null || _waiting.Count == 0))
        {
            return;
        }

        foreach (var item in Input)
        {
            _openSegment = leader is null || GetRendition(item) == leader ? Math.Max(_openSegment, GetSegment(item)) : _openSegment;
        }

        _waiting.AddRange(Input);
        Input.Clear();
        var remaining = 0;
        for (var i = 0; i < _waiting.Count; i++)
        {
            var item = _waiting[i];
            if (leader is null || GetSegment(item) <= _openSegment)
            {
                output.Add(item);
            }
            else
            {
                _waiting[remaining++] = item;
            }
        }

        _waiting.RemoveRange(remaining, _waiting.Count - remaining);
    }

    private static string? GetRendition(SegmenterOutput item) => item switch
    {
        SegmenterOutput.Part part => part.Rendition,
        SegmenterOutput.Closed closed => closed.Rendition,
        SegmenterOutput.Gap gap => gap.Rendition,
        _ => null,
    };

    private static long GetSegment(SegmenterOutput item) => item switch
    {
        SegmenterOutput.Part part => part.Segment,
        SegmenterOutput.Closed closed => closed.Segment,
        SegmenterOutput.Gap gap => gap.Segment,
        SegmenterOutput.Discontinuity discontinuity => discontinuity.Segment,
        _ => 0,
    };
}
