using Broadcast.Cluster.Connections;
using Broadcast.Cluster.Protocol;
using Broadcast.Media;
using Broadcast.Media.ClusterToControl;
using Broadcast.Media.IngestToCluster;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.Timeline;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Broadcast.Cluster.Relays;

/// <summary>
/// A publisher of this server whose session another server owns. While the owner does not respond, the encoder stays connected and its
/// messages are kept; the owner that the database names then gets what was not processed.
/// </summary>
internal sealed class RelayedPublication : IRelayedPublication
{
    private const string OwnerLost = "the server that has the channel on air does not respond";
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan OpenTimeout = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(5);
    private readonly MessageBuffer _messages;
    private readonly ChannelName _channel;
    private readonly PublishRequest _request;
    private readonly Action<RelayEnd> _onEnded;
    private readonly IServerDirectory _directory;
    private readonly PeerConnections _peers;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource<string> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _running;
    private ClusterServer _owner;

    /// <summary>Starts to forward messages over an accepted connection.</summary>
    public RelayedPublication(RelayConnection connection, ClusterServer owner, ChannelName channel, PublishRequest request,
        Action<RelayEnd> onEnded, IServerDirectory directory, PeerConnections peers, TimeProvider time, ILogger logger)
    {
        (_owner, _channel, _request, _onEnded, _directory, _peers, _time, _logger) =
            (owner, channel, request, onEnded, directory, peers, time, logger);
        Session = connection.Session!;
        _messages = new MessageBuffer(time);
        _running = Task.Run(() => RunAsync(connection));
    }

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
            await _running.WaitAsync(CloseTimeout, _time);
        }
        catch (TimeoutException)
        {
            await _stopping.CancelAsync();
            await _running;
        }

        _stopping.Dispose();
    }

    private async Task RunAsync(RelayConnection first)
    {
        var connection = first;
        while (connection is not null)
        {
            RelayEnd? end = null;
            try
            {
                end = await ForwardAsync(connection);
            }
            catch (Exception error) when (error is RpcException or IOException or InvalidOperationException or OperationCanceledException)
            {
                if (!_stopping.IsCancellationRequested && !_closed.Task.IsCompleted)
                {
                    ClusterLog.RelayInterrupted(_logger, _channel, Session.Id, _owner.Name, error.Message);
                }
            }
            finally
            {
                await connection.DisposeAsync();
            }

            if (end is not null)
            {
                _onEnded(end);
                return;
            }

            connection = _closed.Task.IsCompleted ? null : await ReopenAsync();
        }
    }

    /// <summary>Forwards messages until the encoder or the owner ends the publication.</summary>
    /// <returns>The end by the owner; <see langword="null"/> for the encoder's.</returns>
    private async Task<RelayEnd?> ForwardAsync(RelayConnection connection)
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

        // After the close, the owner processes what it has and ends the call.
        await sender.ConfigureAwait(finished == sender ? ConfigureAwaitOptions.None : ConfigureAwaitOptions.SuppressThrowing);
        return await replies;
    }

    private async Task SendAsync(RelayConnection connection, CancellationToken cancellationToken)
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

    private async Task<RelayEnd?> ReceiveAsync(RelayConnection connection)
    {
        while (await connection.Replies.MoveNext(_stopping.Token))
        {
            switch (connection.Replies.Current)
            {
                case { ContentCase: RelayReply.ContentOneofCase.Acknowledgement, Acknowledgement: var acknowledgement }:
                    _messages.Acknowledge(acknowledgement.Messages);
                    break;
                case { ContentCase: RelayReply.ContentOneofCase.End, End: var end }:
                    return new RelayEnd(end.Reason, end.Status.Length > 0 ? end.Status : null);
            }
        }

        return _closed.Task.IsCompleted ? null : throw new IOException("the owner closed the connection");
    }

    /// <summary>Connects again, to the server that owns the session now.</summary>
    /// <returns><see langword="null"/> when the publication has ended.</returns>
    private async Task<RelayConnection?> ReopenAsync()
    {
        var interrupted = _time.GetTimestamp();
        while (!_closed.Task.IsCompleted && !_stopping.IsCancellationRequested)
        {
            if (_time.GetElapsedTime(interrupted) > MessageBuffer.MaxAge)
            {
                // Without a status the encoder takes it for a lost connection, and reconnects.
                _onEnded(new RelayEnd(OwnerLost, null));
                return null;
            }

            await Task.WhenAny(Task.Delay(RetryInterval, _time), _closed.Task);
            if (_directory.FindRemote(_channel) is { Owner.Address: not null } remote && remote.Session == Session.Id)
            {
                _owner = remote.Owner;
            }

            try
            {
                using var timeout = new CancellationTokenSource(OpenTimeout, _time);
                var connection = await RelayConnection.OpenAsync(_peers, _owner, _request, timeout.Token);
                if (connection is { Session: { } session, Rejection: null } && session.Id == Session.Id)
                {
                    _messages.Restart();
                    ClusterLog.RelayStarted(_logger, _channel, session.Id, _owner.Name, _owner.Address!);
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
            catch (Exception error) when (error is RpcException or IOException or InvalidDataException or InvalidTimelineEventException
                or OperationCanceledException)
            {
                // The owner still does not respond.
            }
        }

        return null;
    }
}
