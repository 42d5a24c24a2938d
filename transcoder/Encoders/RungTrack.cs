using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Media.TranscoderToPackager;

namespace Broadcast.Transcoder.Encoders;

/// <summary>Maps a rung to its rendition, across worker restarts.</summary>
/// <param name="rendition">The rendition.</param>
/// <param name="number">Index among the publication's rungs.</param>
internal sealed class RungTrack(Rendition rendition, int number)
{
    /// <summary>Rungs use track numbers that no encoder sends, above all that it can send.</summary>
    private const int FirstTrack = 1000;

    private long _last = long.MinValue;
    private Track? _track;
    private byte[] _parameterSets = [];

    /// <summary>The rendition.</summary>
    public Rendition Rendition { get; } = rendition;

    /// <summary>Presentation time of the newest encoded frame; <see cref="long.MinValue"/> before the first.</summary>
    public long Last { get => Volatile.Read(ref _last); set => Volatile.Write(ref _last, value); }

    /// <summary>
    /// Presentation minus decode time of each frame, in ticks. 0, or the source's value where re-encoding starts in mid-segment, so that
    /// durations stay continuous.
    /// </summary>
    public long Lead { get; set; }

    /// <summary>
    /// Track of a configuration; the same instance until the configuration changes. Called only by the worker that encodes the rung.
    /// </summary>
    public Track TrackOf(CodecConfig configuration)
    {
        if (_track is null || !_track.Config.Equals(configuration))
        {
            _track = new Track(FirstTrack + number, configuration, MediaTime.VideoTimescale);
            _parameterSets = Rendition.IsLeading ? AnnexBConverter.ParameterSetsOf(configuration) : [];
        }

        return _track;
    }

    /// <summary>
    /// Prefix of a keyframe: the parameter sets of a re-encoded source. Players that keep the first configuration they see (FFmpeg's HLS
    /// reader) have the source's. Call after <see cref="TrackOf"/>.
    /// </summary>
    public ReadOnlySpan<byte> KeyframePrefix(bool isKey) => isKey ? _parameterSets : [];
}
