using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Broadcast.Media;

namespace Broadcast.Ingest.Tests.Hostile;

/// <summary>Metrics counted since the creation of this object, by instrument and label, including those of parallel tests.</summary>
internal sealed class MetricCounts : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<string, long> _sums = new(StringComparer.Ordinal);

    public MetricCounts()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter == Telemetry.Meter)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            var label = tags.Length == 0 ? "" : $" {tags[0].Value}";
            _sums.AddOrUpdate(instrument.Name + label, value, (_, sum) => sum + value);
        });
        _listener.Start();
    }

    /// <summary>Sum of a series, such as <c>broadcast_ingest_rejections not_rtmp</c>.</summary>
    public long this[string name] => _sums.GetValueOrDefault(name);

    public void Dispose() => _listener.Dispose();
}
