using Broadcast.Media;
using Broadcast.Media.ClusterToControl;
using Broadcast.Media.IngestToCluster;
using Broadcast.Media.IngestToControl;
using Microsoft.Extensions.Logging;

namespace Broadcast.Cluster.Relays;

/// <summary>
/// A publisher of this server whose session another server owns. While the owner does not respond, the encoder stays connected and its
/// messages are kept; the owner that the database names then gets what was not processed.
/// </summary>
internal sealed class RelayedPublication : IRelayedPublication
{
    private const string ThisServer = "this server";
    private const string OwnerLost = "the server that has the channel on air does not respond";

    /// <summary>Number of refusals in a row after which the encoder is disconnected; a takeover is known within that time.</summary>
    private const int MaxRefusals = 8;

    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan MovedRetryInterval = TimeSpan.FromMilliseconds(25);
    private static readonly TimeSpan OpenTimeout = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(1);

    /// <summary>End at an owner whose session moves to another server: the publication continues there.</summary>
    public static readonly RelayEnd Moved = new("the session moves to another server", null) { IsMoved = true };

    private readonly MessageBuffer _messages;
    private readonly ChannelName _channel;
    private readonly PublishRequest _request;
    private readonly Action<RelayEnd> _onEnded;
    private readonly RelayServices _services;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource<string> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _running;
    private ClusterServer _owner;
    private volatile bool _isConnected;

    /// <summary>Starts to forward messages over an accepted connection.</summary>
    public RelayedPublication(IOwnerConnection connection, ClusterServer owner, ChannelName channel, PublishRequest request,
        Action<RelayEnd> onEnded, RelayServices services)
    {
        (_owner, _channel, _request, _onEnded, _services) = (owner, channel, request, onEnded, services);
        Session = connection.Session!;
        _messages = new MessageBuffer(services.Time);
        _isConnected = true;
        services.Sessions.Add(this);
        _running = Task.Run(() => RunAsync(connection));
    }

    /// <summary>
    /// Continues a publication of this server whose session moves to another one. Messages are kept until that server takes them.
    /// </summary>
    public RelayedPublication(BroadcastSession session, PublishRequest request, Action<RelayEnd> onEnded, RelayServices services)
    {
        (_owner, _channel, _request, _onEnded, _services) =
            (new ClusterServer(services.Directory.Self, ThisServer, null), session.Channel, request, onEnded, services);
        Session = session;
        _messages = new MessageBuffer(services.Time);
        services.Sessions.Add(this);
        _running = Task.Run(async () => await RunAsync(await ReopenAsync(isMoved: true)));
    }

    /// <summary>Indicates whether the owner takes messages.</summary>
    public bool IsConnected => _isConnected;

    /// <inheritdoc/>
    public BroadcastSession Session { get; }

    /// <inheritdoc/>
    public long Dropped => _messages.Dropped;

    /// <inheritdoc/>
    public void Send(RelayedMessage message) => _messages.Add(message);

    /// <inheritdoc/>
    public async Task EndAsync(string reason)
    {
        _closed.TrySetResult(reason);
        try
        {
            await _running.WaitAsync(CloseTimeout, _services.Time);
        }
        catch (TimeoutException)
        {
            await _stopping.CancelAsync();
            await _running;
        }

        _services.Sessions.Remove(this);
        _stopping.Dispose();
    }

    private async Task RunAsync(IOwnerConnection? first)
    {
        var connection = first;
        while (connection is not null)
        {
            RelayEnd? end = null;
            try
            {
                end = await ForwardAsync(connection);
            }
            catch (Exception error)
            {
                if (!_stopping.IsCancellationRequested && !_closed.Task.IsCompleted)
                {
                    ClusterLog.RelayInterrupted(_services.Logger, _channel, Session.Id, _owner.Name, ClusterLog.ReasonOf(error));
                }
            }
            finally
            {
                _isConnected = false;
                await connection.DisposeAsync();
            }

            if (end is { IsMoved: false })
            {
                _onEnded(end);
                return;
            }

            connection = _closed.Task.IsCompleted ? null : await ReopenAsync(end is { IsMoved: true });
        }
    }

