using Broadcast.Media;
using Broadcast.Transcoder.Switching;

namespace Broadcast.Transcoder.Slate;

/// <summary>A session's last encoder is gone, or silent: what viewers had of it.</summary>
/// <param name="Grant">Its leave.</param>
/// <param name="Tracks">What was on air.</param>
/// <param name="Group">Its pictures from the last keyframe on; none when it had none, or they were too much to be kept.</param>
/// <param name="End">Where its leading track ends.</param>
/// <param name="Step">Ticks of the leading track from its newest sample but one to its newest; 0 when there was only one.</param>
/// <param name="Arrival">When its newest came in.</param>
internal sealed record Loss(PublishGrant Grant, IReadOnlyList<Track> Tracks, IReadOnlyList<MediaSample> Group, AirEnd End, long Step, DateTimeOffset Arrival);
