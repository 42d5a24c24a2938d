using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using Broadcast.Media;

namespace Broadcast.Host.Observability;

/// <summary>Gathers what the rooms count and tells it in the Prometheus text format (version 0.0.4).</summary>
internal sealed class MetricsText : IDisposable
{
    /// <summary>Series at most: a bound on what a wrong label could cost.</summary>
    private const int MaxSeries = 20_000;

    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<(string Name, string Labels), Series> _series = new();
    private readonly ConcurrentDictionary<string, Instrument> _instruments = new(StringComparer.Ordinal);

    public MetricsText()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == Telemetry.MeterName)
            {
                _instruments[instrument.Name] = instrument;
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((i, v, t, _) => Record(i, v, t));
        _listener.SetMeasurementEventCallback<int>((i, v, t, _) => Record(i, v, t));
        _listener.SetMeasurementEventCallback<double>((i, v, t, _) => Record(i, v, t));
        _listener.Start();
    }

    /// <summary>All series as text.</summary>
    public string Render()
    {
        foreach (var (key, series) in _series)
        {
            if (series.IsObserved)
            {
                _series.TryRemove(key, out _);
            }
        }

        _listener.RecordObservableInstruments();
        var text = new StringBuilder();
        foreach (var group in _series.OrderBy(s => s.Key.Name, StringComparer.Ordinal).ThenBy(s => s.Key.Labels, StringComparer.Ordinal).GroupBy(s => s.Key.Name, StringComparer.Ordinal))
        {
            var instrument = _instruments[group.Key];
            var histogram = instrument.GetType().Name.StartsWith("Histogram", StringComparison.Ordinal);
            var counter = instrument.GetType().Name is ['C', 'o', 'u', 'n', 't', 'e', 'r', ..] or ['O', 'b', 's', 'e', 'r', 'v', 'a', 'b', 'l', 'e', 'C', ..];
            var name = counter && !group.Key.EndsWith("_total", StringComparison.Ordinal) ? group.Key + "_total" : group.Key;
            text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {instrument.Description}\n# TYPE {name} {(histogram ? "summary" : counter ? "counter" : "gauge")}\n");
            foreach (var ((_, labels), series) in group)
            {
                if (histogram)
                {
                    text.Append(CultureInfo.InvariantCulture, $"{name}_sum{labels} {series.Sum}\n{name}_count{labels} {series.Count}\n");
                }
                else
                {
                    text.Append(CultureInfo.InvariantCulture, $"{name}{labels} {series.Sum}\n");
                }
            }
        }

        return text.ToString();
    }

    public void Dispose() => _listener.Dispose();

    private void Record(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var key = (instrument.Name, Labels(tags));
        if (!_series.TryGetValue(key, out var series))
        {
            if (_series.Count >= MaxSeries)
            {
                return;
            }

            series = _series.GetOrAdd(key, _ => new Series(instrument.IsObservable));
        }

        series.Add(value, replace: instrument.IsObservable || instrument.GetType().Name.StartsWith("Gauge", StringComparison.Ordinal));
    }

    private static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.IsEmpty)
        {
            return "";
        }

        var text = new StringBuilder("{");
        foreach (var (name, value) in tags)
        {
            var escaped = Convert.ToString(value, CultureInfo.InvariantCulture)!.Replace("\\", "\\\\", StringComparison.Ordinal)
                .Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
            text.Append(text.Length > 1 ? "," : "").Append(name.Replace('.', '_')).Append("=\"").Append(escaped).Append('"');
        }

        return text.Append('}').ToString();
    }

    private sealed class Series(bool isObserved)
    {
        private readonly Lock _lock = new();

        public bool IsObserved { get; } = isObserved;

        public double Sum { get; private set; }

        public long Count { get; private set; }

        public void Add(double value, bool replace)
        {
            lock (_lock)
            {
                Sum = replace ? value : Sum + value;
                Count++;
            }
        }
    }
}
