using Broadcast.Media;
using Broadcast.Media.ControlToTranscoder;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.IngestToTranscoder;
using Broadcast.Media.PackagerToControl;
using Broadcast.Transcoder.Slate;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Transcoder.Failover;

/// <summary>
/// The stage before the transcoder. It forwards one of the encoders that publish into a session, a primary and a backup; while the session
/// waits for an encoder, it forwards the slate. The hosted service only stops slates at shutdown.
/// </summary>
/// <param name="next">The next stage.</param>
/// <param name="options">The failover options.</param>
/// <param name="slates">The slate service; <see langword="null"/> for none.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed class InputSwitch(IPublicationSink next, IOptions<FailoverOptions> options, SlateService? slates, TimeProvider time,
    ILogger<InputSwitch> logger)
    : IPublicationSink, IChannelInputs, IResumedSessions, IHostedService, IDisposable
{
    private static readonly TimeSpan WatchInterval = TimeSpan.FromSeconds(1);

    /// <summary>Time in which most encoders return after a restart of the server.</summary>
    private static readonly TimeSpan ResumeDelay = TimeSpan.FromSeconds(1);

    private readonly Dictionary<SessionId, SessionSwitch> _switches = [];
    private readonly Dictionary<ChannelName, SessionSwitch> _newest = [];
    private readonly HashSet<Task> _activeSlates = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _lock = new();
    private readonly SlateOptions? _slate = slates?.Options is { Enabled: true } enabled ? enabled : null;

    /// <summary>Number of slates being encoded or played.</summary>
    public int ActiveSlates
    {
        get
        {
            lock (_lock)
            {
                return _activeSlates.Count;
            }
        }
    }

    /// <inheritdoc/>
    public async Task RunAsync(Publication publication, CancellationToken cancellationToken)
    {
        var session = publication.Grant.Session;
        var sessionSwitch = Acquire(session);
        try
        {
            await sessionSwitch.RunAsync(publication, cancellationToken);
        }
        finally
        {
            Release(session, sessionSwitch);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<InputStatus> Find(ChannelName channel) =>
        SwitchOf(channel) is { } sessionSwitch ? [.. sessionSwitch.Status()] : [];

    /// <inheritdoc/>
    public bool IsOnSlate(ChannelName channel) => SwitchOf(channel) is { IsOnSlate: true };

    /// <inheritdoc/>
    public void ShowSlate(PublishGrant grant, SessionResumePoint media)
    {
        if (_slate is null)
        {
            return;
        }

        // Media continues at the clock, as with an encoder that returns, but never before its end.
        var now = time.GetUtcNow();
        var clock = MediaTime.From(now - grant.Session.StartedAt, MediaTime.VideoTimescale);
        var end = media.End > clock ? media.End.Rescale(MediaTime.VideoTimescale) : clock;
        var sessionSwitch = Acquire(grant.Session);
        try
        {
            if (!sessionSwitch.HasInputs)
            {
                StartSlate(sessionSwitch, new InputLoss(grant, media.Tracks, [], new(end, end), FrameInterval: 0, now)
                {
                    StartDelay = ResumeDelay,
                });
            }
        }
        finally
        {
            Release(grant.Session, sessionSwitch);
        }
    }

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (_slate is not null)
        {
            _ = WatchAsync();
        }

        return Task.CompletedTask;
    }

    /// <summary>Stops all slates and waits until their output is delivered.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        Task[] activeSlates;
        lock (_lock)
        {
            activeSlates = [.. _activeSlates];
        }

        await Task.WhenAll(activeSlates).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <inheritdoc/>
    public void Dispose() => _stopping.Dispose();

    private async Task WatchAsync()
    {
        using var timer = new PeriodicTimer(WatchInterval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                SessionSwitch[] switches;
                lock (_lock)
                {
                    switches = [.. _switches.Values];
                }

                foreach (var sessionSwitch in switches)
                {
                    sessionSwitch.CheckInputLoss();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The process is shutting down.
        }
    }

    /// <summary>
    /// Starts the slate after a session's last encoder was lost or went silent, and keeps the switch until the slate ends.
    /// </summary>
    private void StartSlate(SessionSwitch sessionSwitch, InputLoss loss)
    {
        if (loss.Grant.SessionEnded.IsCancellationRequested || _stopping.IsCancellationRequested)
        {
            return;
        }

        Acquire(loss.Grant.Session);
        var activeSlates = Task.Run(() => ShowAsync(sessionSwitch, loss));
        lock (_lock)
        {
            _activeSlates.Add(activeSlates);
        }

        _ = activeSlates.ContinueWith(
            completed =>
            {
                lock (_lock)
                {
                    _activeSlates.Remove(completed);
                }
            },
            CancellationToken.None,
            TaskContinuationOptions.None,
            TaskScheduler.Default);
    }

    private async Task ShowAsync(SessionSwitch sessionSwitch, InputLoss loss)
    {
        try
        {
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(loss.Grant.SessionEnded, _stopping.Token);
            await slates!.RunAsync(sessionSwitch, loss, ended.Token);
        }
        finally
        {
            Release(loss.Grant.Session, sessionSwitch);
        }
    }

    private SessionSwitch? SwitchOf(ChannelName channel)
    {
        lock (_lock)
        {
            return _newest.GetValueOrDefault(channel);
        }
    }

    private SessionSwitch Acquire(BroadcastSession session)
    {
        lock (_lock)
        {
            if (!_switches.TryGetValue(session.Id, out var sessionSwitch))
            {
                sessionSwitch = new SessionSwitch(next, options.Value, _slate, StartSlate, time, logger);
                _switches.Add(session.Id, sessionSwitch);
                _newest[session.Channel] = sessionSwitch;
            }

            sessionSwitch.Users++;
            return sessionSwitch;
        }
    }

    private void Release(BroadcastSession session, SessionSwitch sessionSwitch)
    {
        lock (_lock)
        {
            if (--sessionSwitch.Users > 0)
            {
                return;
            }

            _switches.Remove(session.Id);
            if (_newest.TryGetValue(session.Channel, out var newest) && newest == sessionSwitch)
            {
                _newest.Remove(session.Channel);
            }
        }
    }
}
