using System.Diagnostics.Metrics;
using Broadcast.Media;

namespace Broadcast.Transcoder.Encoders;

/// <summary>
/// Counts decoder errors. A decoder continues after a damaged frame, so these lines are the only sign that viewers of rungs see damage.
/// </summary>
internal static class DecoderErrorCounter
{
    private static readonly Counter<long> Errors = Telemetry.Meter.CreateCounter<long>(
        "broadcast_decoder_errors", "{line}", "Log lines in which the decoder of an encoder process reported an error.");

    /// <summary>Prefixes of ffmpeg's video decoders.</summary>
    private static readonly string[] Decoders = ["[h264 @", "[hevc @", "[av1 @", "[libdav1d @", "[vp9 @"];

    /// <summary>Counts a line of an encoder process if a decoder wrote it.</summary>
    public static void CountLine(string line)
    {
        if (IsDecoderLine(line))
        {
            Errors.Add(1);
        }
    }

    /// <summary>Returns whether a decoder wrote the line.</summary>
    public static bool IsDecoderLine(string line) => Decoders.Any(name => line.StartsWith(name, StringComparison.Ordinal));
}
