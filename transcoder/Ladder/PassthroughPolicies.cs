using System.Collections.Concurrent;
using Broadcast.Media;

namespace Broadcast.Transcoder.Ladder;

/// <summary>
/// Passthrough policies of sessions. A policy holds across the session's encoders, reconnects and slates. One session, the newest, is
/// stored per channel.
/// </summary>
internal sealed class PassthroughPolicies
{
    private readonly ConcurrentDictionary<ChannelName, (SessionId Session, PassthroughPolicy Rule)> _rules = new();

    /// <summary>Gets the policy of a session.</summary>
    public PassthroughPolicy Of(BroadcastSession session) => _rules.AddOrUpdate(
        session.Channel, _ => (session.Id, new PassthroughPolicy(session.Latency)),
        (_, current) => current.Session == session.Id ? current : (session.Id, new PassthroughPolicy(session.Latency))).Rule;
}
