using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Broadcast.Origin.Tests;

/// <summary>Requests counted as refused in this process, by reason, since the first use.</summary>
internal static class OverloadCounts
{
    private static readonly ConcurrentDictionary<string, long> Counts = new();
    private static readonly MeterListener Listener = Listen();

    public static long Of(OverloadReason reason)
    {
        GC.KeepAlive(Listener);
        return Counts.GetValueOrDefault(Overload.LabelOf(reason));
    }

    private static MeterListener Listen()
    {
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listening) =>
            {
                if (instrument.Name == "broadcast_origin_rejections")
                {
                    listening.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((_, count, tags, _) =>
            Counts.AddOrUpdate((string)tags[0].Value!, count, (_, before) => before + count));
        listener.Start();
        return listener;
    }
}
