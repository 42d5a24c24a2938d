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

    /// <summary>The rendition.</summary>
    public Rendition Rendition { get; } = rendition;

    /// <summary>Presentation time of the newest picture encoded; <see cref="long.MinValue"/> before the first.</summary>
    public long Last { get => Volatile.Read(ref _last); set => Volatile.Write(ref _last, value); }

    /// <summary>The track of a configuration: the same instance until that changes. Only the worker that encodes the rung calls it.</summary>
    public Track TrackOf(CodecConfig configuration) =>
        _track is not null && _track.Config.Equals(configuration) ? _track : _track = new Track(FirstTrack + number, configuration, MediaTime.VideoTimescale);
}
