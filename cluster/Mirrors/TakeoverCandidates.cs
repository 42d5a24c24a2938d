using Broadcast.Cluster.Relays;
using Broadcast.Media;
using Broadcast.Media.ControlToCluster;

namespace Broadcast.Cluster.Mirrors;

/// <summary>Mirrored sessions that this server can take over when their owner is lost.</summary>
internal sealed class TakeoverCandidates(SessionMirrors mirrors, MirrorServices services, RelayedSessions relays) : ITakeoverCandidates
{
    /// <summary>Time without messages after which the owner counts as silent: two heartbeats.</summary>
    private static readonly TimeSpan SilenceLimit = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    public TakeoverSuitability Find(ChannelName channel, SessionId session) =>
        mirrors.Find(channel, session) is not { IsEnded: false, Ready.IsCompletedSuccessfully: true } mirror
            || mirror.Silence < SilenceLimit || relays.IsOwnerResponding(session) ? TakeoverSuitability.None
        : relays.Contains(session) ? TakeoverSuitability.Encoder : TakeoverSuitability.Mirror;

    /// <inheritdoc/>
    public SessionCopy? GetCopy(ChannelName channel, SessionId session) =>
        services.Sessions.GetCheckpoint(channel, session) is { } checkpoint
            ? new SessionCopy(checkpoint, (name, length) => services.Media.Find(name, 0, length)) : null;
}
