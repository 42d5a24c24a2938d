using Broadcast.Media;
using Broadcast.Media.IngestToCluster;
using Broadcast.Media.IngestToControl;

namespace Broadcast.Cluster.Relays;

/// <summary>A reply of a session's owner.</summary>
/// <param name="Processed">Number of messages processed over the connection.</param>
/// <param name="End">The end of the publication by the owner; <see langword="null"/> while it goes on.</param>
internal readonly record struct OwnerReply(ulong Processed, RelayEnd? End);

/// <summary>A connection to the owner of a session, over which one publisher is forwarded.</summary>
internal interface IOwnerConnection : IAsyncDisposable
{
    /// <summary>The granted session; <see langword="null"/> after a rejection.</summary>
    BroadcastSession? Session { get; }

    /// <summary>The owner's rejection.</summary>
    PublishDecision.Rejected? Rejection { get; }

    /// <summary>Sends messages, each with the time since it arrived from the encoder.</summary>
    Task SendAsync(IReadOnlyList<(RelayedMessage Message, TimeSpan Age)> messages, CancellationToken cancellationToken);

    /// <summary>Reads the next reply; <see langword="null"/> when the owner has closed the connection.</summary>
    Task<OwnerReply?> ReadAsync(CancellationToken cancellationToken);

    /// <summary>Ends the publication at the owner.</summary>
    Task CloseAsync(string reason, CancellationToken cancellationToken);
}
