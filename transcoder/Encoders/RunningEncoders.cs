using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Broadcast.Media;

namespace Broadcast.Transcoder.Encoders;

/// <summary>The rung encoders at work, by channel: what status pages and metrics ask.</summary>
internal sealed class RunningEncoders : IChannelEncodings
{
    private readonly ConcurrentDictionary<ChannelName, RungEncoder> _encoders = new();

    public RunningEncoders()
    {
        Telemetry.Meter.CreateObservableGauge("broadcast_encoding_step", () => Observe(s => s.Step), "{step}", "What encoding has given up: 0 is nothing.");
        Telemetry.Meter.CreateObservableGauge("broadcast_encoding_behind_seconds", () => Observe(s => s.Behind.TotalSeconds), "s", "How far the slowest rung is behind the source.");
        Telemetry.Meter.CreateObservableGauge("broadcast_encoding_rungs", () => Observe(s => s.Rungs.Count), "{rung}", "Rungs that are encoded.");
    }

    /// <inheritdoc/>
    public EncodingState? Find(ChannelName channel) => _encoders.TryGetValue(channel, out var encoder) ? encoder.State : null;

    /// <summary>A channel's newest.</summary>
    public void Enter(ChannelName channel, RungEncoder encoder) => _encoders[channel] = encoder;

    /// <summary>It is over, unless another has taken its place.</summary>
    public void Leave(ChannelName channel, RungEncoder encoder) => _encoders.TryRemove(KeyValuePair.Create(channel, encoder));

    private List<Measurement<double>> Observe(Func<EncodingState, double> figure) =>
        [.. _encoders.Select(e => (e.Key, e.Value.State)).Where(e => e.State is not null).Select(e => new Measurement<double>(figure(e.State!), new KeyValuePair<string, object?>("stream", e.Key.Value)))];
}
