using System.Diagnostics.Metrics;
using Broadcast.Media.ControlToTargets;
using Broadcast.Media.Outbound;
using Broadcast.Media.TargetsToTranscoder;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Publisher;
using Broadcast.Targets.Messages;
using Microsoft.Extensions.Logging;

namespace Broadcast.Targets.Legs;

/// <summary>
/// Connection of one target: connects when there is media, publishes from a keyframe on, and connects again after a failure, until it is
/// disposed. It reads what viewers get, so that the slate and other encoders reach the platform in one publication. A slow platform costs
/// only frames of this leg. <see cref="Offer"/> never blocks; other members are thread-safe.
/// </summary>
internal sealed class TargetLeg : IAsyncDisposable
{
    /// <summary>Maximum time of a write, after which the platform counts as not reading.</summary>
    internal static readonly TimeSpan SendTimeout = TimeSpan.FromSeconds(10);

    private static readonly Counter<long> Bytes =
        Media.Telemetry.Meter.CreateCounter<long>("broadcast_target_bytes_total", "By", "Bytes sent to targets.");

    private const int MaxQueuedBytes = 8 * 1024 * 1024;
    private const int MaxTagsInOneWrite = 64;
    private const int MaxBytesInOneWrite = 256 * 1024;
    /// <summary>Maximum time between the beginning of a publication and its first keyframe.</summary>
    private static readonly TimeSpan KeyframeTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Time for which the reason for the end of a connection is waited for.</summary>
    private static readonly TimeSpan ReasonTimeout = TimeSpan.FromMilliseconds(200);

    private static readonly TimeSpan MaxQueuedDuration = TimeSpan.FromSeconds(5);
    private readonly LegInput _input;
    private readonly string _rendition;
    private readonly LegQueue _queue = new(MaxQueuedBytes, MaxQueuedDuration);
    private readonly BitrateMeter _bitrate;
    private readonly RetryPolicy _retry;
    private readonly RtmpAddress _address;
    private readonly TargetHistory _history;
    private readonly Task _earlier;
    private readonly RtmpClientSettings _client;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Action _changed;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _hasMedia = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private readonly Task _running;
    private bool _isOpen;
    private volatile bool _isBroken;
    private volatile TargetSettings _settings;
    private RtmpAddress? _next;
    private long _publications;
    private volatile TargetStatus _status;

    /// <summary>Starts the leg.</summary>
    /// <param name="settings">The target, whose address is valid.</param>
    /// <param name="client">Settings of the connection.</param>
    /// <param name="history">What earlier legs of the target have left. The leg begins when the previous one has ended.</param>
    /// <param name="changed">Called when the state changes; must only wake other threads.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">Logger.</param>
    /// <exception cref="FormatException">The address is invalid.</exception>
    public TargetLeg(TargetSettings settings, RtmpClientSettings client, TargetHistory history, Action changed, TimeProvider time,
        ILogger logger)
    {
        if (!RtmpAddress.TryParse(settings.Url, out var address, out var error))
        {
            throw new FormatException(error);
        }

        (_settings, _client, _changed, _time, _logger) = (settings, client, changed, time, logger);
        (_address, _history, _earlier) = (address, history, history.Ended);
        _input = new LegInput(_rendition = RenditionOf(settings));
        _bitrate = new BitrateMeter(time);
        _retry = new RetryPolicy(Random.Shared.NextDouble);
        _status = new(TargetState.Connecting, $"waits for media of rendition '{_rendition}'", time.GetUtcNow());
        _running = Task.Run(RunAsync);
        history.Ended = _running;
    }

    /// <summary>The publication at an address.</summary>
    public static RtmpTarget Target(RtmpAddress address, string streamKey) =>
        new(address.Host, address.Port, address.Application, streamKey, address.UseTls) { IsEnhanced = true };

    private static string RenditionOf(TargetSettings settings) =>
        settings.Mode == TargetMode.Steady ? SteadyRenditions.Video : settings.Rendition;

    /// <summary>The target.</summary>
    public TargetSettings Settings => _settings;

    /// <summary>State with the current figures.</summary>
    public TargetStatus Status => _status with
    {
        BitsPerSecond = _bitrate.BitsPerSecond, Delay = _queue.Duration, DroppedFrames = _queue.Dropped,
        Publications = Interlocked.Read(ref _publications),
    };

    /// <summary>Changes the name, and the sessions that the next connection announces, without touching the connection.</summary>
    public void Update(string name, IReadOnlyList<Media.SessionId> upstream) =>
        _settings = _settings with { Name = name, Upstream = upstream };

