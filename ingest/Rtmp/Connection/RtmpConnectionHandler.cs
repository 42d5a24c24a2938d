using Broadcast.Ingest.Health;
using Broadcast.Media;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Ingest.Rtmp.Connection;

/// <summary>What Kestrel hands publishers' connections to.</summary>
internal sealed class RtmpConnectionHandler(
    IPublishAuthority authority, IPublicationSink sink, Admission admission, SourceRegister sources, IOptions<IngestOptions> options, TimeProvider time,
    ILogger<RtmpConnectionHandler> logger, RefusalLog refusals) : ConnectionHandler
{
    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        using var place = admission.TryEnter(connection.RemoteEndPoint);
        if (place is null)
        {
            IngestMetrics.Rejected(IngestRejection.TooManyConnections);
            IngestLog.EndedEarly(logger, connection.RemoteEndPoint, "too many connections that do not publish", 0, connection.ConnectionId);
            connection.Abort();
            return;
        }

        IngestMetrics.Connected();
        try
        {
            using var publisher = new RtmpConnection(connection, place, authority, sink, sources, options.Value, time, logger, refusals);
            await publisher.RunAsync();
        }
        finally
        {
            IngestMetrics.Disconnected();
        }
    }
}
