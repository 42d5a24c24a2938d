using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Broadcast.Media;
using Broadcast.Media.ControlToTargets;
using Broadcast.Media.Outbound;
using Broadcast.Media.TargetsToTranscoder;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Publisher;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Broadcast.Targets.Legs;

/// <summary>All legs of this server: at most one per target, started and ended as control requests. Thread-safe.</summary>
internal sealed class TargetLegs : ITargetLegs, IHostedService
{
    private const int MaxTests = 4;

    /// <summary>Time for which samples are gathered before they are sent.</summary>
    private static readonly TimeSpan FlushInterval = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan TestTimeout = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan TestSlotTimeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan TestCloseTimeout = TimeSpan.FromSeconds(2);
    private readonly RtmpClientSettings _client;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ISteadyEncoders? _encoders;
    private readonly ConcurrentDictionary<SessionId, SessionLegs> _sessions = new();
    private readonly Dictionary<long, TargetHistory> _histories = [];
    private readonly HashSet<Task> _ending = [];
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _tests = new(MaxTests, MaxTests);
    private readonly ITimer _flushing;
    private volatile bool _hasSessions;
    private bool _isStopping;

    /// <summary>Creates the collection, without legs.</summary>
    /// <param name="client">Settings of the connections.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">Logger.</param>
    /// <param name="encoders">Encoders for steady targets; <see langword="null"/> if this server has none.</param>
    public TargetLegs(RtmpClientSettings client, TimeProvider time, ILogger<TargetLegs> logger, ISteadyEncoders? encoders = null)
    {
        (_client, _time, _logger, _encoders) = (client, time, logger, encoders);
        _flushing = time.CreateTimer(_ => Flush(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Telemetry.Meter.CreateObservableGauge("broadcast_targets", () => _sessions.Values
            .SelectMany(legs => legs.Legs.Select(leg => legs.StatusOf(leg).State)).GroupBy(state => state)
            .Select(states => new Measurement<int>(states.Count(),
                new KeyValuePair<string, object?>("state", LabelOf(states.Key)))), "{target}",
            "Enabled targets of this server's sessions, by state.");
    }

    /// <inheritdoc/>
    public event Action? Changed;

    /// <inheritdoc/>
    public void Apply(IReadOnlyDictionary<SessionId, IReadOnlyList<TargetSettings>> targets)
    {
        lock (_lock)
        {
            if (_isStopping)
            {
                return;
            }

            foreach (var session in _sessions.Keys.Where(session => !targets.ContainsKey(session)))
            {
                _sessions.TryRemove(session, out var legs);
                End(legs!);
            }

            foreach (var (session, wanted) in targets)
            {
                if (wanted.Count > 0 || _sessions.ContainsKey(session))
                {
                    Apply(_sessions.GetOrAdd(session, _ => new SessionLegs(wanted[0].Channel, _encoders, () => Changed?.Invoke())), wanted,
                        _client with { Agent = TargetAgent.Format(session) });
                }
            }

            if (_hasSessions == _sessions.IsEmpty)
            {
                _hasSessions = !_sessions.IsEmpty;
                var interval = _hasSessions ? FlushInterval : Timeout.InfiniteTimeSpan;
                _flushing.Change(interval, interval);
            }

            Prune();
        }
    }

    /// <inheritdoc/>
    public IReadOnlyDictionary<long, TargetStatus> Find(SessionId session) => _sessions.TryGetValue(session, out var legs)
        ? legs.Legs.ToDictionary(leg => leg.Settings.Id, legs.StatusOf) : new Dictionary<long, TargetStatus>();

    /// <inheritdoc/>
    public async Task<TargetTestResult?> TestAsync(SessionId? session, TargetSettings target, CancellationToken cancellationToken)
    {
        if (!await _tests.WaitAsync(TestSlotTimeout, cancellationToken))
        {
            return null;
        }

        var began = _time.GetTimestamp();
        using var limit = new CancellationTokenSource(TestTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var sessionClient = session is { } open ? _client with { Agent = TargetAgent.Format(open, target.Upstream) } : _client;
        try
        {
            if (!RtmpAddress.TryParse(target.Url, out var address, out var error))
            {
                return Result(error);
            }

            await using var publisher = await RtmpPublisher.ConnectAsync(TargetLeg.Target(address, target.StreamKey), sessionClient,
                either.Token);
            await publisher.CloseAsync(cancellationToken).WaitAsync(TestCloseTimeout, _time, cancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return Result(null);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return Result($"The platform did not accept the publication within {TestTimeout.TotalSeconds} s.");
        }
        catch (Exception failure) when (failure is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            return Result(LegFailure.Explain(failure, target.StreamKey, sinceLive: null).Reason);
        }
        finally
        {
            _tests.Release();
        }

        TargetTestResult Result(string? reason) => new(reason is null, reason, _time.GetElapsedTime(began));
    }

    /// <summary>Offers a sample to the legs of its session. Never blocks.</summary>
    /// <param name="session">The session.</param>
    /// <param name="item">The sample.</param>
    /// <param name="hasVideo">Whether its publication has video.</param>
    /// <param name="set">Identity of the renditions of its publication.</param>
    public void Offer(SessionId session, in RenditionSample item, bool hasVideo, object? set = null)
    {
        if (_hasSessions && _sessions.TryGetValue(session, out var legs))
        {
            legs.Offer(item, hasVideo, set);
        }
    }

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        Task[] ending;
        lock (_lock)
        {
            _isStopping = true;
            _sessions.Values.ToList().ForEach(End);
            _sessions.Clear();
            ending = [.. _ending];
            _flushing.Dispose();
        }

        await Task.WhenAll(ending).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private void Flush()
    {
        foreach (var (_, legs) in _sessions)
        {
            legs.Flush();
        }
    }

    private void Apply(SessionLegs legs, IReadOnlyList<TargetSettings> wanted, RtmpClientSettings sessionClient)
    {
        var kept = new List<TargetLeg>();
        foreach (var leg in legs.Legs)
        {
            if (wanted.FirstOrDefault(target => target.IsSameConnection(leg.Settings)) is { } same)
            {
                leg.Update(same.Name, same.Upstream);
                kept.Add(leg);
            }
        }

        var ended = legs.Legs.Except(kept).ToList();
        var begun = wanted.Where(target => !kept.Exists(leg => target.IsSameConnection(leg.Settings)))
            .Select(target => Begin(target, sessionClient)).OfType<TargetLeg>().ToList();
        if (ended.Count + begun.Count > 0)
        {
            var unused = legs.Set([.. kept, .. begun]);
            ended.ForEach(leg => End(leg));
            End(unused);
        }
    }

    private static string LabelOf(TargetState state) => state switch
    {
        TargetState.Connecting => "connecting",
        TargetState.Live => "live",
        TargetState.Retrying => "retrying",
        TargetState.Rejected => "rejected",
        _ => "off",
    };

    /// <summary>Forgets targets without a leg that no platform can still have connected.</summary>
    private void Prune()
    {
        var used = _sessions.Values.SelectMany(legs => legs.Legs).Select(leg => leg.Settings.Id).ToHashSet();
        foreach (var (id, _) in _histories.Where(history => !used.Contains(history.Key) && history.Value.Ended.IsCompleted
            && !(history.Value.SinceLive < LegFailure.InUseAfterLive)).ToList())
        {
            _histories.Remove(id);
        }
    }

    private TargetLeg? Begin(TargetSettings target, RtmpClientSettings sessionClient)
    {
        try
        {
            if (!_histories.TryGetValue(target.Id, out var history))
            {
                _histories.Add(target.Id, history = new TargetHistory(_time));
            }

            history.Use(target.Url, target.StreamKey);
            if (target.WasLive && history.SinceLive is null)
            {
                history.RecordLive();
            }

            return new TargetLeg(target, sessionClient, history, () => Changed?.Invoke(), _time, _logger);
        }
        catch (FormatException error)
        {
            TargetLog.Invalid(_logger, target.Name, target.Channel.Value, error.Message);
            return null;
        }
    }

    private void End(SessionLegs legs)
    {
        legs.Legs.ToList().ForEach(leg => End(leg));
        End(legs.Set([]));
    }

    private void End(IAsyncDisposable? ended)
    {
        if (ended is null)
        {
            return;
        }

        var ending = ended.DisposeAsync().AsTask();
        _ending.Add(ending);
        _ = ending.ContinueWith(Forget, TaskScheduler.Default);
    }

    private void Forget(Task ended)
    {
        lock (_lock)
        {
            _ending.Remove(ended);
        }
    }
}
