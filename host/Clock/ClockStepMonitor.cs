using Broadcast.Media;
using Broadcast.Origin.Live;

namespace Broadcast.Host.Clock;

/// <summary>
/// Monitors the system clock for steps. Without live sessions it follows a step at once; otherwise it logs the step and waits until the
/// sessions end.
/// </summary>
internal sealed partial class ClockStepMonitor : BackgroundService
{
    /// <summary>Interval between checks.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Smaller differences are not steps: two clocks are never read at the same instant.</summary>
    private static readonly TimeSpan Noise = TimeSpan.FromMilliseconds(250);

    private readonly MonotonicTimeProvider _time;
    private readonly Func<bool> _isLive;
    private readonly ILogger<ClockStepMonitor> _logger;
    private TimeSpan _reported;

    /// <summary>Creates the monitor for the server.</summary>
    public ClockStepMonitor(MonotonicTimeProvider time, ILogger<ClockStepMonitor> logger, LiveDirectory? directory = null)
        : this(time, logger, () => directory?.All().Any(status => status.State is not (ChannelState.Offline or ChannelState.Ended))
            ?? false)
    {
        Telemetry.Meter.CreateObservableGauge("broadcast_clock_offset_seconds", () => _time.Offset.TotalSeconds, "s",
            "Offset of the system clock from the media clock. Normally 0.");
    }

    /// <summary>Creates the monitor for tests.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    /// <param name="isLive">Whether a session is live.</param>
    internal ClockStepMonitor(MonotonicTimeProvider time, ILogger<ClockStepMonitor> logger, Func<bool> isLive)
    {
        (_time, _logger, _isLive) = (time, logger, isLive);
    }

    /// <summary>Checks the clock once.</summary>
    public void Check()
    {
        var offset = _time.Offset;
        if (offset.Duration() < Noise)
        {
            _reported = TimeSpan.Zero;
            return;
        }

        if (!_isLive())
        {
            _time.Follow();
            _reported = TimeSpan.Zero;
            StepAdopted(_logger, offset.TotalSeconds);
        }
        else if ((offset - _reported).Duration() >= Noise)
        {
            _reported = offset;
            StepDelayed(_logger, offset.TotalSeconds);
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                Check();
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Normal shutdown.
        }
    }

    [LoggerMessage(7030, LogLevel.Warning, "System clock stepped by {Seconds:+0.0;-0.0} s; following it because no session is live")]
    private static partial void StepAdopted(ILogger logger, double seconds);

    [LoggerMessage(7031, LogLevel.Warning,
        "System clock stepped by {Seconds:+0.0;-0.0} s; live sessions keep the old time until all of them have ended")]
    private static partial void StepDelayed(ILogger logger, double seconds);
}
