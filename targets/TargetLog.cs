using Microsoft.Extensions.Logging;

namespace Broadcast.Targets;

/// <summary>Log messages of targets. They contain names and hosts, never stream keys.</summary>
internal static partial class TargetLog
{
    [LoggerMessage(9001, LogLevel.Information, "Target '{Target}' of channel {Channel} is live at {Host}")]
    public static partial void Live(ILogger logger, string target, string channel, string host);

    [LoggerMessage(9002, LogLevel.Warning, "Target '{Target}' of channel {Channel} at {Host} failed: {Reason}; next attempt in {Seconds:0.0} s")]
    public static partial void Failed(ILogger logger, string target, string channel, string host, string reason, double seconds);

    [LoggerMessage(9004, LogLevel.Error, "Target '{Target}' of channel {Channel} has ended because of a defect")]
    public static partial void Broken(ILogger logger, Exception exception, string target, string channel);

    [LoggerMessage(9003, LogLevel.Error, "Target '{Target}' of channel {Channel} is not published: {Reason}")]
    public static partial void Invalid(ILogger logger, string target, string channel, string reason);
}