    /// <summary>Forwards messages until the encoder or the owner ends the publication.</summary>
    /// <returns>The end by the owner; <see langword="null"/> for the encoder's.</returns>
    private async Task<RelayEnd?> ForwardAsync(IOwnerConnection connection)
    {
        using var sending = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        var replies = ReceiveAsync(connection);
        var sender = SendAsync(connection, sending.Token);
        var finished = await Task.WhenAny(replies, sender);
        if (finished == replies)
        {
            await sending.CancelAsync();
            await sender.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        else if (!sender.IsCompletedSuccessfully && await Task.WhenAny(replies, Task.Delay(EndTimeout, _services.Time)) != replies)
        {
            _ = replies.ContinueWith(static task => task.Exception, TaskScheduler.Default);
            await sender;
        }

        // After the close, the owner processes what it has and ends the call. A message that cannot be sent fails before the end by the
        // owner is read, which says why.
        return await replies;
    }

    private async Task SendAsync(IOwnerConnection connection, CancellationToken cancellationToken)
    {
        while (true)
        {
            var added = _messages.WhenAddedAsync();
            await Task.WhenAny(added, _closed.Task).WaitAsync(cancellationToken);
            while (_messages.Take() is { Count: > 0 } batch)
            {
                await connection.SendAsync(batch, cancellationToken);
            }

            if (_closed.Task.IsCompleted)
            {
                await connection.CloseAsync(await _closed.Task, cancellationToken);
                return;
            }
        }
    }

    private async Task<RelayEnd?> ReceiveAsync(IOwnerConnection connection)
    {
        while (await connection.ReadAsync(_stopping.Token) is { } reply)
        {
            if (reply.End is { } end)
            {
                return end;
            }

            _messages.Acknowledge(reply.Processed);
        }

        return _closed.Task.IsCompleted ? null : throw new IOException("the owner closed the connection");
    }

    /// <summary>Connects again, to the server that owns the session now.</summary>
    /// <param name="isMoved">Whether the session moves to another server, which will take the encoder in a moment.</param>
    /// <returns><see langword="null"/> when the publication has ended.</returns>
    private async Task<IOwnerConnection?> ReopenAsync(bool isMoved)
    {
        var (interrupted, refusals) = (_services.Time.GetTimestamp(), 0);
        while (!_closed.Task.IsCompleted && !_stopping.IsCancellationRequested)
        {
            if (_services.Time.GetElapsedTime(interrupted) > MessageBuffer.MaxAge)
            {
                // Without a status the encoder takes it for a lost connection, and reconnects.
                _onEnded(new RelayEnd(OwnerLost, null));
                return null;
            }

            await Task.WhenAny(Task.Delay(isMoved ? MovedRetryInterval : RetryInterval, _services.Time), _closed.Task);
            var isHere = _services.Mirrored.Owns(_channel, Session.Id);
            if (!isHere && _services.Directory.FindRemote(_channel) is { Owner.Address: not null } remote && remote.Session == Session.Id)
            {
                _owner = remote.Owner;
            }

            try
            {
                using var timeout = new CancellationTokenSource(OpenTimeout, _services.Time);
                var connection = isHere ? await LocalConnection.OpenAsync(_services.Publishers, _request, timeout.Token)
                    : await RelayConnection.OpenAsync(_services.Peers, _owner, _request, timeout.Token);
                if (connection is { Session: { } session, Rejection: null } && session.Id == Session.Id)
                {
                    _messages.Restart();
                    _isConnected = !isHere;
                    ClusterLog.RelayStarted(_services.Logger, _channel, session.Id, isHere ? ThisServer : _owner.Name,
                        isHere ? ThisServer : _owner.Address!);
                    return connection;
                }

                await connection.DisposeAsync();
                if (connection.Rejection is { Reason: not (PublishRejectionReason.AuthorityUnavailable
                    or PublishRejectionReason.ChannelBusy or PublishRejectionReason.ShuttingDown) } rejection)
                {
                    _onEnded(new RelayEnd(rejection.Message, "NetStream.Publish.Rejected"));
                    return null;
                }

                if (connection.Session is not null)
                {
                    // A newer session: the encoder reconnects, and learns its latency profile.
                    _onEnded(new RelayEnd("the session has ended", null));
                    return null;
                }
            }
            catch (Exception error) when (ClusterLog.IsPermanent(error))
            {
                // The same server would refuse the encoder again. It keeps its connection only for another owner.
                if (++refusals == MaxRefusals)
                {
                    _onEnded(new RelayEnd($"server '{_owner.Name}' does not take the encoder: {ClusterLog.ReasonOf(error)}", null));
                    return null;
                }
            }
            catch (Exception)
            {
                // The owner still does not respond. Whatever the error, the encoder keeps its connection.
                refusals = 0;
            }
        }

        return null;
    }
}