    /// <summary>Ends the leg because of a defect of this server.</summary>
    public void Break(Exception error)
    {
        if (_isBroken)
        {
            return;
        }

        _isBroken = true;
        TargetLog.Broken(_logger, error, Settings.Name, Settings.Channel.Value);
        _ = _stopping.CancelAsync();
        Set(TargetState.Rejected, "An internal error occurred; see the log of the server. Disable and enable the target.");
    }

    /// <summary>Offers a sample of the session.</summary>
    /// <param name="item">The sample.</param>
    /// <param name="hasVideo">Whether the session has video.</param>
    /// <param name="set">Identity of the renditions of its publication.</param>
    /// <param name="frame">Message of the sample, shared by all legs; created by the first one that needs it.</param>
    public void Offer(in RenditionSample item, bool hasVideo, object? set, ref FlvTag? frame)
    {
        if (_isBroken)
        {
            return;
        }

        // Samples of the slate and of an encoder can overlap for a moment.
        lock (_lock)
        {
            _input.HasVideo = hasVideo;
            if (!_input.Takes(item, set))
            {
                return;
            }

            if (item.Rendition.Kind == Media.TrackKind.Video || !hasVideo)
            {
                _hasMedia.TrySetResult();
            }

            if (!_isOpen)
            {
                return;
            }

            frame ??= FlvMessages.Frame(item.Sample);
            var tags = _input.Convert(item.Sample, frame.Value);
            if (tags.Count > 0)
            {
                _queue.Add(tags, item.Sample.IsSync && (item.Rendition.Kind == Media.TrackKind.Video || !hasVideo));
            }
        }
    }

    /// <summary>Sends what was offered since the last call. Never blocks.</summary>
    public void Flush() => _queue.Signal();

