using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Broadcast.Testing;
using Xunit;

namespace Broadcast.Ingest.Tests;

/// <summary>Values of metric labels, as earlier versions wrote them.</summary>
public class GoldenTests
{
    [Fact]
    public void Rejection_reasons_match_the_golden_file()
    {
        var reasons = new ConcurrentDictionary<string, bool>(StringComparer.Ordinal);
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listening) =>
            {
                if (instrument.Name == "broadcast_ingest_rejections")
                {
                    listening.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((_, _, tags, _) => reasons[$"{tags[0].Key}={tags[0].Value}"] = true);
        listener.Start();
        foreach (var reason in Enum.GetValues<IngestRejectionReason>())
        {
            IngestMetrics.Rejected(reason);
        }

        Golden.Matches("rejections.txt", string.Join('\n', reasons.Keys.Order(StringComparer.Ordinal)));
    }
}
