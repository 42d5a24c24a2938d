using Broadcast.Media;
using Broadcast.Media.IngestToControl;
using Broadcast.Transcoder.Failover;

namespace Broadcast.Transcoder.Slate;

/// <summary>Loss of a session's last encoder, with the media that viewers had.</summary>
/// <param name="Grant">The encoder's grant.</param>
/// <param name="Tracks">The delivered tracks.</param>
/// <param name="Group">The video frames from the last keyframe on; empty if there were none, or they exceeded the buffer.</param>
/// <param name="End">End of the longest track.</param>
/// <param name="FrameInterval">Ticks between the two newest samples of the leading track; 0 with a single sample.</param>
/// <param name="Arrival">Arrival time of the newest sample of the leading track.</param>
internal sealed record InputLoss(PublishGrant Grant, IReadOnlyList<Track> Tracks, IReadOnlyList<MediaSample> Group, SwitchedEnd End,
    long FrameInterval, DateTimeOffset Arrival)
{
    /// <summary>
    /// Time until the slate starts. A shorter interruption needs none, and neither does a session that ends with its encoder.
    /// </summary>
    public TimeSpan StartDelay { get; init; } = TimeSpan.FromMilliseconds(300);
}
