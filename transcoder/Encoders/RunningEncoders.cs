using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Broadcast.Media;

namespace Broadcast.Transcoder.Encoders;

/// <summary>Running rung encoders by channel, for status pages and metrics.</summary>
internal sealed class RunningEncoders : IChannelEncodings
{
    private readonly ConcurrentDictionary<ChannelName, RungEncoder> _encoders = new();

    public RunningEncoders()
    {
        Telemetry.Meter.CreateObservableGauge("broadcast_encoding_degradation_level", () => Observe(s => s.DegradationLevel), "{level}",
            "Degradation level of encoding; 0 is full quality.");
        Telemetry.Meter.CreateObservableGauge("broadcast_encoding_lag_seconds", () => Observe(s => s.Lag.TotalSeconds), "s",
            "Lag of the slowest rung behind the source.");
        Telemetry.Meter.CreateObservableGauge("broadcast_encoding_rungs", () => Observe(s => s.Rungs.Count), "{rung}",
            "Rungs being encoded.");
    }

    /// <inheritdoc/>
    public EncodingState? Find(ChannelName channel) => _encoders.TryGetValue(channel, out var encoder) ? encoder.State : null;

    /// <summary>Registers a channel's newest encoder.</summary>
    public void Add(ChannelName channel, RungEncoder encoder) => _encoders[channel] = encoder;

    /// <summary>Removes an encoder, unless a newer one replaced it.</summary>
    public void Remove(ChannelName channel, RungEncoder encoder) => _encoders.TryRemove(KeyValuePair.Create(channel, encoder));

    private List<Measurement<double>> Observe(Func<EncodingState, double> value) =>
        [.. _encoders.Select(e => (e.Key, e.Value.State)).Where(e => e.State is not null)
            .Select(e => new Measurement<double>(value(e.State!), new KeyValuePair<string, object?>("channel", e.Key.Value)))];
}
