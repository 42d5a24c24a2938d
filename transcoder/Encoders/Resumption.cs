using Broadcast.Media;

namespace Broadcast.Transcoder.Encoders;

/// <summary>What a worker gets first that goes on where others left off, and from when on it encodes each rung. Each rung goes on with a sync sample.</summary>
/// <param name="Pictures">What it gets first, from a sync sample on.</param>
/// <param name="From">For each rung, the time in ticks of the worker's input before which it is not encoded; <see langword="null"/> where all of it is.</param>
internal readonly record struct Resumption(IReadOnlyList<MediaSample> Pictures, IReadOnlyList<long>? From)
{
    /// <summary>
    /// Each rung goes on with the first picture that is missing there, as far as they are kept; one that has been away for longer begins with the others, and has a hole up to there. Where all have been away for long,
    /// they begin with the newest group.
    /// </summary>
    /// <param name="recent">The source's newest pictures; one at least.</param>
    /// <param name="last">For each rung, presentation time of the last picture that it has; <see cref="long.MinValue"/> for none.</param>
    /// <param name="least">None begins before that, because it would only be late; <see cref="long.MinValue"/> for no limit.</param>
    public static Resumption Of(RecentPictures recent, IReadOnlyList<long> last, long least)
    {
        var kept = recent.From(long.MinValue)[0].Present.Ticks;
        var latest = last.Max() + 1;
        var begins = last.Select(l => Math.Max(least, l + 1 >= kept ? l + 1 : latest)).ToList();
        var pictures = recent.From(begins.Min());
        return begins.Min() >= pictures[0].Present.Ticks ? new(pictures, [.. begins.Select(b => b + RungOutput.Offset)]) : new(recent.From(long.MaxValue), null);
    }
}
