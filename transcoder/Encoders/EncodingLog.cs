using Microsoft.Extensions.Logging;

namespace Broadcast.Transcoder.Encoders;

internal static partial class EncodingLog
{
    [LoggerMessage(2020, LogLevel.Information,
        "Channel {Channel}: encoding {Rungs} with {Route} (speed level {SpeedLevel}, half frame rate: {IsHalfRate})")]
    public static partial void Started(ILogger logger, string channel, string rungs, string route, int speedLevel, bool isHalfRate);

    [LoggerMessage(2021, LogLevel.Warning,
        "Channel {Channel}: encoder exited after {Lived:0.0} s: {Reason}; viewers keep {What}, retrying in {Pause:0.0} s")]
    public static partial void Died(ILogger logger, string channel, double lived, string reason, string what, double pause);

    [LoggerMessage(2022, LogLevel.Warning,
        "{Channel}: degradation level {Before} to {Step}: {Reason}; now {Rungs} (speed level {SpeedLevel}, half frame rate: {IsHalfRate})")]
    public static partial void Stepped(ILogger logger, string channel, int before, int step, string reason, string rungs, int speedLevel,
        bool isHalfRate);

    [LoggerMessage(2023, LogLevel.Warning, "Channel {Channel}: {Route} failed after {Lived:0.0} s: {Reason}; switching to another encoder")]
    public static partial void Moved(ILogger logger, string channel, string route, double lived, string reason);

    [LoggerMessage(2024, LogLevel.Warning, "Channel {Channel}: delivering a re-encoded source: {Reason}")]
    public static partial void Copied(ILogger logger, string channel, string reason);

    [LoggerMessage(2025, LogLevel.Warning, "Channel {Channel}: passthrough of the source resumed ({Reason})")]
    public static partial void PassedAgain(ILogger logger, string channel, string reason);

    [LoggerMessage(2026, LogLevel.Warning,
        "Channel {Channel}: encoder keeps failing; the next process omits {Rung} to test whether it is the cause")]
    public static partial void Suspected(ILogger logger, string channel, string rung);

    [LoggerMessage(2027, LogLevel.Information, "Channel {Channel}: retrying {Rung}, which had failed")]
    public static partial void TriedAgain(ILogger logger, string channel, string rung);
}
