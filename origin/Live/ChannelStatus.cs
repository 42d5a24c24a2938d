using Broadcast.Media;

namespace Broadcast.Origin;

/// <summary>What viewers of a channel get now.</summary>
public enum ChannelState
{
    /// <summary>Nothing: no session is known.</summary>
    Offline,

    /// <summary>A session has begun, but nothing of it can be played yet.</summary>
    Starting,

    /// <summary>The live edge moves.</summary>
    Live,

    /// <summary>The session goes on, but nothing new has come for more than two target durations: the encoder is away.</summary>
    Interrupted,

    /// <summary>The last session is over and can still be played back.</summary>
    Ended,
}

/// <summary>A rendition as viewers get it.</summary>
/// <param name="Name">Its name in URLs.</param>
/// <param name="Format">What its newest segments are; <see langword="null"/> before its first init segment.</param>
/// <param name="AverageBitrate">Bits a second over the session so far; 0 before the first whole segment.</param>
/// <param name="PeakBitrate">Highest bits a second of segments so far; 0 before the first whole segment.</param>
public sealed record RenditionStatus(string Name, RenditionFormat? Format, long AverageBitrate, long PeakBitrate);

/// <summary>A channel as viewers get it, at one moment.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="State">What they get.</param>
/// <param name="Session">The session that <paramref name="State"/> speaks of, or <see langword="null"/> when offline.</param>
/// <param name="StartedAt">Wall clock of that session's begin.</param>
/// <param name="LiveEdge">Wall clock at which the newest media that can be played was captured; <see langword="null"/> while nothing can be.</param>
/// <param name="Renditions">Its renditions, in order of appearance.</param>
public sealed record ChannelStatus(
    ChannelName Channel, ChannelState State, SessionId? Session, DateTimeOffset? StartedAt, DateTimeOffset? LiveEdge, IReadOnlyList<RenditionStatus> Renditions);
