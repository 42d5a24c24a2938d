using System.Diagnostics.Metrics;
using Broadcast.Media;

namespace Broadcast.Origin;

/// <summary>The limit because of which a valid request was rejected or a response aborted.</summary>
public enum OverloadReason
{
    /// <summary>Too many held requests (<see cref="OriginOptions.MaxHeldRequests"/>).</summary>
    Held,

    /// <summary>Too many held requests of one client (<see cref="OriginOptions.MaxHeldPerClient"/>).</summary>
    ClientHeld,

    /// <summary>Too many concurrent media responses to one client (<see cref="OriginOptions.MaxOpenPerClient"/>).</summary>
    ClientOpen,

    /// <summary>Too many playlists of time ranges being rendered (<see cref="OriginOptions.MaxConcurrentRenders"/>).</summary>
    Ranges,

    /// <summary>Too many downloads being built (<see cref="OriginOptions.MaxConcurrentDownloadBuilds"/>).</summary>
    Downloads,

    /// <summary>Too many timelines of recordings being read (<see cref="Vod.RecordingTimelineCache.MaxLoads"/>).</summary>
    Timelines,

    /// <summary>Too many minutes of chat being read from the database (<see cref="Chat.ChatHistoryEndpoint.MaxReads"/>).</summary>
    Chat,

    /// <summary>Too many viewers reading objects from the object store.</summary>
    StoreReads,

    /// <summary>A client read a response too slowly, and its connection was closed.</summary>
    SlowReader,

    /// <summary>The server has its maximum number of connections.</summary>
    Connections,

    /// <summary>One client has its maximum number of connections.</summary>
    ClientConnections,
}

/// <summary>Counts requests and responses that exceed a limit.</summary>
public static class Overload
{
    private static readonly Counter<long> Rejected =
        Telemetry.Meter.CreateCounter<long>("broadcast_origin_rejections", "{request}",
            "Requests rejected and responses aborted because of a limit, by reason. Normally 0.");

    /// <summary>Counts one occurrence.</summary>
    public static void Count(OverloadReason reason) => Rejected.Add(1, new KeyValuePair<string, object?>("reason", LabelOf(reason)));

    /// <summary>The metric label value of a reason.</summary>
    public static string LabelOf(OverloadReason reason) => reason switch
    {
        OverloadReason.Held => "held",
        OverloadReason.ClientHeld => "client_held",
        OverloadReason.ClientOpen => "client_open",
        OverloadReason.Ranges => "ranges",
        OverloadReason.Downloads => "downloads",
        OverloadReason.Timelines => "timelines",
        OverloadReason.Chat => "chat",
        OverloadReason.StoreReads => "store_reads",
        OverloadReason.SlowReader => "slow_reader",
        OverloadReason.Connections => "connections",
        OverloadReason.ClientConnections => "client_connections",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "The reason has no metric label."),
    };
}
