using Broadcast.Media.IngestToCluster;
using Broadcast.Media.IngestToControl;

namespace Broadcast.Media.ClusterToIngest;

/// <summary>Publishers that are connected to another server. Implemented by ingest at the owner of their session.</summary>
public interface IRelayedPublishers
{
    /// <summary>Authorizes a publisher, and starts its publication when it is granted.</summary>
    /// <param name="request">The encoder's request, as the relay received it.</param>
    /// <param name="onEnded">Called at most once, when this server ends the publication; may be called on any thread.</param>
    /// <param name="cancellationToken">Limits the time.</param>
    ValueTask<(IRelayedPublisher? Publisher, PublishDecision Decision)> OpenAsync(PublishRequest request, Action<RelayEnd> onEnded,
        CancellationToken cancellationToken);
}

/// <summary>A publisher that is connected to another server. Not thread-safe.</summary>
public interface IRelayedPublisher
{
    /// <summary>Processes a message.</summary>
    /// <param name="message">The message; its payload is kept.</param>
    /// <param name="age">Time since the message arrived from the encoder.</param>
    /// <returns>
    /// The end, when the message violates a rule, or when the session moves to another server before this message (
    /// <see cref="RelayEnd.IsMoved"/>); <see langword="null"/> to go on.
    /// </returns>
    RelayEnd? Process(RelayedMessage message, TimeSpan age);

    /// <summary>Ends the publication and starts the reconnect window. Never throws.</summary>
    Task EndAsync(string reason);
}
