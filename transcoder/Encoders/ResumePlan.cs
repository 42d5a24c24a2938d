using Broadcast.Media;

namespace Broadcast.Transcoder.Encoders;

/// <summary>
/// First frames of a replacement worker, and the time from which it encodes each rung. Each rung resumes with a sync sample.
/// </summary>
/// <param name="Frames">Frames sent first, starting with a sync sample.</param>
/// <param name="From">
/// Time per rung, in ticks of the worker's input, before which frames are not encoded; <see langword="null"/> to encode all.
/// </param>
internal readonly record struct ResumePlan(IReadOnlyList<MediaSample> Frames, IReadOnlyList<long>? From)
{
    /// <summary>
    /// Resumes each rung at its first missing frame, if buffered. A rung that was missing for longer starts with the others and has a hole
    /// before. If all were missing for long, they start with the newest GOP.
    /// </summary>
    /// <param name="recent">The source's newest frames; at least one.</param>
    /// <param name="last">Presentation time of each rung's last frame; <see cref="long.MinValue"/> for none.</param>
    /// <param name="earliest">Earliest start, because older frames would be late; <see cref="long.MinValue"/> for no limit.</param>
    public static ResumePlan Of(GopBuffer recent, IReadOnlyList<long> last, long earliest)
    {
        var oldest = recent.From(long.MinValue)[0].Present.Ticks;
        var latest = last.Max() + 1;
        var starts = last.Select(l => Math.Max(earliest, l + 1 >= oldest ? l + 1 : latest)).ToList();
        var frames = recent.From(starts.Min());
        return starts.Min() >= frames[0].Present.Ticks ? new(frames, [.. starts.Select(b => b + RungOutput.Offset)])
            : new(recent.From(long.MaxValue), null);
    }
}
