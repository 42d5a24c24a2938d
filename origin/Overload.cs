using System.Diagnostics.Metrics;
using Broadcast.Media;

namespace Broadcast.Origin;

/// <summary>Why a request was not served, or an answer cut off, though nothing was wrong with it.</summary>
public enum OverloadReason
{
    /// <summary>As many are held as may be (<see cref="OriginOptions.MaxHeldRequests"/>).</summary>
    Held,

    /// <summary>As many are held for the same client as may be (<see cref="OriginOptions.MaxHeldPerClient"/>).</summary>
    ClientHeld,

    /// <summary>As much media is being sent to the same client as may be (<see cref="OriginOptions.MaxOpenPerClient"/>).</summary>
    ClientOpen,

    /// <summary>As many playlists of ranges are being drawn as may be (<see cref="OriginOptions.MaxRangeDrawings"/>).</summary>
    Ranges,

    /// <summary>As many downloads are being laid out as may be (<see cref="OriginOptions.MaxDownloadDrawings"/>).</summary>
    Downloads,

    /// <summary>A reader took an answer too slowly, and was cut off.</summary>
    SlowReader,

    /// <summary>The server has as many connections as it may have.</summary>
    Connections,
}

/// <summary>Counts what is refused because of a limit.</summary>
public static class Overload
{
    private static readonly Counter<long> Refused =
        Telemetry.Meter.CreateCounter<long>("broadcast_origin_refused", "{request}", "Requests not served, and answers cut off, because of a limit, by reason. Normally 0.");

    /// <summary>One more.</summary>
    public static void Count(OverloadReason reason) => Refused.Add(1, new KeyValuePair<string, object?>("reason", Word(reason)));

    /// <summary>A reason as the metric's label says it.</summary>
    public static string Word(OverloadReason reason) => reason switch
    {
        OverloadReason.Held => "held",
        OverloadReason.ClientHeld => "client_held",
        OverloadReason.ClientOpen => "client_open",
        OverloadReason.Ranges => "ranges",
        OverloadReason.Downloads => "downloads",
        OverloadReason.SlowReader => "slow_reader",
        _ => "connections",
    };
}
