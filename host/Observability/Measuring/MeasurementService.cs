using System.Collections.Concurrent;
using Broadcast.Media;
using Broadcast.Media.HostToControl;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.OriginToControl;
using Broadcast.Origin.Live;
using Broadcast.Transcoder.Encoders;

namespace Broadcast.Host.Observability.Measuring;

/// <summary>
/// Measures live channels every <see cref="MeasurementInterval"/> and retains the values for <see cref="Retention"/>, and their averages
/// over <see cref="AverageInterval"/> for <see cref="AverageRetention"/>. All are in memory only, so they are lost on a restart. Measures
/// at most <see cref="MaxChannels"/> channels.
/// </summary>
internal sealed partial class MeasurementService(LiveDirectory directory, ISourceHealth health, IChannelEncodings encodings,
    DelayMeter delays, TimeProvider time, ILogger<MeasurementService> logger, IViewerTotals? sizes = null)
    : BackgroundService, IChannelMeasurements
{
    /// <summary>Measurement interval.</summary>
    public static readonly TimeSpan MeasurementInterval = TimeSpan.FromSeconds(5);

    /// <summary>Retention time of measurements.</summary>
    public static readonly TimeSpan Retention = TimeSpan.FromHours(1);

    /// <summary>Period of an average.</summary>
    public static readonly TimeSpan AverageInterval = TimeSpan.FromMinutes(2);

    /// <summary>Retention time of averages.</summary>
    public static readonly TimeSpan AverageRetention = TimeSpan.FromHours(24);

    /// <summary>Maximum number of channels: about 60 MB if all are live for an hour, 120 MB if for a day.</summary>
    public const int MaxChannels = 500;

    private readonly ConcurrentDictionary<ChannelName, Channel> _channels = new();

    /// <inheritdoc/>
    public TimeSpan IntervalOf(MeasurementRange range) => range == MeasurementRange.Day ? AverageInterval : MeasurementInterval;

    /// <inheritdoc/>
    public IReadOnlyList<Measurement> Find(ChannelName channel, MeasurementRange range, DateTimeOffset after) =>
        _channels.GetValueOrDefault(channel)?.RingOf(range).After(after) ?? [];

    /// <summary>Measures all channels once.</summary>
    internal void MeasureAll()
    {
        var now = time.GetUtcNow();
        var maxDelays = delays.Take();
        foreach (var status in directory.All().Where(s => s.State is not (ChannelState.Offline or ChannelState.Ended)))
        {
            if (_channels.TryGetValue(status.Channel, out var channel)
                || (_channels.Count < MaxChannels && _channels.TryAdd(status.Channel, channel = new())))
            {
                channel.Add(Measure(now, status.Channel, channel, maxDelays));
            }
        }

        foreach (var (name, channel) in _channels)
        {
            if (!channel.RemoveExpired(now))
            {
                _channels.TryRemove(name, out _);
            }
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(MeasurementInterval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                TryMeasureAll();
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The server is stopping.
        }
    }

    /// <summary>Measures and logs failures: charts must not affect broadcasts.</summary>
    private void TryMeasureAll()
    {
        try
        {
            MeasureAll();
        }
        catch (Exception e)
        {
            Failed(logger, e);
        }
    }

    [LoggerMessage(7090, LogLevel.Error, "Channel measurement failed; charts will have a gap")]
    private static partial void Failed(ILogger logger, Exception exception);

    private Measurement Measure(DateTimeOffset now, ChannelName name, Channel channel, IReadOnlyDictionary<ChannelName, TimeSpan> maxDelays)
    {
        // Of two encoders, the one connected longest, unless it sends nothing.
        var sources = health.Find(name);
        var source = sources.FirstOrDefault(s => s.BitsPerSecond > 0) ?? (sources.Count > 0 ? sources[0] : null);
        var encoding = encodings.Find(name);
        return new(now)
        {
            BitsPerSecond = source?.BitsPerSecond,
            FramesPerSecond = source?.Video?.FramesPerSecond,
            KeyframeInterval = source?.Video?.KeyframeInterval,
            AvSkew = source is { Video: not null, Audio: not null } ? source.AvSkew : null,
            EncodingSpeed = channel.Pace.Measure(now, encoding),
            EncodingLag = encoding is { Encoder: not null } ? encoding.Lag : null,
            Viewers = sizes?.Find(name).Viewers,
            Latency = maxDelays.TryGetValue(name, out var delay) ? delay : null,
        };
    }

    private sealed class Channel
    {
        private readonly MeasurementRing _all = new(Retention, (int)(Retention / MeasurementInterval) + 1);
        private readonly MeasurementRing _averages = new(AverageRetention, (int)(AverageRetention / AverageInterval) + 1);
        private readonly MeasurementAverage _average = new(AverageInterval);

        public EncodingPace Pace { get; } = new();

        public MeasurementRing RingOf(MeasurementRange range) => range == MeasurementRange.Day ? _averages : _all;

        public void Add(Measurement measurement)
        {
            if (_average.Add(measurement) is { } complete)
            {
                _averages.Add(complete);
            }

            _all.Add(measurement);
        }

        /// <summary>Removes expired measurements, and completes the last average of a channel that has gone offline.</summary>
        /// <returns>Whether any measurement remains.</returns>
        public bool RemoveExpired(DateTimeOffset now)
        {
            if (_average.Complete(now) is { } complete)
            {
                _averages.Add(complete);
            }

            // Both remove what has expired.
            return _all.RemoveExpired(now) | _averages.RemoveExpired(now);
        }
    }
}
