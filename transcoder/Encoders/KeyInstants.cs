using Broadcast.Media;

namespace Broadcast.Transcoder.Encoders;

/// <summary>
/// Where encoded pictures become sync samples when the source's own keyframes are too rare: the first picture that a worker encodes of a rendition, and the first one of each span of a length, in all renditions the same. As parts of
/// an ffmpeg command line, evaluated there for each picture by its own time, so that it does not matter how many pictures a rendition has. ffmpeg counts that time from a rendition's first picture, so it is told where that is.
/// </summary>
/// <param name="First">Where the spans begin, in ticks of a worker's input.</param>
/// <param name="Every">How long a span is, in ticks.</param>
/// <param name="Start">The worker's first picture, in ticks of its input.</param>
internal readonly record struct KeyInstants(long First, long Every, long Start)
{
    /// <summary>What <c>-force_key_frames</c> is given. Half a tick is added because ffmpeg calculates in seconds here, and not exactly.</summary>
    /// <param name="begin">From when on the rendition is encoded; <see langword="null"/> for the worker's first picture.</param>
    public string Forced(long? begin) => FormattableString.Invariant(
        $"expr:if(isnan(prev_forced_t),1,gt(floor((t*{MediaTime.VideoTimescale}-{PhaseOf(begin)}+0.5)/{Every}),floor((prev_forced_t*{MediaTime.VideoTimescale}-{PhaseOf(begin)}+0.5)/{Every})))");

    /// <summary>For a <c>select</c> filter that leaves out pictures of a rendition: what keeps those, to be added to its condition.</summary>
    /// <param name="begin">As for <see cref="Forced"/>.</param>
    public string Kept(long? begin) =>
        FormattableString.Invariant($@"+gt(floor((pts-start_pts-{PhaseOf(begin)}+0.5)/{Every})\,floor((prev_pts-start_pts-{PhaseOf(begin)}+0.5)/{Every}))");

    /// <summary>From a rendition's first picture to the next beginning of a span, less than one; as a picture is later than the instant from which on it is wanted, so are all spans, in all renditions by as much.</summary>
    private long PhaseOf(long? begin) => (((First - (begin ?? Start)) % Every) + Every) % Every;
}
