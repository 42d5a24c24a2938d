using System.Net;
using Microsoft.Extensions.Logging;

namespace Broadcast.Ingest;

/// <summary>Log messages of ingest. No message contains a stream key.</summary>
internal static partial class IngestLog
{
    [LoggerMessage(1001, LogLevel.Information,
        "Publishing started on {Channel}: {Encoder}, {Remote} (connection {Connection}, session {Session})")]
    public static partial void Publishing(ILogger logger, string channel, string encoder, EndPoint? remote, string connection,
        string session);

    [LoggerMessage(1002, LogLevel.Information,
        "Publishing ended on {Channel} ({Remote}) after {Duration}: {Reason} ({Bytes} bytes, {VideoFrames} video frames, {Samples} "
        + "samples, {Malformed} malformed, {Dropped} dropped, {Jumps} jumps; connection {Connection})")]
    public static partial void Ended(ILogger logger, string channel, EndPoint? remote, TimeSpan duration, string reason, long bytes,
        long videoFrames,
        long samples, long malformed, long dropped, int jumps, string connection);

    [LoggerMessage(1003, LogLevel.Warning, "Publisher from {Remote} rejected: {Reason} ({Rejection}, connection {Connection})")]
    public static partial void Rejected(ILogger logger, EndPoint? remote, string reason, IngestRejectionReason rejection,
        string connection);

    [LoggerMessage(1004, LogLevel.Information, "{Remote}: {Hint} (connection {Connection})")]
    public static partial void WrongPort(ILogger logger, EndPoint? remote, string hint, string connection);

    [LoggerMessage(1005, LogLevel.Debug,
        "Connection from {Remote} closed before publishing: {Reason} ({Bytes} bytes, connection {Connection})")]
    public static partial void EndedEarly(ILogger logger, EndPoint? remote, string reason, long bytes, string connection);

    [LoggerMessage(1006, LogLevel.Error, "Connection {Connection} failed with an internal error")]
    public static partial void Failed(ILogger logger, Exception exception, string connection);

    [LoggerMessage(1007, LogLevel.Error, "The next pipeline stage failed on {Channel}")]
    public static partial void SinkFailed(ILogger logger, Exception exception, string channel);

    [LoggerMessage(1008, LogLevel.Error, "Publish authorization failed")]
    public static partial void AuthorizationFailed(ILogger logger, Exception exception);

    [LoggerMessage(1009, LogLevel.Error, "Could not report the end of a publication on {Channel}")]
    public static partial void EndNotReported(ILogger logger, Exception exception, string channel);

    [LoggerMessage(1010, LogLevel.Warning,
        "The next pipeline stage on {Channel} did not finish within {Timeout} after its publisher disconnected")]
    public static partial void DrainTimedOut(ILogger logger, string channel, TimeSpan timeout);

    [LoggerMessage(1021, LogLevel.Warning, "Omitted {Count} rejections of publishers from {Network} in the last minute")]
    public static partial void RejectionsOmitted(ILogger logger, IPAddress? network, int count);

    [LoggerMessage(1022, LogLevel.Warning,
        "Bit rate limit exceeded on {Channel}: over {Limit} Mbit/s (Ingest:MaxMegabitsPerSecond; connection {Connection})")]
    public static partial void OverBitrate(ILogger logger, string channel, int limit, string connection);

    [LoggerMessage(1023, LogLevel.Warning,
        "Cannot accept encoders on {Port}: out of file descriptors ({Pauses} pauses). Raise LimitNOFILE= or --ulimit nofile=")]
    public static partial void OutOfDescriptors(ILogger logger, EndPoint port, int pauses);

    [LoggerMessage(1024, LogLevel.Warning,
        "Cannot accept encoders on {Port}: out of socket memory ({Pauses} pauses). Add memory or reduce connections")]
    public static partial void OutOfSocketMemory(ILogger logger, EndPoint port, int pauses);
}
