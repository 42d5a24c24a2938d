using Broadcast.Cluster.Feeds;
using Broadcast.Cluster.Protocol;
using Broadcast.Media;
using Broadcast.Media.ClusterToControl;
using Broadcast.Media.ClusterToOrigin;
using Broadcast.Media.Timeline;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Broadcast.Cluster.Mirrors;

/// <summary>
/// A copy of a session that another server owns. It follows the owner's feed, connects again after an interruption, and follows the session
/// to a new owner with a higher epoch. It never goes back to a lower epoch.
/// </summary>
internal sealed class SessionMirror : IAsyncDisposable
{
    /// <summary>Time without messages after which the connection counts as interrupted: four heartbeats.</summary>
    private static readonly TimeSpan SilenceLimit = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(1);
    private readonly MirrorServices _services;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _missing = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _followLock = new();
    private Task _following;
    private CancellationTokenSource? _pause;
    private ClusterServer _owner;
    private long _epoch;
    private bool _isInterrupted;
    private Task _filling = Task.CompletedTask;
    private long _lastRequest;
    private long _lastMessage;
    private volatile bool _isEnded;

    /// <summary>Starts to follow a session.</summary>
    public SessionMirror(ChannelName channel, RemoteChannel remote, MirrorServices services)
    {
        (Channel, Session, _owner, _epoch, _services) = (channel, remote.Session, remote.Owner, remote.Epoch, services);
        _lastRequest = _lastMessage = services.Time.GetTimestamp();
        _following = Task.CompletedTask;
        Resume();
    }

    /// <summary>The channel.</summary>
    public ChannelName Channel { get; }

    /// <summary>The session.</summary>
    public SessionId Session { get; }

    /// <summary>The server that the mirror follows, or tries to reach.</summary>
    public ClusterServer Owner => Volatile.Read(ref _owner);

    /// <summary>Completes when the session can be served for the first time.</summary>
    public Task Ready => _ready.Task;

    /// <summary>Time since the last request for the channel.</summary>
    public TimeSpan Idle => _services.Time.GetElapsedTime(Volatile.Read(ref _lastRequest));

    /// <summary>Time since the last message of the owner.</summary>
    public TimeSpan Silence => _services.Time.GetElapsedTime(Volatile.Read(ref _lastMessage));

    /// <summary>Indicates whether nothing is known of the session's owner for so long that the mirror must not look live.</summary>
    public bool IsLost => !_isEnded && Silence > _services.Options.MirrorLost;

    /// <summary>Indicates whether the session has ended; its owner need not be reachable any more.</summary>
    public bool IsEnded => _isEnded;

    /// <summary>Completes when the server that is asked does not serve the session, before the mirror has ever had it.</summary>
    public Task WhenMissing => _missing.Task;

    /// <summary>Indicates whether the session was never found.</summary>
    public bool IsMissing => _missing.Task.IsCompleted && !_ready.Task.IsCompleted;

    /// <summary>Records a request.</summary>
    public void Touch() => Volatile.Write(ref _lastRequest, _services.Time.GetTimestamp());

    /// <summary>Waits until the mirror has the media of the live window, as far as it is in the owner's memory or on its disk.</summary>
    public async Task CopyAsync(CancellationToken cancellationToken)
    {
        await Ready.WaitAsync(cancellationToken);
        await Volatile.Read(ref _filling).WaitAsync(cancellationToken);
    }

    /// <summary>
    /// Stops to follow the owner, which hands the session over, and brings the mirror to the owner's final state.
    /// </summary>
    /// <exception cref="InvalidDataException">The snapshot is malformed, or contradicts itself.</exception>
    public async Task CompleteAsync(FeedSnapshot snapshot, CancellationToken cancellationToken)
    {
        Task following;
        lock (_followLock)
        {
            _pause?.Cancel();
            following = _following;
        }

        await following.WaitAsync(cancellationToken);
        Restore(Owner, snapshot);
        await CopyAsync(cancellationToken);
    }

