using Broadcast.Media;
using Broadcast.Media.Timeline;

namespace Broadcast.Origin.Live;

/// <summary>State of a channel for its viewers.</summary>
public enum ChannelState
{
    /// <summary>No session is known.</summary>
    Offline,

    /// <summary>A session has started, but is not playable yet.</summary>
    Starting,

    /// <summary>The live edge advances.</summary>
    Live,

    /// <summary>The session continues, but no media has arrived for more than two target durations: the encoder is disconnected.</summary>
    Interrupted,

    /// <summary>The last session has ended and is still playable.</summary>
    Ended,
}

/// <summary>A rendition as viewers get it.</summary>
/// <param name="Name">Name in URLs.</param>
/// <param name="Format">Format of the newest segments; <see langword="null"/> before the first init segment.</param>
/// <param name="AverageBitrate">Average bits per second over the session so far; 0 before the first closed segment.</param>
/// <param name="PeakBitrate">Peak bits per second over the session so far; 0 before the first closed segment.</param>
public sealed record RenditionStatus(string Name, RenditionFormat? Format, long AverageBitrate, long PeakBitrate);

/// <summary>Snapshot of a channel as viewers get it.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="State">Its state.</param>
/// <param name="Session">The session that <paramref name="State"/> refers to, or <see langword="null"/> when offline.</param>
/// <param name="StartedAt">Wall-clock time of the session's start.</param>
/// <param name="LiveEdge">Wall-clock capture time of the newest playable media; <see langword="null"/> while there is none.</param>
/// <param name="Renditions">Its renditions, in order of appearance.</param>
public sealed record ChannelStatus(
    ChannelName Channel, ChannelState State, SessionId? Session, DateTimeOffset? StartedAt, DateTimeOffset? LiveEdge,
    IReadOnlyList<RenditionStatus> Renditions);
