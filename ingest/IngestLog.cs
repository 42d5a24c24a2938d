using System.Net;
using Microsoft.Extensions.Logging;

namespace Broadcast.Ingest;

/// <summary>What ingest says. No line holds a stream key.</summary>
internal static partial class IngestLog
{
    [LoggerMessage(1001, LogLevel.Information, "Channel {Channel}: {Encoder} publishes from {Remote} (connection {Connection}, session {Session})")]
    public static partial void Publishing(ILogger logger, string channel, string encoder, EndPoint? remote, string connection, string session);

    [LoggerMessage(1002, LogLevel.Information,
        "Channel {Channel}: publisher {Remote} ended after {Duration}: {Reason} ({Bytes} bytes, {Pictures} pictures, {Samples} samples in all, {Malformed} malformed, {Dropped} dropped, {Jumps} clock jumps; connection {Connection})")]
    public static partial void Ended(ILogger logger, string channel, EndPoint? remote, TimeSpan duration, string reason, long bytes, long pictures,
        long samples, long malformed, long dropped, int jumps, string connection);

    [LoggerMessage(1003, LogLevel.Warning, "Publisher from {Remote} refused: {Reason} ({Rejection}, connection {Connection})")]
    public static partial void Refused(ILogger logger, EndPoint? remote, string reason, IngestRejection rejection, string connection);

    [LoggerMessage(1004, LogLevel.Information, "{Remote}: {Hint} (connection {Connection})")]
    public static partial void WrongPort(ILogger logger, EndPoint? remote, string hint, string connection);

    [LoggerMessage(1005, LogLevel.Debug, "Connection from {Remote} ended before publishing: {Reason} ({Bytes} bytes, connection {Connection})")]
    public static partial void EndedEarly(ILogger logger, EndPoint? remote, string reason, long bytes, string connection);

    [LoggerMessage(1006, LogLevel.Error, "Connection {Connection} failed by a mistake of ours")]
    public static partial void Failed(ILogger logger, Exception exception, string connection);

    [LoggerMessage(1007, LogLevel.Error, "Channel {Channel}: the next stage failed")]
    public static partial void SinkFailed(ILogger logger, Exception exception, string channel);

    [LoggerMessage(1008, LogLevel.Error, "The publish authority failed")]
    public static partial void AuthorityFailed(ILogger logger, Exception exception);

    [LoggerMessage(1009, LogLevel.Error, "Channel {Channel}: the end of a publication could not be reported")]
    public static partial void EndNotReported(ILogger logger, Exception exception, string channel);

    [LoggerMessage(1010, LogLevel.Warning, "Channel {Channel}: the next stage did not finish within {Timeout} after its publisher was gone")]
    public static partial void DrainTimedOut(ILogger logger, string channel, TimeSpan timeout);

    [LoggerMessage(1021, LogLevel.Warning, "{Count} more publishers from {Network} were refused in the minute before and not told one by one")]
    public static partial void RefusalsLeftOut(ILogger logger, IPAddress? network, int count);

    [LoggerMessage(1022, LogLevel.Warning, "Channel {Channel}: the encoder sends over {Limit} Mbit/s (Ingest:MaxMegabitsPerSecond; connection {Connection})")]
    public static partial void OverBitrate(ILogger logger, string channel, int limit, string connection);

    [LoggerMessage(1023, LogLevel.Warning,
        "No file descriptor is left, so encoders that connect to {Port} have to wait ({Pauses} pauses since the last such line). Raise the limit of open files: LimitNOFILE= in the systemd unit, --ulimit nofile= of the container, or ulimit -n")]
    public static partial void NoDescriptors(ILogger logger, EndPoint port, int pauses);

    [LoggerMessage(1024, LogLevel.Warning,
        "The system has no memory for another connection, so encoders that connect to {Port} have to wait ({Pauses} pauses since the last such line). Give the machine more memory, or this one fewer connections")]
    public static partial void NoMemoryForSockets(ILogger logger, EndPoint port, int pauses);
}
