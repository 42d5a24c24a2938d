using Broadcast.Control.Access;
using Broadcast.Media;
using Broadcast.Media.OriginToControl;

namespace Broadcast.Control.Sessions;

/// <summary>Database row of a session.</summary>
internal sealed record SessionRecord(
    SessionId Id, long ChannelId, long Epoch, string Latency, DateTimeOffset StartedAt, DateTimeOffset? LastPublicationEndedAt,
    DateTimeOffset? EndedAt, string? EndReason)
{
    /// <summary>Indicates whether the session is recorded; its first row creates the recording.</summary>
    public bool IsRecorded { get; init; }

    /// <summary>
    /// Indicates whether the session starts hidden from viewers. Applies to its first row; <see cref="SessionVisibilityStore"/> writes
    /// later changes.
    /// </summary>
    public bool BeginsHidden { get; init; }

    /// <summary>Access policy set by the session's event; <see langword="null"/> for the channel's. Applies to its first row.</summary>
    public ViewerAccess? Access { get; init; }

    /// <summary>Peak number of viewers seen by this process; a higher stored value is kept.</summary>
    public long PeakViewers { get; init; }

    /// <summary>Creates the row of an open session.</summary>
    /// <param name="session">Session to store.</param>
    /// <param name="channelId">Database id of its channel.</param>
    /// <param name="lastPublicationEndedAt">Time since which no encoder publishes; <see langword="null"/> while one does.</param>
    public static SessionRecord Of(BroadcastSession session, long channelId, DateTimeOffset? lastPublicationEndedAt) =>
        new(session.Id, channelId, session.Epoch, session.Latency.Name, session.StartedAt, lastPublicationEndedAt, EndedAt: null,
            EndReason: null)
        {
            IsRecorded = session.IsRecorded,
            BeginsHidden = session.BeginsHidden,
            Access = session.Access,
        };
}
