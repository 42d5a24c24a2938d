using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Broadcast.Media;

namespace Broadcast.Host.Observability;

/// <summary>
/// Collects the metrics of all modules and renders them for scraping. The number of series with labels is limited, which bounds the cost of
/// a wrong label. Series without labels always have room, as have as many observed ones, which are collected anew each time.
/// </summary>
internal sealed class MetricsText : IDisposable
{
    /// <summary>Default maximum number of series with labels.</summary>
    private const int MaxSeries = 20_000;

    /// <summary>Label with the name of a channel.</summary>
    private const string ChannelLabel = "channel";

    /// <summary>Time after the last measurement of a channel until its series are dropped.</summary>
    private static readonly TimeSpan ChannelLifetime = TimeSpan.FromHours(1);

    // Without labels, so that it cannot be refused itself.
    private static readonly Counter<long> Refused = Telemetry.Meter.CreateCounter<long>("broadcast_metrics_refused", "{measurement}",
        "Measurements that were not counted because there are too many series. Normally 0.");

    /// <summary>Default histogram bounds in seconds, from a fast request to a slow upload.</summary>
    private static readonly double[] DefaultBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<(string Name, string Labels), Series> _series = new();
    private readonly ConcurrentDictionary<string, Instrument> _instruments = new(StringComparer.Ordinal);
    private readonly Lock _reading = new();
    private readonly Dictionary<string, long> _channels = new(StringComparer.Ordinal);
    private readonly TimeProvider _time;
    private readonly int _maxSeries;
    private int _count;
    private int _observedCount;

