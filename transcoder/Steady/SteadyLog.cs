using Microsoft.Extensions.Logging;

namespace Broadcast.Transcoder.Steady;

/// <summary>Log messages of steady encoders.</summary>
internal static partial class SteadyLog
{
    [LoggerMessage(2080, LogLevel.Information,
        "Channel {Channel}: encoding {Codec} to H.264, {Width}x{Height} with {FrameRate} frames per second, for steady targets")]
    public static partial void Started(ILogger logger, string channel, string codec, int width, int height, int frameRate);

    [LoggerMessage(2081, LogLevel.Warning,
        "Channel {Channel}: encoder of steady targets exited after {RunTime:0.0} s: {Reason}; retrying in {Pause:0.0} s")]
    public static partial void WorkerExited(ILogger logger, string channel, double runTime, string reason, double pause);

    [LoggerMessage(2082, LogLevel.Error, "Channel {Channel}: the encoder of steady targets failed because of a defect")]
    public static partial void Failed(ILogger logger, Exception error, string channel);
}
