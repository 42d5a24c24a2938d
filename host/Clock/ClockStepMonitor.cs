using Broadcast.Control.Servers;
using Broadcast.Media;
using Broadcast.Origin.Live;

namespace Broadcast.Host.Clock;

/// <summary>
/// Monitors the clock that media follow: the database's, which all servers have in common, or the system clock until that is measured. At
/// startup, and without live sessions, it follows a step at once; otherwise it logs the step and waits until the sessions end.
/// </summary>
internal sealed partial class ClockStepMonitor : BackgroundService
{
    /// <summary>Interval between checks.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Smaller differences are not steps: two clocks are never read at the same instant.</summary>
    private static readonly TimeSpan Noise = TimeSpan.FromMilliseconds(250);

    /// <summary>Difference from the database's clock that an operator should know about.</summary>
    private static readonly TimeSpan MaxDifference = TimeSpan.FromSeconds(1);

    private readonly MonotonicTimeProvider _time;
    private readonly Func<bool> _isLive;
    private readonly DatabaseClock _database;
    private readonly ILogger<ClockStepMonitor> _logger;
    private readonly Lock _lock = new();
    private TimeSpan _reported;
    private bool _isDifferent;

    /// <summary>Creates the monitor for the server.</summary>
    public ClockStepMonitor(MonotonicTimeProvider time, DatabaseClock database, IHostApplicationLifetime lifetime,
        ILogger<ClockStepMonitor> logger, LiveDirectory? directory = null)
        : this(time, database, logger, () => lifetime.ApplicationStarted.IsCancellationRequested
            && (directory?.All().Any(status => status.State is not (ChannelState.Offline or ChannelState.Ended)) ?? false))
    {
        Telemetry.Meter.CreateObservableGauge("broadcast_clock_offset_seconds", () => Offset.TotalSeconds, "s",
            "Offset of the clock that media follow from the media clock. Normally 0.");
        Telemetry.Meter.CreateObservableGauge("broadcast_database_clock_offset_seconds", () => database.Offset.TotalSeconds, "s",
            "Offset of the database's clock from the system clock.");
    }

    /// <summary>Creates the monitor for tests.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="database">The database's clock.</param>
    /// <param name="logger">The log.</param>
    /// <param name="isLive">Whether a session is live.</param>
    internal ClockStepMonitor(MonotonicTimeProvider time, DatabaseClock database, ILogger<ClockStepMonitor> logger, Func<bool> isLive)
    {
        (_time, _database, _logger, _isLive) = (time, database, logger, isLive);
        database.Measured += Check;
    }

    private TimeSpan Offset => _time.Offset + _database.Offset;

    /// <summary>Checks the clock once.</summary>
    public void Check()
    {
        lock (_lock)
        {
            CheckDifference();
            var offset = Offset;
            if (offset.Duration() < Noise)
            {
                _reported = TimeSpan.Zero;
            }
            else if (!_isLive())
            {
                _time.Follow(_database.Offset);
                _reported = TimeSpan.Zero;
                StepAdopted(_logger, offset.TotalSeconds);
            }
            else if ((offset - _reported).Duration() >= Noise)
            {
                _reported = offset;
                StepDelayed(_logger, offset.TotalSeconds);
            }
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _database.Measured -= Check;
        base.Dispose();
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

    private void CheckDifference()
    {
        var difference = _database.Offset;
        if (_isDifferent != (difference.Duration() >= MaxDifference))
        {
            _isDifferent = !_isDifferent;
            if (_isDifferent)
            {
                ClocksDiffer(_logger, difference.TotalSeconds);
            }
        }
    }

    [LoggerMessage(7030, LogLevel.Warning, "The clock stepped by {Seconds:+0.0;-0.0} s; media follow it because no session is live")]
    private static partial void StepAdopted(ILogger logger, double seconds);

    [LoggerMessage(7031, LogLevel.Warning,
        "The clock stepped by {Seconds:+0.0;-0.0} s; live sessions keep the old time until all of them have ended")]
    private static partial void StepDelayed(ILogger logger, double seconds);

    [LoggerMessage(7032, LogLevel.Warning,
        "The clock of the database differs from the system clock by {Seconds:+0.0;-0.0} s. Media follow the clock of the database; events "
        + "and tokens follow the system clock. Synchronize the clocks of all machines, for example with NTP")]
    private static partial void ClocksDiffer(ILogger logger, double seconds);
}
