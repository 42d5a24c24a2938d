using System.Threading.Channels;
using Broadcast.Media;
using Broadcast.Media.ClusterToIngest;
using Broadcast.Media.IngestToCluster;
using Broadcast.Media.IngestToControl;

namespace Broadcast.Cluster.Relays;

/// <summary>
/// Passes a publisher on within this server, which has taken its session over. The encoder keeps its connection and does not notice.
/// </summary>
internal sealed class LocalConnection : IOwnerConnection
{
    private const string Lost = "the connection within the server was lost";

    // The newest reply contains the earlier ones, except the end, which is the last.
    private readonly Channel<OwnerReply> _replies = Channel.CreateBounded<OwnerReply>(
        new BoundedChannelOptions(64) { FullMode = BoundedChannelFullMode.DropOldest });

    private IRelayedPublisher? _publisher;
    private RelayEnd? _end;
    private ulong _processed;

    private LocalConnection()
    {
    }

    /// <inheritdoc/>
    public BroadcastSession? Session { get; private set; }

    /// <inheritdoc/>
    public PublishDecision.Rejected? Rejection { get; private set; }

    /// <summary>Asks this server to admit the publisher.</summary>
    public static async Task<IOwnerConnection> OpenAsync(IRelayedPublishers publishers, PublishRequest request,
        CancellationToken cancellationToken)
    {
        var connection = new LocalConnection();
        (connection._publisher, var decision) = await publishers.OpenAsync(request, connection.End, cancellationToken);
        (connection.Session, connection.Rejection) = decision switch
        {
            PublishDecision.Granted granted => (granted.Grant.Session, (PublishDecision.Rejected?)null),
            PublishDecision.Rejected rejected => (null, rejected),
            PublishDecision.OnAirElsewhere elsewhere => (null, elsewhere.Otherwise),
            _ => throw new InvalidOperationException("The decision is of an unknown kind."),
        };
        return connection;
    }

    /// <inheritdoc/>
    public Task SendAsync(IReadOnlyList<(RelayedMessage Message, TimeSpan Age)> messages, CancellationToken cancellationToken)
    {
        foreach (var (message, age) in messages)
        {
            if (Volatile.Read(ref _end) is not null)
            {
                return Task.CompletedTask;
            }

            if (_publisher!.Process(message, age) is { } end)
            {
                _replies.Writer.TryWrite(new OwnerReply(_processed, null));
                End(end);
                return Task.CompletedTask;
            }

            _processed++;
        }

        _replies.Writer.TryWrite(new OwnerReply(_processed, null));
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task<OwnerReply?> ReadAsync(CancellationToken cancellationToken) =>
        await _replies.Reader.WaitToReadAsync(cancellationToken) && _replies.Reader.TryRead(out var reply) ? reply : null;

    /// <inheritdoc/>
    public async Task CloseAsync(string reason, CancellationToken cancellationToken)
    {
        _replies.Writer.TryComplete();
        if (Interlocked.Exchange(ref _publisher, null) is { } publisher)
        {
            await publisher.EndAsync(reason);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await CloseAsync(Volatile.Read(ref _end)?.Reason ?? Lost, CancellationToken.None);

    private void End(RelayEnd end)
    {
        if (Interlocked.CompareExchange(ref _end, end, null) is null)
        {
            _replies.Writer.TryWrite(new OwnerReply(0, end));
        }
    }
}
