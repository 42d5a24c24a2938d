using Broadcast.Host.Observability;
using Broadcast.Media;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Host.Tests;

public sealed class MetricsTextTests
{
    [Fact]
    public void Counters_are_summed_by_label_and_gauges_report_the_last_value()
    {
        using var metrics = new MetricsText();
        var counter = Telemetry.Meter.CreateCounter<long>("broadcast_test_things", "{thing}", "Things.");
        var value = 7;
        Telemetry.Meter.CreateObservableGauge("broadcast_test_level", () => value, "{thing}", "Level.");

        counter.Add(2, new KeyValuePair<string, object?>("reason", "a\"b"));
        counter.Add(3, new KeyValuePair<string, object?>("reason", "a\"b"));
        counter.Add(1, new KeyValuePair<string, object?>("reason", "c"));
        _ = metrics.Render();
        value = 9;
        var text = metrics.Render();

        text.ShouldContain("# TYPE broadcast_test_things_total counter");
        text.ShouldContain("broadcast_test_things_total{reason=\"a\\\"b\"} 5\n");
        text.ShouldContain("broadcast_test_things_total{reason=\"c\"} 1\n");
        text.ShouldContain("broadcast_test_level 9\n");
    }

    [Fact]
    public void Series_of_a_channel_are_dropped_an_hour_after_its_last_measurement()
    {
        var time = new ManualTimeProvider();
        using var metrics = new MetricsText(time);
        var counter = Telemetry.Meter.CreateCounter<long>("broadcast_test_visits", "{thing}", "Visits.");
        var gaps = Telemetry.Meter.CreateCounter<long>("broadcast_test_holes", "{thing}", "Holes.");
        gaps.Add(1, new KeyValuePair<string, object?>("channel", "on"));
        counter.Add(1, new KeyValuePair<string, object?>("channel", "off"), new("rendition", "source"));
        counter.Add(1, new KeyValuePair<string, object?>("reason", "a"));
        for (var minute = 0; minute < 60; minute += 10)
        {
            counter.Add(1, new KeyValuePair<string, object?>("channel", "on"));
            metrics.Render().ShouldContain("broadcast_test_visits_total{channel=\"off\",rendition=\"source\"} 1\n");
            time.Advance(TimeSpan.FromMinutes(10));
        }

        var text = metrics.Render();
        text.ShouldNotContain("channel=\"off\"");
        text.ShouldContain("broadcast_test_visits_total{channel=\"on\"} 6\n");
        text.ShouldContain("broadcast_test_holes_total{channel=\"on\"} 1\n", Case.Sensitive, "the channel is still measured");
        text.ShouldContain("broadcast_test_visits_total{reason=\"a\"} 1\n", Case.Sensitive, "it belongs to no channel");
        counter.Add(1, new KeyValuePair<string, object?>("channel", "off"));
        metrics.Render().ShouldContain("broadcast_test_visits_total{channel=\"off\"} 1\n");
    }

    [Fact]
    public void Too_many_series_are_refused_and_counted_and_never_displace_gauges_or_series_without_labels()
    {
        var time = new ManualTimeProvider();
        using var metrics = new MetricsText(time, maxSeries: 10);
        var counter = Telemetry.Meter.CreateCounter<long>("broadcast_test_crowd", "{thing}", "Crowd.");
        var plain = Telemetry.Meter.CreateCounter<long>("broadcast_test_plain", "{thing}", "Plain.");
        Telemetry.Meter.CreateObservableGauge("broadcast_test_room", () => 5, "{thing}", "Room.");
        Telemetry.Meter.CreateObservableGauge("broadcast_test_disk", () => new System.Diagnostics.Metrics.Measurement<int>(
            3, new KeyValuePair<string, object?>("store", "a")), "{thing}", "Disk.");
        for (var i = 0; i < 40; i++)
        {
            counter.Add(1, new KeyValuePair<string, object?>("channel", $"c{i}"));
        }

        plain.Add(1);
        for (var scrape = 0; scrape < 3; scrape++)
        {
            var text = metrics.Render();
            text.Split("broadcast_test_crowd_total{").Length.ShouldBeLessThanOrEqualTo(11);
            text.ShouldContain("broadcast_test_plain_total 1\n");
            text.ShouldContain("broadcast_test_room 5\n");
            text.ShouldContain("broadcast_test_disk{store=\"a\"} 3\n");
            var refused = text.Split("\nbroadcast_metrics_refused_total ")[1].Split('\n')[0];
            long.Parse(refused, System.Globalization.CultureInfo.InvariantCulture).ShouldBeGreaterThanOrEqualTo(30);
        }

        time.Advance(TimeSpan.FromHours(1));
        _ = metrics.Render();
        counter.Add(1, new KeyValuePair<string, object?>("channel", "late"));
        metrics.Render().ShouldContain("broadcast_test_crowd_total{channel=\"late\"} 1\n", Case.Sensitive, "room again");
    }

    [Fact]
    public void Histogram_buckets_are_cumulative()
    {
        using var metrics = new MetricsText();
        var histogram = Telemetry.Meter.CreateHistogram(
            "broadcast_test_wait_seconds", "s", "Waits.",
            advice: new System.Diagnostics.Metrics.InstrumentAdvice<double> { HistogramBucketBoundaries = [0.5, 1, 2.5] });
        foreach (var value in new[] { 0.1, 0.5, 0.6, 2, 9 })
        {
            histogram.Record(value, new KeyValuePair<string, object?>("channel", "a"));
        }

        var text = metrics.Render();
        text.ShouldContain("""
            # HELP broadcast_test_wait_seconds Waits.
            # TYPE broadcast_test_wait_seconds histogram
            broadcast_test_wait_seconds_bucket{channel="a",le="0.5"} 2
            broadcast_test_wait_seconds_bucket{channel="a",le="1"} 3
            broadcast_test_wait_seconds_bucket{channel="a",le="2.5"} 4
            broadcast_test_wait_seconds_bucket{channel="a",le="+Inf"} 5
            broadcast_test_wait_seconds_sum{channel="a"} 12.2
            broadcast_test_wait_seconds_count{channel="a"} 5

            """);
    }

