using Broadcast.Media;

namespace Broadcast.Transcoder.Encoders;

/// <summary>
/// Forced sync samples where the source's keyframes are too rare: the first frame that a worker encodes of a rendition, and the first frame
/// of each span of fixed length, equal in all renditions. Expressed as ffmpeg expressions, evaluated per frame by its own time, so
/// renditions may differ in frame rate. ffmpeg counts that time from a rendition's first frame, which must be given.
/// </summary>
/// <param name="First">Start of the spans, in ticks of a worker's input.</param>
/// <param name="Every">Length of a span, in ticks.</param>
/// <param name="Start">The worker's first frame, in ticks of its input.</param>
internal readonly record struct ForcedKeyframeTimes(long First, long Every, long Start)
{
    /// <summary>
    /// Argument of <c>-force_key_frames</c>. Half a tick is added because ffmpeg calculates in floating-point seconds here.
    /// </summary>
    /// <param name="start">Time from which the rendition is encoded; <see langword="null"/> for the worker's first frame.</param>
    public string ForceKeyframesArgument(long? start) => FormattableString.Invariant(
        $"expr:if(isnan(prev_forced_t),1,gt(floor((t*{MediaTime.VideoTimescale}-{PhaseOf(start)}+0.5)/{Every}),floor((prev_forced_t*{MediaTime.VideoTimescale}-{PhaseOf(start)}+0.5)/{Every})))");

    /// <summary>Condition for a <c>select</c> filter that drops frames: keeps the forced sync samples.</summary>
    /// <param name="start">As for <see cref="ForceKeyframesArgument"/>.</param>
    public string SelectCondition(long? start) =>
        FormattableString.Invariant(
            $@"+gt(floor((pts-start_pts-{PhaseOf(start)}+0.5)/{Every})\,floor((prev_pts-start_pts-{PhaseOf(start)}+0.5)/{Every}))");

    /// <summary>
    /// Time from a rendition's first frame to the next start of a span, shorter than a span. A first frame later than requested shifts all
    /// spans of all renditions alike.
    /// </summary>
    private long PhaseOf(long? start) => (((First - (start ?? Start)) % Every) + Every) % Every;
}