    /// <summary>Ends the publication and the connection.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            await _earlier.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await _hasMedia.Task.WaitAsync(_stopping.Token);
            await PublishAllAsync(_stopping.Token);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // Disabled, or the session has ended.
        }
        catch (Exception error)
        {
            Break(error);
        }
    }

    private async Task PublishAllAsync(CancellationToken stopping)
    {
        while (true)
        {
            LegFailure failure;
            var liveFor = TimeSpan.Zero;
            long? live = null;
            var address = _next ?? _address;
            _next = null;
            Set(TargetState.Connecting, $"connects to {address.Host}");
            try
            {
                var client = _client with { Agent = TargetAgent.WithUpstream(_client.Agent, Settings.Upstream) };
                var publisher = await RtmpPublisher.ConnectAsync(Target(address, Settings.StreamKey), client, stopping);
                try
                {
                    await PublishAsync(publisher, () => live = _time.GetTimestamp(), stopping);
                }
                finally
                {
                    Close();
                    await EndAsync(publisher, isRegular: stopping.IsCancellationRequested);
                }

                return;
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                if (live is { } began)
                {
                    liveFor = _time.GetElapsedTime(began);
                    _history.RecordLive();
                }

                failure = error is LegRejectedException ? new(error.Message, true) : LegFailure.Explain(
                    error, Settings.StreamKey, _history.SinceLive);
            }

            var wait = _retry.Next(liveFor, failure.IsRejected);
            TargetLog.Failed(_logger, Settings.Name, Settings.Channel.Value, address.Host, failure.Reason, wait.TotalSeconds);
            Set(failure.IsRejected ? TargetState.Rejected : TargetState.Retrying, failure.Reason, _time.GetUtcNow() + wait);
            await Task.Delay(wait, _time, stopping);
        }
    }

    private async Task PublishAsync(RtmpPublisher publisher, Action onLive, CancellationToken stopping)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        _ = publisher.Completion.ContinueWith(_ => Cancel(ended), TaskScheduler.Default);
        _ = publisher.ReconnectRequested.ContinueWith(_ => Cancel(ended), TaskScheduler.Default);
        using var waking = ended.Token.Register(_queue.Wake);
        lock (_lock)
        {
            _input.Restart();
            _queue.Clear();
            _isOpen = true;
        }

        var (isLive, before, proof) = (false, publisher.Connection?.BytesAcknowledged ?? 0, 0L);
        while (true)
        {
            // Not reused: a write that is abandoned still reads its list.
            var tags = new List<FlvTag>();
            while (!_queue.TryTake(tags, MaxTagsInOneWrite, MaxBytesInOneWrite))
            {
                await WaitAsync(hasSent: publisher.BytesSent > 0);
            }

            if (ended.IsCancellationRequested && !stopping.IsCancellationRequested)
            {
                throw await GetEndAsync(publisher);
            }

            CheckCodec(publisher);
            var sent = publisher.BytesSent;
            await SendAsync(publisher, tags, stopping);
            _bitrate.Add(publisher.BytesSent - sent);
            Bytes.Add(publisher.BytesSent - sent);
            if (!isLive)
            {
                // The platform has acknowledged the first keyframe. Without TCP information, a second write proves that it reads.
                proof = proof > 0 ? proof : publisher.BytesSent;
                isLive = publisher.Connection is { } connection ? connection.BytesAcknowledged - before >= proof : sent > 0;
                if (isLive)
                {
                    onLive();
                    _history.RecordLive();
                    Interlocked.Increment(ref _publications);
                    TargetLog.Live(_logger, Settings.Name, Settings.Channel.Value, publisher.Host);
                    Set(TargetState.Live, null);
                }
            }
        }

        async Task WaitAsync(bool hasSent)
        {
            try
            {
                // Waits first: an end before this is noticed here, a later one wakes.
                var waiting = _queue.WaitAsync();
                if (!ended.IsCancellationRequested)
                {
                    await (hasSent ? waiting : waiting.WaitAsync(KeyframeTimeout, _time, ended.Token));
                }

                ended.Token.ThrowIfCancellationRequested();
            }
            catch (TimeoutException late)
            {
                throw new TimeoutException($"No keyframe of rendition '{_rendition}' has arrived for "
                    + $"{KeyframeTimeout.TotalSeconds} s.", late);
            }
            catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
            {
                throw await GetEndAsync(publisher);
            }
        }
    }

    private async Task SendAsync(RtmpPublisher publisher, List<FlvTag> tags, CancellationToken stopping)
    {
        // A write is never canceled: half of a TLS record or chunk would break the end of the publication.
        var writing = publisher.SendAsync(tags, 0, CancellationToken.None);
        if (writing.IsCompletedSuccessfully)
        {
            return;
        }

        var sending = writing.AsTask();
        _ = sending.ContinueWith(static abandoned => abandoned.Exception, CancellationToken.None,
            TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        try
        {
            await sending.WaitAsync(SendTimeout, _time, stopping);
        }
        catch (TimeoutException late)
        {
            throw new TimeoutException($"The platform has read too little for {SendTimeout.TotalSeconds} s. Reduce the bit rate, or choose "
                + "a smaller rendition.", late);
        }
        catch (IOException error)
        {
            // The reason may arrive just after the connection has failed.
            await publisher.Completion.WaitAsync(ReasonTimeout, _time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw publisher.Completion.IsFaulted ? await GetEndAsync(publisher) : error;
        }
    }

    private void CheckCodec(RtmpPublisher publisher)
    {
        if (_input.VideoConfig is { } config && FlvMessages.FourCcOf(config) is { } codec && !publisher.AnnouncedCodecs.Contains(codec))
        {
            throw new LegRejectedException($"The channel sends {config.CodecString}, which the platform has not announced. Choose a "
                + "rendition with H.264.");
        }
    }

    /// <summary>
    /// Gets the reason for which the platform ended the publication. A request to connect to another address is followed once.
    /// </summary>
    private async Task<Exception> GetEndAsync(RtmpPublisher publisher)
    {
        if (!publisher.ReconnectRequested.IsCompletedSuccessfully)
        {
            return publisher.Completion.Exception?.InnerException ?? new IOException("The platform closed the connection.");
        }

        // Never without TLS where the user chose it. The connector checks the address.
        var url = await publisher.ReconnectRequested;
        _next = RtmpAddress.TryParse(url, out var next, out _) && (next.UseTls || !_address.UseTls) ? next : null;
        return new IOException("The platform asks to connect again.");
    }

    private static void Cancel(CancellationTokenSource source)
    {
        try
        {
            source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The publication has ended.
        }
    }

    private static async Task EndAsync(RtmpPublisher publisher, bool isRegular)
    {
        // A platform that reads nothing must not delay the end.
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        if (isRegular)
        {
            await publisher.CloseAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await publisher.DisposeAsync();
    }

    private void Close()
    {
        lock (_lock)
        {
            _isOpen = false;
            _queue.Clear();
        }
    }

    private void Set(TargetState state, string? reason, DateTimeOffset? next = null)
    {
        _status = new(state, reason, _time.GetUtcNow()) { NextAttempt = next };
        _changed();
    }

    /// <summary>A user has to change something.</summary>
    private sealed class LegRejectedException(string message) : Exception(message);
}
