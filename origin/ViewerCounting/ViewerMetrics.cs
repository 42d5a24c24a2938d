using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Broadcast.Media;
using Microsoft.Extensions.Hosting;

namespace Broadcast.Origin.ViewerCounting;

/// <summary>Metric of the viewers of this process while it runs.</summary>
internal sealed class ViewerMetrics(ViewerCounts counts) : IHostedService
{
    private static readonly ConcurrentDictionary<ViewerCounts, bool> Counted = new();

    static ViewerMetrics() => Telemetry.Meter.CreateObservableGauge(
        "broadcast_viewers", Observe, "{viewer}",
        "Pages that play a channel and send beacons to this process, extrapolated from a sample where only a share sends them.");

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        Counted[counts] = true;
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        Counted.TryRemove(counts, out _);
        return Task.CompletedTask;
    }

    private static IEnumerable<Measurement<long>> Observe() => Counted.Keys.SelectMany(counts => counts.Read())
        .Select(sample => new Measurement<long>(sample.Viewers, new KeyValuePair<string, object?>("channel", sample.Channel.Value)));
}
