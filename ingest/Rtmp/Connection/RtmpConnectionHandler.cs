using Broadcast.Ingest.Health;
using Broadcast.Media.Connections;
using Broadcast.Media.IngestToCluster;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.IngestToTranscoder;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Ingest.Rtmp.Connection;

/// <summary>Kestrel connection handler for publishers.</summary>
internal sealed class RtmpConnectionHandler(
    IPublishAuthorizer authorizer, IPublicationSink sink, ConnectionLimiter limiter, SourceRegistry sources,
    IOptions<IngestOptions> options,
    TimeProvider time,
    ILogger<RtmpConnectionHandler> logger, RejectionLog rejections, IPublisherRelay? relay = null) : ConnectionHandler
{
    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        using var slot = limiter.TryEnter(connection.RemoteEndPoint);
        if (slot is null)
        {
            IngestMetrics.Rejected(IngestRejectionReason.TooManyConnections);
            IngestLog.EndedEarly(logger, connection.RemoteEndPoint, "too many connections that are not publishing", 0,
                connection.ConnectionId);
            connection.Abort();
            return;
        }

        IngestMetrics.Connected();
        try
        {
            using var publisher = new RtmpConnection(connection, slot, authorizer, sink, sources, options.Value, time, logger, rejections,
                relay);
            await publisher.RunAsync();
        }
        finally
        {
            IngestMetrics.Disconnected();
        }
    }
}
