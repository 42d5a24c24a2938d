using System.Collections.Concurrent;
using Broadcast.Media;
using Broadcast.Media.ControlToCluster;

namespace Broadcast.Control.Tests;

/// <summary>Copies of sessions of other servers.</summary>
internal sealed class FakeCandidates : ITakeoverCandidates
{
    /// <summary>Copy that every candidate has.</summary>
    public static readonly SessionCopy Copy = new([], (_, _) => null);

    /// <summary>Suitability for every session.</summary>
    public TakeoverSuitability Suitability { get; set; }

    /// <summary>Finds the suitability instead.</summary>
    public Func<TakeoverSuitability>? Finding { get; set; }

    /// <summary>Indicates whether there is a copy.</summary>
    public bool HasCopy { get; set; } = true;

    /// <summary>Sessions whose suitability was asked for.</summary>
    public ConcurrentQueue<SessionId> Asked { get; } = [];

    public TakeoverSuitability Find(ChannelName channel, SessionId session)
    {
        Asked.Enqueue(session);
        return Finding?.Invoke() ?? Suitability;
    }

    public SessionCopy? GetCopy(ChannelName channel, SessionId session) => HasCopy ? Copy : null;
}