    /// <summary>Follows the owner again, after <see cref="CompleteAsync"/>.</summary>
    public void Resume()
    {
        lock (_followLock)
        {
            if (_following.IsCompleted && !_stopping.IsCancellationRequested)
            {
                _pause?.Dispose();
                _pause = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
                var stopping = _pause.Token;
                _following = Task.Run(() => RunAsync(stopping), CancellationToken.None);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _following;
        await _filling;
        _services.Sessions.Remove(Channel, Session);
        _services.Media.RemoveAll($"live/{Channel}/{Session}/");
        _pause?.Dispose();
        _stopping.Dispose();
    }

    private async Task RunAsync(CancellationToken stopping)
    {
        var retry = FirstRetry;
        while (!stopping.IsCancellationRequested)
        {
            var owner = Owner;
            try
            {
                if (await FollowAsync(owner, stopping))
                {
                    retry = FirstRetry;
                }
            }
            catch (Exception error)
            {
                if (error is RpcException { StatusCode: StatusCode.NotFound })
                {
                    _missing.TrySetResult();
                }

                // Whatever another server sends concerns only this mirror. Logged once for an interruption, not for each attempt.
                if (!stopping.IsCancellationRequested && !_isEnded && !_isInterrupted)
                {
                    _isInterrupted = true;
                    ClusterLog.FeedInterrupted(_services.Logger, Channel, Session, owner.Name, ClusterLog.ReasonOf(error));
                }
            }

            await Task.Delay(retry, _services.Time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            retry = retry * 2 < LastRetry ? retry * 2 : LastRetry;
            FindOwner();
        }
    }

    /// <summary>Follows the owner until the feed ends.</summary>
    /// <returns>Whether a snapshot was received.</returns>
    private async Task<bool> FollowAsync(ClusterServer owner, CancellationToken stopping)
    {
        if (owner.Address is null)
        {
            if (!_isInterrupted)
            {
                _isInterrupted = true;
                ClusterLog.AddressUnknown(_services.Logger, Channel, Session, owner.Name);
            }

            return false;
        }

        using var silence = new CancellationTokenSource(SilenceLimit, _services.Time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stopping, silence.Token);
        var client = await _services.Peers.SessionsOfAsync(owner, ended.Token);
        using var call = client.Follow(new FollowRequest { Channel = Channel.Value, Session = Session.Value },
            cancellationToken: ended.Token);
        var isRestored = false;
        while (await call.ResponseStream.MoveNext(ended.Token))
        {
            silence.CancelAfter(SilenceLimit);
            switch (call.ResponseStream.Current)
            {
                case { ContentCase: FeedMessage.ContentOneofCase.Snapshot, Snapshot: var snapshot }:
                    Restore(owner, new FeedSnapshot(TimelineJson.ParseLines(snapshot.Checkpoint.Span), snapshot.Projection.Memory));
                    isRestored = true;
                    if (_isInterrupted)
                    {
                        _isInterrupted = false;
                        ClusterLog.FeedResumed(_services.Logger, Channel, Session, owner.Name);
                    }

                    break;
                case { ContentCase: FeedMessage.ContentOneofCase.Batch, Batch: var batch } when isRestored:
                    Append(batch);
                    break;
            }

            Volatile.Write(ref _lastMessage, _services.Time.GetTimestamp());
            if (HasOtherOwner(owner))
            {
                break;
            }
        }

        return isRestored;
    }

    private void Restore(ClusterServer owner, FeedSnapshot snapshot)
    {
        var checkpoint = snapshot.Checkpoint;
        if (checkpoint is not [TimelineEvent.Started started, ..] || started.Session.Epoch < _epoch)
        {
            throw new InvalidDataException($"the snapshot of {owner.Name} is older than epoch {_epoch}");
        }

        _services.Sessions.Restore(Channel, Session, snapshot);
        _filling = FillAsync(checkpoint, _filling, _stopping.Token);
        _epoch = started.Session.Epoch;
        _isEnded |= checkpoint.Any(@event => @event is TimelineEvent.Ended);
        if (_ready.TrySetResult())
        {
            ClusterLog.MirrorStarted(_services.Logger, Channel, Session, owner.Name, owner.Address!);
        }
    }

    /// <summary>
    /// Reads what was announced before the mirror began: init segments and images first, then segments, the newest first. With them this
    /// server can take the session over. Never throws.
    /// </summary>
    private async Task FillAsync(IReadOnlyList<TimelineEvent> checkpoint, Task earlier, CancellationToken stopping)
    {
        await earlier;
        var lengths = new Dictionary<ObjectName, long>();
        var (first, segments) = (new List<ObjectName>(), new List<ObjectName>());
        foreach (var @event in checkpoint)
        {
            // Index blocks are in the object store.
            if (@event is not TimelineEvent.IndexBlockReady && AnnouncedObject.Of(@event) is { } range)
            {
                if (!lengths.TryGetValue(range.Object, out var known))
                {
                    (@event is TimelineEvent.PartReady ? segments : first).Add(range.Object);
                }

                lengths[range.Object] = Math.Max(known, range.Offset + range.Length);
            }
        }

        try
        {
            foreach (var name in first.Concat(Enumerable.Reverse(segments)))
            {
                if (stopping.IsCancellationRequested)
                {
                    return;
                }

                if (lengths[name] is var length && length <= FeedService.MaxMedia
                    && _services.Media.Bytes < _services.Options.MirrorMemory / 2
                    && _services.Media.Find(name, 0, length) is null)
                {
                    await _services.PeerMedia.TryReadAsync(this, name, 0, length, stopping);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The mirror stops.
        }
    }

    /// <summary>Keeps the bytes of a batch, then announces them.</summary>
    private void Append(Batch message)
    {
        if (message.At < 0 || message.At > DateTimeOffset.MaxValue.Ticks
            || message.Visibility is { From: < 0 } || message.Visibility?.From > DateTimeOffset.MaxValue.Ticks)
        {
            throw new InvalidDataException("a time is out of range");
        }

        foreach (var media in message.Media)
        {
            if (ObjectName.TryParse(media.Object, out var name))
            {
                _services.Media.Add(name, media.Offset, media.Data.Memory);
            }
        }

        var events = TimelineJson.ParseLines(message.Events.Span);
        _services.Sessions.Append(Channel, Session, new FeedBatch(
            new DateTimeOffset(message.At, TimeSpan.Zero), events,
            message.Visibility is { } visibility
                ? new FeedVisibility(new DateTimeOffset(visibility.From, TimeSpan.Zero), visibility.Segment > 0 ? visibility.Segment : null)
                : null));
        foreach (var @event in events)
        {
            _epoch = @event is TimelineEvent.Started started ? Math.Max(_epoch, started.Session.Epoch) : _epoch;
            _isEnded |= @event is TimelineEvent.Ended;
        }
    }

    /// <summary>Returns whether another server took the session over, whose former owner does not know that yet.</summary>
    private bool HasOtherOwner(ClusterServer owner) => _services.Directory.FindRemote(Channel) is { } remote && remote.Session == Session
        && remote.Epoch > _epoch && remote.Owner.Id != owner.Id;

    /// <summary>Takes over the owner that the database names now.</summary>
    private void FindOwner()
    {
        if (_services.Directory.FindRemote(Channel) is { } remote && remote.Session == Session && remote.Epoch >= _epoch)
        {
            Volatile.Write(ref _owner, remote.Owner);
        }
    }
}
