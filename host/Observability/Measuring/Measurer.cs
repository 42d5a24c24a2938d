using System.Collections.Concurrent;
using Broadcast.Media;
using Broadcast.Origin;
using Broadcast.Transcoder.Encoders;

namespace Broadcast.Host.Observability.Measuring;

/// <summary>
/// Measures channels that are on air every <see cref="Every"/> and keeps that for <see cref="Kept"/>, in memory: a server that starts anew knows nothing of before. At most <see cref="MostChannels"/> are measured; of more, those whose
/// names come last are not.
/// </summary>
internal sealed partial class Measurer(LiveDirectory directory, ISourceHealth health, IChannelEncodings encodings, DelayMeter delays, TimeProvider time, ILogger<Measurer> logger, IAudienceSizes? sizes = null)
    : BackgroundService, IChannelMeasurements
{
    /// <summary>From one measurement to the next.</summary>
    public static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    /// <summary>How long one is kept.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromHours(1);

    /// <summary>Most channels: some 60 MB where all are on air for an hour.</summary>
    public const int MostChannels = 500;

    private readonly ConcurrentDictionary<ChannelName, Channel> _channels = new();

    /// <inheritdoc/>
    public TimeSpan Interval => Every;

    /// <inheritdoc/>
    public IReadOnlyList<Measurement> Find(ChannelName channel, DateTimeOffset after) => _channels.GetValueOrDefault(channel)?.Ring.After(after) ?? [];

    /// <summary>Measures once.</summary>
    internal void Look()
    {
        var now = time.GetUtcNow();
        var longest = delays.Take();
        foreach (var status in directory.All().Where(s => s.State is not (ChannelState.Offline or ChannelState.Ended)))
        {
            if (_channels.TryGetValue(status.Channel, out var channel) || (_channels.Count < MostChannels && _channels.TryAdd(status.Channel, channel = new())))
            {
                channel.Ring.Add(Measure(now, status.Channel, channel, longest));
            }
        }

        foreach (var (name, channel) in _channels)
        {
            if (!channel.Ring.Keeps(now))
            {
                _channels.TryRemove(name, out _);
            }
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                LookSafely();
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The server stops.
        }
    }

    /// <summary>Charts are not worth a broadcast: whatever goes wrong is told, and the next look is another one.</summary>
    private void LookSafely()
    {
        try
        {
            Look();
        }
        catch (Exception e)
        {
            Failed(logger, e);
        }
    }

    [LoggerMessage(7090, LogLevel.Error, "Channels could not be measured; charts have a gap")]
    private static partial void Failed(ILogger logger, Exception exception);

    private Measurement Measure(DateTimeOffset now, ChannelName name, Channel channel, IReadOnlyDictionary<ChannelName, TimeSpan> longest)
    {
        // Of two encoders the one that has been there longest, unless nothing comes from it.
        var sources = health.Find(name);
        var source = sources.FirstOrDefault(s => s.BitsPerSecond > 0) ?? (sources.Count > 0 ? sources[0] : null);
        var encoding = encodings.Find(name);
        return new(now)
        {
            BitsPerSecond = source?.BitsPerSecond,
            FramesPerSecond = source?.Video?.FramesPerSecond,
            KeyframeInterval = source?.Video?.KeyframeInterval,
            Skew = source is { Video: not null, Audio: not null } ? source.Skew : null,
            EncodingSpeed = channel.Pace.Look(now, encoding),
            EncodingBehind = encoding is { Encoder: not null } ? encoding.Behind : null,
            Viewers = sizes?.Find(name).Viewers,
            Delay = longest.TryGetValue(name, out var delay) ? delay : null,
        };
    }

    private sealed class Channel
    {
        public MeasurementRing Ring { get; } = new(Kept, (int)(Kept / Every) + 1);

        public EncodingPace Pace { get; } = new();
    }
}