    /// <param name="time">The time provider.</param>
    /// <param name="maxSeries">Maximum number of series with labels.</param>
    public MetricsText(TimeProvider? time = null, int maxSeries = MaxSeries)
    {
        (_time, _maxSeries) = (time ?? TimeProvider.System, maxSeries);
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

    /// <summary>Renders all series as text.</summary>
    public string Render(MetricsFormat format = MetricsFormat.Prometheus) => MetricsWriter.Write(Read(), format);

    /// <summary>All current series, ordered by name and labels.</summary>
    public IReadOnlyList<MetricFamily> Read()
    {
        lock (_reading)
        {
            RemoveOld();
        }

        _listener.RecordObservableInstruments();
        return
        [
            .. _series.OrderBy(s => s.Key.Name, StringComparer.Ordinal).ThenBy(s => s.Key.Labels, StringComparer.Ordinal)
                .GroupBy(s => s.Key.Name, StringComparer.Ordinal)
                .Select(group => Family(_instruments[group.Key], [.. group.Select(s => s.Value.Read())])),
        ];
    }

    public void Dispose() => _listener.Dispose();

    /// <summary>
    /// Removes the series of the last observation, and all series of channels without measurements for an hour. Such a series starts at 0
    /// again when its channel returns.
    /// </summary>
    private void RemoveOld()
    {
        var now = _time.GetTimestamp();
        foreach (var (key, series) in _series)
        {
            if (series.IsObserved)
            {
                Remove(key, series);
            }
            else if (series.Channel is { } channel && (series.TryTakeChange() || !_channels.ContainsKey(channel)))
            {
                _channels[channel] = now;
            }
        }

        var gone = _channels.Where(channel => _time.GetElapsedTime(channel.Value, now) >= ChannelLifetime).Select(channel => channel.Key)
            .ToHashSet(StringComparer.Ordinal);
        if (gone.Count == 0)
        {
            return;
        }

        foreach (var (key, series) in _series)
        {
            if (series.Channel is { } channel && gone.Contains(channel))
            {
                Remove(key, series);
            }
        }

        foreach (var channel in gone)
        {
            _channels.Remove(channel);
        }
    }

    private void Remove((string Name, string Labels) key, Series series)
    {
        if (_series.TryRemove(KeyValuePair.Create(key, series)) && series.IsLabeled)
        {
            Interlocked.Decrement(ref series.IsObserved ? ref _observedCount : ref _count);
        }
    }

    private static MetricFamily Family(Instrument instrument, IReadOnlyList<MetricPoint> points)
    {
        var kind = KindOf(instrument);
        var name = kind == MetricKind.Counter && instrument.Name.EndsWith("_total", StringComparison.Ordinal)
            ? instrument.Name[..^"_total".Length] : instrument.Name;
        return new MetricFamily(name, kind, instrument.Unit ?? "", instrument.Description ?? "", points);
    }

    private static MetricKind KindOf(Instrument instrument)
    {
        var type = instrument.GetType().Name;
        return type.StartsWith("Histogram", StringComparison.Ordinal) ? MetricKind.Histogram
            : type.StartsWith("Counter", StringComparison.Ordinal)
            || type.StartsWith("ObservableCounter", StringComparison.Ordinal) ? MetricKind.Counter
            : MetricKind.Gauge;
    }

    private static IReadOnlyList<double> BoundsOf(Instrument instrument) => instrument switch
    {
        Histogram<double> { Advice.HistogramBucketBoundaries: { } bounds } => bounds,
        Histogram<long> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds.Select(bound => (double)bound)],
        Histogram<int> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds.Select(bound => (double)bound)],
        _ => DefaultBounds,
    };

    private void Record(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var key = (instrument.Name, KeyOf(tags));
        if (!_series.TryGetValue(key, out var series) && (series = Admit(instrument, key, tags)) is null)
        {
            Refused.Add(1);
            return;
        }

        series.Add(value);
    }

    /// <summary>Adds a series; <see langword="null"/> if there are too many.</summary>
    private Series? Admit(Instrument instrument, (string Name, string Labels) key, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var series = new Series(
            Labels(tags), instrument.IsObservable, instrument.IsObservable
            || instrument.GetType().Name.StartsWith("Gauge", StringComparison.Ordinal),
            KindOf(instrument) == MetricKind.Histogram ? BoundsOf(instrument) : []);
        ref var count = ref series.IsObserved ? ref _observedCount : ref _count;
        if (series.IsLabeled && Interlocked.Increment(ref count) > _maxSeries)
        {
            Interlocked.Decrement(ref count);
            return null;
        }

        var added = _series.GetOrAdd(key, series);
        if (added != series && series.IsLabeled)
        {
            Interlocked.Decrement(ref count);
        }

        return added;
    }

    private static string KeyOf(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.IsEmpty)
        {
            return "";
        }

        // Each value is prefixed with its length, so that different labels never share a key.
        var key = new DefaultInterpolatedStringHandler(0, 0, CultureInfo.InvariantCulture, stackalloc char[256]);
        foreach (var (name, value) in tags)
        {
            var text = Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
            key.AppendLiteral(name);
            key.AppendLiteral("=");
            key.AppendFormatted(text.Length);
            key.AppendLiteral(":");
            key.AppendLiteral(text);
        }

        return key.ToStringAndClear();
    }

    private static KeyValuePair<string, string>[] Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = new KeyValuePair<string, string>[tags.Length];
        for (var i = 0; i < tags.Length; i++)
        {
            labels[i] = new(tags[i].Key.Replace('.', '_'), Convert.ToString(tags[i].Value, CultureInfo.InvariantCulture) ?? "");
        }

        return labels;
    }

    private sealed class Series(KeyValuePair<string, string>[] labels, bool isObserved, bool isLevel, IReadOnlyList<double> bounds)
    {
        private readonly Lock _lock = new();
        private readonly long[] _buckets = new long[bounds.Count];
        private double _value;
        private long _count;
        private bool _isChanged;

        public bool IsObserved { get; } = isObserved;

        public bool IsLabeled => labels.Length > 0;

        /// <summary>Name of the channel; <see langword="null"/> if it belongs to none.</summary>
        public string? Channel { get; } = Array.Find(labels, label => label.Key == ChannelLabel).Value;

        /// <summary>Returns whether there was a measurement since the last call.</summary>
        public bool TryTakeChange()
        {
            lock (_lock)
            {
                var isChanged = _isChanged;
                _isChanged = false;
                return isChanged;
            }
        }

        public void Add(double value)
        {
            lock (_lock)
            {
                _value = isLevel ? value : _value + value;
                _count++;
                _isChanged = true;
                for (var i = 0; i < _buckets.Length; i++)
                {
                    if (value <= bounds[i])
                    {
                        _buckets[i]++;
                        break;
                    }
                }
            }
        }

        public MetricPoint Read()
        {
            lock (_lock)
            {
                var (buckets, below) = (new MetricBucket[_buckets.Length], 0L);
                for (var i = 0; i < buckets.Length; i++)
                {
                    buckets[i] = new(bounds[i], below += _buckets[i]);
                }

                return new MetricPoint(labels, _value, bounds.Count > 0 ? _count : 0, buckets);
            }
        }
    }
}
