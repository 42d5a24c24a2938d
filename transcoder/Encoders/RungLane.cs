using Broadcast.Media;

namespace Broadcast.Transcoder.Encoders;

/// <summary>A rung's way to its rendition; stays the same when another worker encodes it.</summary>
/// <param name="rendition">The rendition.</param>
/// <param name="number">Its number among the publication's rungs.</param>
internal sealed class RungLane(Rendition rendition, int number)
{
    /// <summary>Rungs are tracks that no encoder sent; their numbers lie above all that one can have.</summary>
    private const int FirstTrack = 1000;

    private long _last = long.MinValue;
    private Track? _track;
    private byte[] _sets = [];

    /// <summary>The rendition.</summary>
    public Rendition Rendition { get; } = rendition;

    /// <summary>Presentation time of the newest picture encoded; <see cref="long.MinValue"/> before the first.</summary>
    public long Last { get => Volatile.Read(ref _last); set => Volatile.Write(ref _last, value); }

    /// <summary>How much earlier than it is shown each picture is decoded, in ticks: 0, or what the source has where a copy takes its place in mid-segment, so that lengths go on as they were.</summary>
    public long Lead { get; set; }

    /// <summary>The track of a configuration: the same instance until that changes. Only the worker that encodes the rung calls it.</summary>
    public Track TrackOf(CodecConfig configuration)
    {
        if (_track is null || !_track.Config.Equals(configuration))
        {
            _track = new Track(FirstTrack + number, configuration, MediaTime.VideoTimescale);
            _sets = Rendition.Leads ? StartCodes.ParameterSetsOf(configuration) : [];
        }

        return _track;
    }

    /// <summary>
    /// What goes before a keyframe: a copy's parameter sets, because players that keep the first configuration they see (FFmpeg's HLS reader) have the source's. After <see cref="TrackOf"/>.
    /// </summary>
    public ReadOnlySpan<byte> Before(bool isKey) => isKey ? _sets : [];
}
