using Broadcast.Media;
using Broadcast.Media.Timeline;

namespace Broadcast.Packager.Sessions;

/// <summary>
/// Init segments of a rendition that parts of the same configuration can use again. A source that alternates with the slate thereby needs
/// two init segments, however often it returns. Owned by one session; not thread-safe.
/// </summary>
/// <param name="timeline">Timeline of the session. Init segments that left it are deleted, so they are not used again.</param>
/// <param name="rendition">The rendition.</param>
/// <param name="earlier">Bytes of init segments that an earlier process wrote, as far as they are readable.</param>
internal sealed class ReusableInits(SessionTimeline timeline, string rendition, IReadOnlyDictionary<ObjectName, byte[]> earlier)
{
    /// <summary>Maximum number of init segments in memory; above it, the least recently used is forgotten.</summary>
    private const int MaxInits = 8;

    /// <summary>Maximum relative difference of frame rates that counts as an error of measurement.</summary>
    private const double FrameRateTolerance = 0.05;

    // The most recently used last.
    private readonly List<(TimelineEvent.InitReady Init, byte[] Bytes)> _known =
    [
        .. from init in timeline.Find(rendition)?.Inits ?? []
           where earlier.ContainsKey(init.Object)
           select (new TimelineEvent.InitReady(rendition, init.Number, init.Format, init.Object, init.Length), earlier[init.Object]),
    ];

    /// <summary>Adds a new init segment.</summary>
    public void Add(TimelineEvent.InitReady init, byte[] bytes)
    {
        _known.Add((init, bytes));
        if (_known.Count > MaxInits)
        {
            _known.RemoveAt(0);
        }
    }

    /// <summary>Finds an init segment with equal bytes on the timeline.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="format">Format of the media; manifests describe some of it that is not in the bytes.</param>
    /// <returns>Its announcement, with all captions announced so far; <see langword="null"/> when there is none.</returns>
    public TimelineEvent.InitReady? Find(ReadOnlySpan<byte> bytes, RenditionFormat format)
    {
        for (var i = _known.Count - 1; i >= 0; i--)
        {
            var (init, known) = _known[i];
            if (bytes.SequenceEqual(known) && IsSame(init.Format, format)
                && timeline.Find(rendition)?.FindInit(init.Init) is { } announced)
            {
                _known.RemoveAt(i);
                _known.Add((init, known));
                return init with { Format = announced.Format };
            }
        }

        return null;
    }

    private static bool IsSame(RenditionFormat known, RenditionFormat format) =>
        known with { FrameRate = format.FrameRate, Captions = format.Captions } == format
        && Math.Abs(known.FrameRate - format.FrameRate) <= FrameRateTolerance * known.FrameRate;
}
