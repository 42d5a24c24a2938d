using Broadcast.Media;
using Broadcast.Origin;

namespace Broadcast.Host.Clock;

/// <summary>Sees steps of the system's clock: follows them at once while nothing is on air, and tells of them, and waits for the end of what is, otherwise.</summary>
internal sealed partial class ClockWatch : BackgroundService
{
    /// <summary>How often it looks.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>What is no step: two clocks are never read in the same instant.</summary>
    private static readonly TimeSpan Noise = TimeSpan.FromMilliseconds(250);

    private readonly SteadyTime _time;
    private readonly Func<bool> _isOnAir;
    private readonly ILogger<ClockWatch> _logger;
    private TimeSpan _told;

    /// <summary>For the server.</summary>
    public ClockWatch(SteadyTime time, ILogger<ClockWatch> logger, LiveDirectory? directory = null)
        : this(time, logger, () => directory?.All().Any(status => status.State is not (ChannelState.Offline or ChannelState.Ended)) ?? false)
    {
        Telemetry.Meter.CreateObservableGauge("broadcast_clock_off_seconds", () => _time.Off.TotalSeconds, "s", "How far the system's clock is ahead of the one that media on air goes by.");
    }

    /// <summary>For tests.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    /// <param name="isOnAir">Whether some session goes on.</param>
    internal ClockWatch(SteadyTime time, ILogger<ClockWatch> logger, Func<bool> isOnAir)
    {
        (_time, _logger, _isOnAir) = (time, logger, isOnAir);
    }

    /// <summary>Looks once.</summary>
    public void Look()
    {
        var off = _time.Off;
        if (off.Duration() < Noise)
        {
            _told = TimeSpan.Zero;
            return;
        }

        if (!_isOnAir())
        {
            _time.Follow();
            _told = TimeSpan.Zero;
            Followed(_logger, off.TotalSeconds);
        }
        else if ((off - _told).Duration() >= Noise)
        {
            _told = off;
            Held(_logger, off.TotalSeconds);
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
                Look();
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The end.
        }
    }

    [LoggerMessage(7030, LogLevel.Warning, "The system's clock was set: by {Seconds:+0.0;-0.0} s. Nothing is on air, so it is followed.")]
    private static partial void Followed(ILogger logger, double seconds);

    [LoggerMessage(7031, LogLevel.Warning, "The system's clock was set: by {Seconds:+0.0;-0.0} s. What is on air goes on by the old time, so that viewers notice nothing; the new one is followed when all sessions are over.")]
    private static partial void Held(ILogger logger, double seconds);
}
