using Microsoft.Extensions.Logging;

namespace Broadcast.Transcoder.Encoders;

internal static partial class EncodingLog
{
    [LoggerMessage(2020, LogLevel.Information, "Channel {Channel}: encoding {Rungs} with {Route} (haste {Haste}, half of the pictures: {IsHalfRate})")]
    public static partial void Started(ILogger logger, string channel, string rungs, string route, int haste, bool isHalfRate);

    [LoggerMessage(2021, LogLevel.Warning, "Channel {Channel}: the encoder is gone after {Lived:0.0} s ({Reason}). Viewers keep {What}; the next try comes in {Pause:0.0} s")]
    public static partial void Died(ILogger logger, string channel, double lived, string reason, string what, double pause);

    [LoggerMessage(2022, LogLevel.Warning, "Channel {Channel}: encoding goes from step {Before} to {Step}, because {Reason}. From now on {Rungs} (haste {Haste}, half of the pictures: {IsHalfRate})")]
    public static partial void Stepped(ILogger logger, string channel, int before, int step, string reason, string rungs, int haste, bool isHalfRate);

    [LoggerMessage(2023, LogLevel.Warning, "Channel {Channel}: {Route} failed after {Lived:0.0} s ({Reason}). The session goes on with another encoder at once")]
    public static partial void Moved(ILogger logger, string channel, string route, double lived, string reason);

    [LoggerMessage(2024, LogLevel.Warning, "Channel {Channel}: viewers get an encoded copy of the source from now on, because {Reason}")]
    public static partial void Copied(ILogger logger, string channel, string reason);

    [LoggerMessage(2025, LogLevel.Warning, "Channel {Channel}: viewers get the source itself again, instead of its copy ({Reason})")]
    public static partial void PassedAgain(ILogger logger, string channel, string reason);

    [LoggerMessage(2026, LogLevel.Warning, "Channel {Channel}: workers keep dying; the next one leaves {Rung} out, to see whether they die of it")]
    public static partial void Suspected(ILogger logger, string channel, string rung);

    [LoggerMessage(2027, LogLevel.Information, "Channel {Channel}: {Rung}, of which workers died, is tried again")]
    public static partial void TriedAgain(ILogger logger, string channel, string rung);
}
