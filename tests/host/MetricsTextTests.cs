using Broadcast.Host.Observability;
using Broadcast.Media;
using Shouldly;
using Xunit;

namespace Broadcast.Host.Tests;

public class MetricsTextTests
{
    [Fact]
    public void Counters_add_up_by_label_and_gauges_tell_the_last_value()
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
}