    [Fact]
    public void OpenMetrics_output_has_family_names_units_bucket_bounds_and_an_end_marker()
    {
        MetricFamily[] families =
        [
            new("broadcast_things", MetricKind.Counter, "{thing}", "Things \"and\" \\ more.\nThat is all.",
                [new([new("reason", "a\nb")], 5, 0, [])]),
            new("broadcast_wait_seconds", MetricKind.Histogram, "s", "Waits.", [new([], 3.5, 2, [new(1, 1), new(2.5, 2)])]),
            new("broadcast_level", MetricKind.Gauge, "By", "Level.", [new([], double.PositiveInfinity, 0, [])]),
        ];

        MetricsWriter.Write(families, MetricsFormat.OpenMetrics).ShouldBe("""
            # HELP broadcast_things Things \"and\" \\ more.\nThat is all.
            # TYPE broadcast_things counter
            broadcast_things_total{reason="a\nb"} 5
            # HELP broadcast_wait_seconds Waits.
            # TYPE broadcast_wait_seconds histogram
            # UNIT broadcast_wait_seconds seconds
            broadcast_wait_seconds_bucket{le="1.0"} 1
            broadcast_wait_seconds_bucket{le="2.5"} 2
            broadcast_wait_seconds_bucket{le="+Inf"} 2
            broadcast_wait_seconds_sum 3.5
            broadcast_wait_seconds_count 2
            # HELP broadcast_level Level.
            # TYPE broadcast_level gauge
            broadcast_level +Inf
            # EOF

            """);
        MetricsWriter.Write(families[..1], MetricsFormat.Prometheus).ShouldBe("""
            # HELP broadcast_things_total Things "and" \\ more.\nThat is all.
            # TYPE broadcast_things_total counter
            broadcast_things_total{reason="a\nb"} 5

            """);
    }

    [Theory]
    [InlineData(null, MetricsFormat.Prometheus)]
    [InlineData("", MetricsFormat.Prometheus)]
    [InlineData("*/*", MetricsFormat.Prometheus)]
    [InlineData("text/html,application/xhtml+xml,*/*;q=0.8", MetricsFormat.Prometheus)]
    [InlineData("application/openmetrics-text; version=1.0.0; charset=utf-8", MetricsFormat.OpenMetrics)]
    [InlineData(
        "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2", MetricsFormat.OpenMetrics)]
    [InlineData("application/openmetrics-text;version=2.0.0,text/plain;q=0.3", MetricsFormat.Prometheus)]
    [InlineData("application/openmetrics-text;q=0.2,text/plain;q=0.3", MetricsFormat.Prometheus)]
    [InlineData("APPLICATION/OpenMetrics-Text", MetricsFormat.OpenMetrics)]
    [InlineData("application/openmetrics-text;q=0", MetricsFormat.Prometheus)]
    [InlineData(";;;,,,q=,application/openmetrics-text;q=x", MetricsFormat.OpenMetrics)]
    internal void Who_asks_for_OpenMetrics_gets_it(string? accept, MetricsFormat expected) =>
    MetricsWriter.Preferred([accept]).ShouldBe(expected);

    [Fact]
    public void Labels_containing_separators_stay_distinct_series()
    {
        using var metrics = new MetricsText();
        var counter = Telemetry.Meter.CreateCounter<long>("broadcast_test_alike");
        counter.Add(1, new KeyValuePair<string, object?>("a", "x\u0001b\u0001y"));
        counter.Add(2, new("a", "x"), new("b", "y"));
        counter.Add(4, new KeyValuePair<string, object?>("a", null));
        metrics.Read().Single(family => family.Name == "broadcast_test_alike").Points.Select(point => (point.Labels.Count, point.Value))
            .Order().ShouldBe([(1, 1), (1, 4), (2, 2)]);
    }

    [Fact]
    public void Process_metrics_report_resource_usage()
    {
        using var metrics = new MetricsText();
        ProcessMetrics.Add();
        ProcessMetrics.Add();
        var families = metrics.Read().ToDictionary(family => family.Name);
        families["broadcast_build_info"].Points.ShouldHaveSingleItem().Labels.ShouldHaveSingleItem().Key.ShouldBe("version");
        families["process_cpu_seconds"].Kind.ShouldBe(MetricKind.Counter);
        families["process_open_fds"].Points.ShouldHaveSingleItem()
            .Value.ShouldBeInRange(3, families["process_max_fds"].Points.ShouldHaveSingleItem().Value);
        families["process_resident_memory_bytes"].Points.ShouldHaveSingleItem()
            .Value.ShouldBeGreaterThan(families["dotnet_gc_heap_bytes"].Points.ShouldHaveSingleItem().Value);
        DateTimeOffset.FromUnixTimeSeconds((long)families["process_start_time_seconds"].Points.ShouldHaveSingleItem().Value)
            .ShouldBeInRange(TimeProvider.System.GetUtcNow().AddHours(-2), TimeProvider.System.GetUtcNow());
    }
}
