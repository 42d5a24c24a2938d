using System.Collections.Concurrent;
using Broadcast.Media;

namespace Broadcast.Transcoder.Ladder;

/// <summary>What sessions' sources were found to be: it holds for a session, across its encoders, their connections and the slate, which follow each other. One session is kept for each channel, the newest.</summary>
internal sealed class SourceRules
{
    private readonly ConcurrentDictionary<ChannelName, (SessionId Session, SourceRule Rule)> _rules = new();

    /// <summary>That of a session.</summary>
    public SourceRule Of(BroadcastSession session) => _rules.AddOrUpdate(
        session.Channel, _ => (session.Id, new SourceRule(session.Latency)), (_, kept) => kept.Session == session.Id ? kept : (session.Id, new SourceRule(session.Latency))).Rule;
}
