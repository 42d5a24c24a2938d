using Microsoft.Extensions.Logging;

namespace Broadcast.Transcoder.Encoders;

internal static partial class EncodingLog
{
    [LoggerMessage(2020, LogLevel.Information,
        "Channel {Channel}: encoding {Rungs} with {EncodePath} (speed level {SpeedLevel}, half frame rate: {IsHalfRate})")]
    public static partial void Started(ILogger logger, string channel, string rungs, string encodePath, int speedLevel, bool isHalfRate);

    [LoggerMessage(2021, LogLevel.Warning,
        "Channel {Channel}: encoder exited after {RunTime:0.0} s: {Reason}; viewers keep {What}, retrying in {Pause:0.0} s")]
    public static partial void WorkerExited(ILogger logger, string channel, double runTime, string reason, string what, double pause);

    [LoggerMessage(2022, LogLevel.Warning,
        "Channel {Channel}: degradation level {Before} to {Level}: {Reason}; now {Rungs} (speed level {SpeedLevel}, half frame rate: "
        + "{IsHalfRate})")]
    public static partial void LevelChanged(ILogger logger, string channel, int before, int level, string reason, string rungs,
        int speedLevel, bool isHalfRate);

    [LoggerMessage(2023, LogLevel.Warning,
        "Channel {Channel}: {EncodePath} failed after {RunTime:0.0} s: {Reason}; switching to another encoder")]
    public static partial void EncoderReplaced(ILogger logger, string channel, string encodePath, double runTime, string reason);

    [LoggerMessage(2024, LogLevel.Warning, "Channel {Channel}: delivering a re-encoded source: {Reason}")]
    public static partial void SourceReencoded(ILogger logger, string channel, string reason);

    [LoggerMessage(2025, LogLevel.Warning, "Channel {Channel}: passthrough of the source resumed ({Reason})")]
    public static partial void PassthroughResumed(ILogger logger, string channel, string reason);

    [LoggerMessage(2026, LogLevel.Warning,
        "Channel {Channel}: encoder keeps failing; the next process omits {Rung} to test whether it is the cause")]
    public static partial void RungOmitted(ILogger logger, string channel, string rung);

    [LoggerMessage(2027, LogLevel.Information, "Channel {Channel}: retrying {Rung}, which had failed")]
    public static partial void RungRetried(ILogger logger, string channel, string rung);
}
