using System.Diagnostics.Metrics;
using Broadcast.Media;

namespace Broadcast.Transcoder.Encoders;

/// <summary>What decoders say of damaged pictures. A decoder goes on with the next one, so nothing else tells that viewers of rungs see damage.</summary>
internal static class DecoderComplaints
{
    private static readonly Counter<long> Complaints = Telemetry.Meter.CreateCounter<long>(
        "broadcast_decoder_complaints", "{line}", "Lines in which an encoder process's decoder complained of the source's pictures.");

    /// <summary>Decoders of pictures by the names that ffmpeg puts before their lines.</summary>
    private static readonly string[] Decoders = ["[h264 @", "[hevc @", "[av1 @", "[libdav1d @", "[vp9 @"];

    /// <summary>Counts a line of an encoder process, where it is a decoder's.</summary>
    public static void Hear(string line)
    {
        if (IsOne(line))
        {
            Complaints.Add(1);
        }
    }

    /// <summary>Whether a line of ffmpeg's comes from a decoder.</summary>
    public static bool IsOne(string line) => Decoders.Any(name => line.StartsWith(name, StringComparison.Ordinal));
}
